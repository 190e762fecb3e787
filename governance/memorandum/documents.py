"""What is published of the memorandum: versions, the register's head, its export, a receipt.

Values in, JSON out. The keeper's signatures (``seals``) are put in by whoever has the log's key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from governance.memorandum.model import PREFIX, Version, VersionState
from governance.memorandum.register import (
    HEAD_FORMAT,
    Entry,
    Signer,
    Tally,
    tally,
)
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id

EXPORT_FORMAT: Final = "vklad.memorandum.export.v1"
RECEIPT_FORMAT: Final = "vklad.memorandum.receipt.v1"


def head_json(register: bytes, size: int, head: bytes, at: datetime) -> dict[str, Json]:
    """What is signed of the register: that it had this head with so many entries."""
    return {
        "format": HEAD_FORMAT,
        "register": register.hex(),
        "size": size,
        "head": head.hex(),
        "at": Instant.of(at).isoformat(),
    }


def version_json(version: Version) -> dict[str, Json]:
    """A version for everybody."""
    decided = version.decided
    return {
        "id": format_id(PREFIX, version.version_id),
        "state": version.state.value,
        "number": version.text.number,
        "content": version.content.hex(),
        "text": version.text.document(),
        "summary": version.summary.document(),
        "questions": [each.document() for each in version.questions],
        "proposed_by": format_id("mem", version.proposed_by),
        "proposed_at": Instant.of(version.proposed_at).isoformat(),
        "open_from": _time(version.open_from),
        "approval_digest": version.approval_digest.hex(),
        "decided_at": None if decided is None else _time(decided.decided_at),
        "vote": None if decided is None or decided.vote is None else dict(decided.vote),
    }


def tally_json(found: Tally) -> dict[str, Json]:
    """How many stand by a version."""
    return {
        "standing": found.standing,
        "read_in": {"en": found.en, "ru": found.ru},
        "withdrawn": found.withdrawn,
    }


def entry_json(entry: Entry) -> dict[str, Json]:
    """An entry whole, as the recount takes it."""
    return {**entry.content(), "signature": entry.evidence, "head": entry.head.hex()}


def export_json(
    versions: Sequence[Version], entries: Sequence[Entry], head: Mapping[str, Json], seal: Json
) -> dict[str, Json]:
    """Everything that a stranger needs to count the signatures again."""
    known = [each for each in versions if each.state is VersionState.PUBLISHED]
    return {
        "kind": "memorandum",
        "format": EXPORT_FORMAT,
        "versions": [
            {
                "content": each.content.hex(),
                "text": each.text.document(),
                "published_at": None if each.decided is None else _time(each.decided.decided_at),
                "tally": tally_json(tally(entries, each.content)),
            }
            for each in known
        ],
        "entries": [entry_json(each) for each in entries],
        "head": dict(head),
        "seals": {"head": seal},
    }


def receipt_json(
    signer: Signer, entries: Sequence[Entry], head: Mapping[str, Json], seal: Json
) -> dict[str, Json]:
    """A member's own: as whom they are in the register, and their entries."""
    return {
        "kind": "memorandum-receipt",
        "format": RECEIPT_FORMAT,
        "member": format_id("mem", signer.member_id),
        "salt": signer.salt.hex(),
        "pseudonym": signer.pseudonym.hex(),
        "entries": [entry_json(each) for each in entries],
        "head": dict(head),
        "seals": {"head": seal},
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else Instant.of(moment).isoformat()
