"""`vklad log`: the transparency log over the journal, its signed heads, and proofs to keep."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

import typer

from api.cli.composed import composed
from api.log_keys import open_log_signer, prepare_successor, put_in_use
from ledger.kernel.ids import parse_id
from ledger.log import service, verifier
from ledger.log.documents import consistency_json, head_file, key_json, proof_json

app: Final = typer.Typer(
    help="The log over the journal: heads, proofs, and checking them.", no_args_is_help=True
)

_Heads = Annotated[
    list[Path] | None,
    typer.Option("--head", exists=True, dir_okay=False, help="A head you saved; repeatable."),
]


@app.command()
def head(*, since: _Heads = None) -> None:
    """Print the newest head, signed now if anything was posted; keep it somewhere of your own.

    With --head FILE it brings along the proof that the log still holds what that head spoke of.
    """
    sizes = _sizes(since)
    with composed() as composition:
        service.publish(composition.database, open_log_signer(composition.state))
        with composition.database.read() as work:
            newest = service.newest_head(work)
            size = newest.head.tree_size
            paths = [service.prove_consistency(work, old, size) for old in sizes if old != size]
            _print(head_file(newest, service.keys(work), paths))


@app.command()
def prove(
    entry: Annotated[str, typer.Argument(help="An entry's id: ent_… or the plain UUID.")],
    *,
    since: _Heads = None,
) -> None:
    """Print the proof that an entry is in the log, to be checked by `vklad log verify`."""
    sizes = _sizes(since)
    entry_id = UUID(entry) if _is_uuid(entry) else parse_id("ent", entry)
    with composed() as composition:
        signed = service.publish(composition.database, open_log_signer(composition.state))
        earlier = [size for size in sizes if signed is None or size != signed.head.tree_size]
        with composition.database.read() as work:
            _print(proof_json(service.prove(work, entry_id, earlier)))


@app.command()
def consistency(first: int, second: int) -> None:
    """Print the path by which the log of SECOND transfers is seen to hold that of FIRST."""
    with composed() as composition, composition.database.read() as work:
        _print(consistency_json(service.prove_consistency(work, first, second)))


@app.command(
    name="verify",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def verify_command(context: typer.Context) -> None:
    """Check a proof or an audit export; the same as running ledger/log/verifier.py by itself."""
    sys.exit(verifier.main(context.args))


@app.command()
def keys() -> None:
    """Print the keys that heads were and are signed by, oldest first."""
    with composed() as composition, composition.database.read() as work:
        _print([key_json(key) for key in service.keys(work)])


@app.command(name="rotate-key")
def rotate_key() -> None:
    """Sign heads by a new key from now on; the present one says that it does, and is kept."""
    with composed() as composition:
        present = open_log_signer(composition.state)
        successor = prepare_successor(composition.state)
        with composition.database.read() as work:
            done = any(key.key == successor.key for key in service.keys(work))
        if not done:
            service.rotate_key(composition.database, present, successor)
        put_in_use(composition.state)
    typer.echo(f"Heads are signed by {successor.key.hex()} from now on.")


def _sizes(files: list[Path] | None) -> list[int]:
    return [json.loads(file.read_bytes())["tree_size"] for file in files or []]


def _is_uuid(text: str) -> bool:
    return len(text) == len(str(UUID(int=0)))


def _print(document: Any) -> None:
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
