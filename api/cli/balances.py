"""`vklad balances`: balances brought along from another system, by a file.

The same path as over HTTP: one admin looks at the file and proposes it, another approves by the
content's hash; the worker pays it in parts, or this command does.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Final

import typer

from api.cli.composed import composed
from api.http.routes.budgets import proposal_json
from api.http.routes.imports import PREFIX, effect_json, import_json, progress_json
from ledger.grants.budgets import service as budgets
from ledger.grants.budgets.errors import BudgetContentDiffers
from ledger.grants.budgets.model import ApproveBudget, BudgetProposal, CloseBudget, ProposeBudget
from ledger.grants.imports import paying, paying_store, service
from ledger.grants.imports.errors import BadImport, ImportContentDiffers
from ledger.grants.imports.faults import Fault, Language
from ledger.grants.imports.model import (
    ApproveImport,
    CloseImport,
    Import,
    ImportState,
    ProposeImport,
    TakeBackImport,
)
from ledger.grants.imports.rows import BYTES_MAX
from ledger.grants.model import BUDGET_AMOUNT_MAX
from ledger.kernel.ids import parse_id
from ledger.kernel.transaction import Database, execute
from ledger.kernel.units import Points

app: Final = typer.Typer(help="Balances brought along from another system.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The CSV.")]
Budget = Annotated[str, typer.Option(help="The budget it comes out of, bud_….")]
Reason = Annotated[str, typer.Option(help="Why; kept apart, it can be erased.")]
By = Annotated[str, typer.Option(help="The admin who does it.")]
BudgetId = Annotated[str, typer.Argument(help="The budget, bud_….")]
ImportId = Annotated[str, typer.Argument(help="The import, imp_….")]
Content = Annotated[str, typer.Option(help="The hash that what is approved states.")]
In = Annotated[Language, typer.Option("--in", help="The language of what is wrong with a file.")]


@app.command("budget")
def propose_budget(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    points: Annotated[int, typer.Argument(min=1, max=BUDGET_AMOUNT_MAX, help="How many.")],
    *,
    by: By,
) -> None:
    """Ask to set points aside, for imports and grants; print what was asked for, as JSON."""
    command = ProposeBudget(name, Points(points), parse_id("mem", by))
    with composed() as composition:
        _show_budget(execute(composition.database, budgets.propose, command))


@app.command("approve-budget")
def approve_budget(budget_id: BudgetId, *, content: Content, by: By) -> None:
    """Open exactly the budget that another admin asked for."""
    digest = _digest(content, BudgetContentDiffers)
    command = ApproveBudget(parse_id("bud", budget_id), parse_id("mem", by), digest)
    with composed() as composition:
        _show_budget(execute(composition.database, budgets.approve, command))


@app.command("close-budget")
def close_budget(budget_id: BudgetId, *, by: By) -> None:
    """Withdraw the budget one asked for, or reject another's."""
    command = CloseBudget(parse_id("bud", budget_id), parse_id("mem", by))
    with composed() as composition:
        _show_budget(execute(composition.database, budgets.close, command))


@app.command("look")
def look(file: File, *, budget: Budget, reason: Reason, by: By, language: In = "en") -> None:
    """Print what a file would do, as JSON, or all that is wrong with it; writes nothing."""
    command = _asked(file, budget, reason, by)
    with composed() as composition, composition.database.read() as work:
        try:
            typer.echo(json.dumps(effect_json(service.preview(work, command)), indent=2))
        except BadImport as refused:
            _tell(refused, language)


@app.command("propose")
def propose(
    file: File,
    *,
    budget: Budget,
    reason: Reason,
    by: By,
    confirm: Annotated[str, typer.Option(help="What the dry run of this file printed.")],
    language: In = "en",
) -> None:
    """Propose exactly the file that was looked at."""
    command = _asked(file, budget, reason, by, _digest(confirm))
    with composed() as composition:
        try:
            _show(composition.database, execute(composition.database, service.propose, command))
        except BadImport as refused:
            _tell(refused, language)


@app.command("approve")
def approve(import_id: ImportId, *, content: Content, by: By) -> None:
    """Stand for exactly this import; with enough persons it is paid, here and now."""
    command = ApproveImport(parse_id(PREFIX, import_id), parse_id("mem", by), _digest(content))
    with composed() as composition:
        what = execute(composition.database, service.approve, command)
        if what.state is ImportState.APPROVED:
            paying.carry_out(composition.database, what.import_id)
        _show(composition.database, what)


@app.command("close")
def close(import_id: ImportId, *, by: By) -> None:
    """Withdraw one's own proposal, or reject another's."""
    command = CloseImport(parse_id(PREFIX, import_id), parse_id("mem", by))
    with composed() as composition:
        _show(composition.database, execute(composition.database, service.close, command))


@app.command("take-back")
def take_back(import_id: ImportId, *, content: Content, by: By) -> None:
    """Ask for what an import paid; with a second person's asking it is taken back."""
    command = TakeBackImport(parse_id(PREFIX, import_id), parse_id("mem", by), _digest(content))
    with composed() as composition:
        what = execute(composition.database, service.take_back, command)
        if what.state is ImportState.TAKING_BACK:
            paying.carry_out(composition.database, what.import_id)
        _show(composition.database, what)


@app.command("show")
def show(import_id: ImportId) -> None:
    """Print an import and what became of its lines, as JSON."""
    with composed() as composition:
        with composition.database.read() as work:
            what = service.find(work, parse_id(PREFIX, import_id))
        _show(composition.database, what)


def _asked(
    file: Path, budget: str, reason: str, by: str, confirm: bytes | None = None
) -> ProposeImport:
    if file.stat().st_size > BYTES_MAX:
        raise BadImport([Fault(0, "too_large", str(BYTES_MAX))])
    return ProposeImport(
        parse_id("mem", by), parse_id("bud", budget), reason, file.read_bytes(), confirm
    )


def _digest(
    text: str, otherwise: type[ImportContentDiffers | BudgetContentDiffers] = ImportContentDiffers
) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError as error:
        raise otherwise("A hash is 64 hexadecimal digits.") from error


def _show_budget(proposal: BudgetProposal) -> None:
    typer.echo(json.dumps(proposal_json(proposal), indent=2, ensure_ascii=False))


def _show(database: Database, what: Import) -> None:
    with database.read() as work:
        now = service.find(work, what.import_id)
        progress = paying_store.progress(work, now)
    typer.echo(json.dumps(import_json(now) | {"progress": progress_json(progress)}, indent=2))


def _tell(refused: BadImport, language: Language) -> None:
    for fault in refused.faults:
        typer.echo(fault.text(language), err=True)
    raise typer.Exit(1)
