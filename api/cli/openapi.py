"""`vklad openapi`: the API's description, as `docs/openapi.json` keeps it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

import typer

from api.http.app import create_app
from api.http.openapi import as_text
from api.settings import PROJECT_FOLDER, Settings
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.transaction import Database, connect

PATH: Final = PROJECT_FOLDER / "docs" / "openapi.json"


class DescriptionStale(VkladError):
    """The committed description is not what the code says."""

    code = "description_stale"
    kind = ErrorKind.CONFLICT


@dataclass(frozen=True, slots=True)
class _NoParts:
    """Parts of an application that is described and never served."""

    database: Database
    settings: Settings
    secret: bytes


def description() -> str:
    """The description of the API as this code would serve it; connects to nothing."""
    nowhere = connect("postgresql+psycopg://127.0.0.1:1/none")
    return as_text(create_app(_NoParts(nowhere, Settings(), bytes(32))))


def openapi(
    *, check: Annotated[bool, typer.Option("--check", help="Compare only.")] = False
) -> None:
    """Write docs/openapi.json, or with --check say whether it is current."""
    wanted = description()
    if not check:
        PATH.write_text(wanted, encoding="utf-8")
    elif not PATH.exists() or PATH.read_text(encoding="utf-8") != wanted:
        raise DescriptionStale(f"{PATH} is stale: run vklad openapi.")
