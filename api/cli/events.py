"""`vklad events`: look at events before they are sent, and at the types there are."""

from __future__ import annotations

import json
from typing import Annotated, Final

import typer

from api.cli.openapi import DescriptionStale
from api.event_types import whole
from api.settings import PROJECT_FOLDER

app: Final = typer.Typer(help="Events before they are sent.", no_args_is_help=True)
PATH: Final = PROJECT_FOLDER / "docs" / "event-types.json"


@app.callback()
def _group() -> None:
    """Events before they are sent."""


def catalogue_text() -> str:
    """The catalogue as the file keeps it."""
    return json.dumps(whole(), indent=1, ensure_ascii=False) + "\n"


@app.command("types")
def types(*, check: Annotated[bool, typer.Option("--check", help="Compare only.")] = False) -> None:
    """Write docs/event-types.json, or with --check say whether it is current."""
    wanted = catalogue_text()
    if not check:
        PATH.write_text(wanted, encoding="utf-8")
    elif not PATH.exists() or PATH.read_text(encoding="utf-8") != wanted:
        raise DescriptionStale(f"{PATH} is stale: run vklad events types.")
