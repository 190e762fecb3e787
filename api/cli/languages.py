"""``vklad languages``: a further language is one file, begun and checked here."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from babel import Locale as BabelLocale
from babel import UnknownLocaleError

from api.i18n import checking
from api.i18n.catalogue import BadCatalogue, load_catalogue, read_messages
from api.settings import load_settings

app = typer.Typer(help="Languages of the pages.", no_args_is_help=True)


@app.command("list")
def list_languages() -> None:
    """Which there are, and how many sentences each has."""
    catalogue = load_catalogue(folder=load_settings().languages_folder)
    for language in catalogue.languages:
        name = BabelLocale.parse(language).get_display_name()
        typer.echo(f"{language}  {name}  {len(catalogue.messages[language])} sentences")


@app.command("new")
def new(tag: Annotated[str, typer.Argument(help="The language's tag, such as kk.")]) -> None:
    """Print a catalogue to translate: every sentence in English, with this language's plurals."""
    _require_known(tag)
    typer.echo(checking.beginning(tag, load_catalogue()), nl=False)


@app.command("check")
def check(file: Annotated[Path, typer.Argument(help="TAG.yaml")]) -> None:
    """Tell what a catalogue lacks. Exit status 1 if it is not whole."""
    _require_known(file.stem)
    found = list(checking.faults(read_messages(file), file.stem, load_catalogue()))
    for fault in found:
        typer.echo(fault)
    typer.echo(f"{file.name}: {len(found) or 'no'} faults.")
    raise typer.Exit(1 if found else 0)


def _require_known(tag: str) -> None:
    try:
        BabelLocale.parse(tag)
    except (UnknownLocaleError, ValueError):
        raise BadCatalogue(
            f"{tag!r} is no language's tag; kk is Kazakh's. See the list at "
            "cldr.unicode.org, and name the file after it: kk.yaml."
        ) from None
