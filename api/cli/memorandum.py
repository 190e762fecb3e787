"""`vklad memorandum`: its text, proposing and publishing it, and its register as a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from api import memoranda
from api.cli.composed import composed
from governance.memorandum import drafts, service, store
from governance.memorandum.model import PREFIX, Version, vote_words
from governance.memorandum.service import CloseVersion, ProposeVersion, PublishVersion
from governance.recount import memorandum as recount
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Work, execute

app: Final = typer.Typer(help="The community's memorandum.", no_args_is_help=True)

By = Annotated[str, typer.Option("--by", help="The admin in whose name this is done, mem_…")]


@app.command()
def show(
    version: Annotated[str | None, typer.Argument(help="mmo_…; else what is in force")] = None,
    language: Annotated[str, typer.Option(help="en or ru")] = "en",
    *,
    draft: Annotated[bool, typer.Option("--draft", help="the draft that ships, as a file")] = False,
) -> None:
    """Print a version in words; or the shipped draft, to be edited and proposed."""
    if draft:
        typer.echo(drafts.write_wording(drafts.founding()), nl=False)
        return
    with composed() as composition, composition.database.read() as work:
        found = _version(work, version)
        tally = memoranda.tally_of(work, found)
    typer.echo(f"{format_id(PREFIX, found.version_id)}  {found.state.value}")
    typer.echo(f"version {found.text.number}  SHA-256 {found.content.hex()}")
    typer.echo(f"{tally.standing} stand by it, {tally.withdrawn} have withdrawn\n")
    typer.echo(f"# {found.text.title.of(language)}")
    for section in found.text.sections:
        typer.echo(f"\n## {section.heading.of(language)}  [{section.section_id}]\n")
        typer.echo(section.passage.of(language))


@app.command(name="list")
def list_versions() -> None:
    """Print every version: id, state, number, hash, who stands by it."""
    with composed() as composition, composition.database.read() as work:
        found = store.page(work, None, memoranda.ENTRIES_AT_ONCE)
        tallies = memoranda.tallies_of(work, found)
        for each in found:
            name, standing = format_id(PREFIX, each.version_id), tallies[each.version_id].standing
            number, content = each.text.number, each.content.hex()
            typer.echo(f"{name}  {each.state.value:<9}  {number:>3}  {content}  {standing:>6}")


@app.command()
def propose(file: Path, by: By) -> None:
    """Propose the text of a FILE (as `vklad memorandum show --draft` prints one)."""
    wording = drafts.read_wording(file.read_text("utf-8"))
    with composed() as composition:
        command = ProposeVersion(parse_id("mem", by), wording)
        found = execute(composition.database, service.propose, command)
    title, body = vote_words(found.text)
    typer.echo(f"{format_id(PREFIX, found.version_id)}")
    typer.echo(f"To publish it: --content {found.approval_digest.hex()}")
    typer.echo(f"Or by a text proposal of exactly these words:\n\n{title}\n\n{body}")


@app.command()
def publish(
    version: str,
    by: By,
    content: Annotated[str, typer.Option(help="The digest that the proposal states.")],
) -> None:
    """Publish a VERSION as a second person: an admin other than who proposed it."""
    try:
        digest = bytes.fromhex(content)
    except ValueError as error:
        raise typer.BadParameter("The digest is in hex.") from error
    with composed() as composition:
        command = PublishVersion(parse_id(PREFIX, version), parse_id("mem", by), digest)
        found = execute(composition.database, service.publish, command)
    typer.echo(f"Version {found.text.number} is in force: {found.content.hex()}")


@app.command()
def close(version: str, by: By) -> None:
    """Withdraw a proposed VERSION of one's own, or reject another admin's."""
    with composed() as composition:
        command = CloseVersion(parse_id(PREFIX, version), parse_id("mem", by))
        found = execute(composition.database, service.close, command)
    typer.echo(found.state.value)


@app.command()
def export() -> None:
    """Print versions and the whole register, to be checked by `vklad memorandum verify`."""
    with composed() as composition, composition.database.read() as work:
        _print(memoranda.export_file(composition, work))


@app.command()
def head() -> None:
    """Print the register's head, signed: keep it, and check against it later."""
    with composed() as composition, composition.database.read() as work:
        _print(memoranda.head_file(composition, work))


@app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
def verify(context: typer.Context, file: Path) -> None:
    """Check the register of an export FILE, or a receipt, without this installation.

    Options go on to governance/recount/memorandum.py, which can also be run by itself: it takes
    --receipt, --head, --key and --rpc.
    """
    sys.exit(recount.main([str(file), *context.args]))


def _version(work: Work, name: str | None) -> Version:
    if name is None:
        return service.require_in_force(work)
    return service.require_version(work, parse_id(PREFIX, name))


def _print(document: Any) -> None:
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
