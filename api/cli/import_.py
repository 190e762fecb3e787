"""`vklad import`: history from a file or standard input."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, BinaryIO, Final, cast

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from api.cli.composed import composed
from api.importing import BadLine, Imported, Importer, ImportLines, numbered_lines
from api.telling import hashes_of_events
from ledger.events.errors import EventInvalid

STANDARD_INPUT: Final = "-"
_ERRORS: Final = Console(stderr=True)


def import_lines(
    file: Annotated[
        str, typer.Argument(help="CloudEvents or xAPI statements as JSON Lines, also gzipped; or -")
    ],
    *,
    create_members: Annotated[
        bool, typer.Option("--create-members", help="Give identities that are nobody's a member.")
    ] = False,
    source: Annotated[
        str | None, typer.Option(help="Take only lines of this source (its URI).")
    ] = None,
) -> None:
    """Import activity events. Again changes nothing; bad lines are named, the others kept."""
    with composed() as composition, _open(file) as raw, _progress() as progress:
        task = progress.add_task("events", total=_size(file))
        counted = _Counted(raw, lambda size: progress.advance(task, size))
        hashes = hashes_of_events(composition.secret)
        command = ImportLines(create_members, source, hashes)
        importer = Importer(composition.database, command, _report)
        imported = importer.run(numbered_lines(cast("BinaryIO", counted)))
    _summarise(imported)
    if imported.bad:
        raise typer.Exit(1)


class _Counted(io.RawIOBase):
    """A stream that tells how many bytes went through it."""

    def __init__(self, inner: BinaryIO, advance: Callable[[int], object]) -> None:
        self._inner = inner
        self._advance = advance

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: object) -> int:
        """Fill a buffer, as far as there is something."""
        view = memoryview(buffer)  # type: ignore[arg-type]  # collections.abc.Buffer is 3.12's
        chunk = self._inner.read(len(view))
        view[: len(chunk)] = chunk
        self._advance(len(chunk))
        return len(chunk)


def _open(file: str) -> BinaryIO:
    if file == STANDARD_INPUT:
        return sys.stdin.buffer
    try:
        return Path(file).open("rb")
    except OSError as error:
        raise EventInvalid(f"{file} cannot be read: {error.strerror}.", field="body") from error


def _size(file: str) -> int | None:
    return None if file == STANDARD_INPUT else Path(file).stat().st_size


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    return Progress(*columns, console=_ERRORS, transient=True)


def _report(bad: BadLine) -> None:
    _ERRORS.print(
        f"line {bad.number}: {bad.error.code}: {bad.error.message}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )


def _summarise(imported: Imported) -> None:
    for uri, count in sorted(imported.sources.items()):
        typer.echo(f"{uri}: {count} events")
    typer.echo(
        f"{imported.accepted} new, {imported.duplicates} known before, "
        f"{imported.members_created} members created, {imported.bad} bad lines"
    )
