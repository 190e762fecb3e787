"""Writing an audit export: files of lines, a manifest of their digests, and a signature over it.

    journal.jsonl   the transfers recorded in the period, each with all that its hash covers
    acts.jsonl      what persons with power did
    heads.jsonl     heads of the log signed in the period
    anchors.jsonl   heads that became final on a chain in the period
    keys.json       the log's keys
    proof.json      the last of the transfers in the newest head
    manifest.json   period, numbers of the transfers, SHA-256 and rows of each file
    signature.json  the log's key over the manifest

``ledger/log/verifier.py`` checks it without us.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from api.audit import acts_store
from api.audit.model import Period
from ledger.journal import service as journal
from ledger.journal.chain import GENESIS
from ledger.kernel.clock import Instant
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.transaction import Database, Work
from ledger.log import service as log
from ledger.log import store as log_store
from ledger.log.documents import head_json, key_json, transfers_json
from ledger.log.model import LogSigner, SignedHead
from ledger.log.verifier import EXPORT_FORMAT
from oracle.anchors import store as anchors_store

_PAGE: Final = 2_000
_SEAL_TAG: Final = b"vklad.auditex.v1"
_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)


class ExportPlaceTaken(VkladError):
    """There is something where the export was to be written."""

    code = "export_place_taken"
    kind = ErrorKind.CONFLICT


def export(database: Database, signer: LogSigner, period: Period, place: Path) -> Path:
    """Write an export: a zip if ``place`` ends in .zip, else a folder, made now.

    Raises:
        ExportPlaceTaken: something is there.
        WrongLogKey: the log is signed by another key by now.
    """
    if place.exists():
        raise ExportPlaceTaken(f"{place} exists. Name another place.", place=str(place))
    log.introduce(database, signer)
    log.publish(database, signer)
    with tempfile.TemporaryDirectory(prefix="vklad-audit-", dir=place.parent) as folder:
        made = Path(folder) / "export"
        made.mkdir()
        with database.read() as work:
            _write(work, signer, period, made)
        if place.suffix == ".zip":
            _zip(made, Path(folder) / "export.zip").rename(place)
        else:
            shutil.move(made, place)
    return place


def _write(work: Work, signer: LogSigner, period: Period, folder: Path) -> None:
    newest = log_store.newest_head(work)
    first, last = log_store.recorded_between(work, period.since, period.until)
    if last is not None and newest is not None:
        last = min(last, newest.head.tree_size)
    heads = log_store.heads_between(work, period.since, period.until)
    files = {
        "journal.jsonl": _transfers(work, first, last),
        "acts.jsonl": (_act_json(act) for act in acts_store.acts(work, period.since, period.until)),
        "heads.jsonl": map(head_json, heads),
        "anchors.jsonl": _anchors(work, period),
        "keys.json": [[key_json(key) for key in log.keys(work)]],
        "proof.json": [_proof(work, last, newest)],
    }
    manifest = {
        "format": EXPORT_FORMAT,
        "from": Instant.of(period.since).isoformat(),
        "to": Instant.of(period.until).isoformat(),
        "made_at": Instant.of(work.now).isoformat(),
        "journal": {"first": first, "last": last},
        "files": {name: _write_lines(folder / name, rows) for name, rows in files.items()},
    }
    sealed = (json.dumps(manifest, indent=2) + "\n").encode()
    (folder / "manifest.json").write_bytes(sealed)
    signature = signer.sign(_SEAL_TAG + hashlib.sha256(sealed).digest())
    seal = {"key": signer.key.hex(), "signature": signature.hex()}
    (folder / "signature.json").write_text(json.dumps(seal) + "\n")


def _transfers(work: Work, first: int | None, last: int | None) -> Iterator[dict[str, Any]]:
    if first is None or last is None:
        return
    previous = GENESIS if first == 1 else log_store.transfer_hash(work, first - 1)
    after = first - 1
    while after < last:
        rows = journal.transfers(work, after=after, limit=min(_PAGE, last - after))
        yield from transfers_json(rows, previous)
        previous, after = rows[-1].row.hash, rows[-1].row.sequence


def _act_json(act: acts_store.Act) -> dict[str, Any]:
    return {
        "at": Instant.of(act.at).isoformat(),
        "act": act.act,
        "by": act.by,
        "on": act.on,
        "rest": act.rest,
    }


def _anchors(work: Work, period: Period) -> Iterator[dict[str, Any]]:
    for found in anchors_store.anchors_between(work, period.since, period.until):
        yield {
            "at": Instant.of(found.recorded_at).isoformat(),
            "chain": found.chain_key,
            "number": found.number,
            "tree_size": found.tree_size,
            "root": found.root.hex(),
            "block": found.block_number,
            "transaction": found.transaction_hash.hex(),
        }


def _proof(work: Work, last: int | None, newest: SignedHead | None) -> dict[str, Any]:
    if newest is None:
        return {"path": [], "head": None}
    path = () if last is None else log.inclusion_path(work, last, newest.head.tree_size)
    return {"path": [node.hex() for node in path], "head": head_json(newest)}


def _write_lines(path: Path, rows: Iterable[Any]) -> dict[str, Any]:
    digest, count = hashlib.sha256(), 0
    with path.open("wb") as file:
        for row in rows:
            line = (json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n").encode()
            file.write(line)
            digest.update(line)
            count += 1
    return {"sha256": digest.hexdigest(), "rows": count}


def _zip(folder: Path, to: Path) -> Path:
    """The same files give the same bytes."""
    with zipfile.ZipFile(to, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(folder.iterdir()):
            entry = zipfile.ZipInfo(path.name, _ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            with path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target)
    return to
