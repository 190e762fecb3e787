"""The entry point `vklad`: a literal list of commands."""

from __future__ import annotations

import sys
from typing import Final

import typer

from api.cli import (
    admin,
    audit,
    balances,
    chain,
    credentials,
    demo,
    demo_issuer,
    digest,
    doctor,
    events,
    governance,
    import_,
    languages,
    ledger,
    log,
    members,
    memorandum,
    merges,
    openapi,
    polls,
    programme,
    score,
    sources,
    up,
    watcher,
)
from ledger.kernel.errors import VkladError

app: Final = typer.Typer(
    help="The contribution economy of a learning community.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(up.up)
app.command()(doctor.doctor)
app.command()(up.serve)
app.command()(up.worker)
app.command()(up.scheduler)
app.command()(watcher.watcher)
app.command(name="migrate")(up.migrate_database)
app.command()(score.score)
app.command()(digest.digest)
app.command(name="import")(import_.import_lines)
app.command()(openapi.openapi)
app.command(name="demo-issuer")(demo_issuer.demo_issuer)

GROUPS: Final[tuple[tuple[str, typer.Typer], ...]] = (
    ("admin", admin.app),
    ("audit", audit.app),
    ("balances", balances.app),
    ("chain", chain.app),
    ("credentials", credentials.app),
    ("demo", demo.app),
    ("events", events.app),
    ("governance", governance.app),
    ("languages", languages.app),
    ("ledger", ledger.app),
    ("log", log.app),
    ("members", members.app),
    ("memorandum", memorandum.app),
    ("merges", merges.app),
    ("polls", polls.app),
    ("programme", programme.app),
    ("sources", sources.app),
)
"""Subcommands of the rooms: name and Typer application of ``api/cli/<room>.py``."""
for _name, _group in GROUPS:
    app.add_typer(_group, name=_name)


def run() -> None:
    """Run the command line; an expected failure is a sentence and exit status 1."""
    try:
        app(prog_name="vklad")
    except VkladError as error:
        typer.echo(error.message, err=True)
        sys.exit(1)


if __name__ == "__main__":
    run()
