"""Balances brought along: choose a file, see what it would do, propose it, approve it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Form, UploadFile
from fastapi.responses import Response

from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.http.routes.imports import PREFIX
from api.pages.admin import ActingAdmin, Overseer, names_of
from api.pages.rendering import View, ViewHere
from api.pages.reserve import said
from ledger.grants import store as grants
from ledger.grants.imports import paying_store, service, store
from ledger.grants.imports.errors import BadImport
from ledger.grants.imports.faults import Fault
from ledger.grants.imports.model import (
    ApproveImport,
    CloseImport,
    Effect,
    ImportState,
    ProposeImport,
    TakeBackImport,
)
from ledger.grants.imports.rows import COLUMNS
from ledger.grants.model import REASON_LENGTH_MAX
from ledger.kernel.errors import VkladError
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Database, execute
from ledger.kernel.units import Money

router: Final = APIRouter(prefix="/admin/imports", include_in_schema=False)

PAGE_BYTES_MAX: Final = 300_000
"""The file of a dry run comes back with the form that proposes it; larger ones take the API."""
_EXAMPLE: Final = (
    "provider,issuer,subject,points,expires_on,reference\n"
    "lms,https://lms.example,1042,1200,2027-06-30,A-17\n"
    "lms,https://lms.example,1043,350,,A-18"
)
Content = Annotated[str, Form(pattern="^[0-9a-f]{64}$")]


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it was filled in, to be shown again."""

    budget: str = ""
    reason: str = ""
    csv: str = ""


def _typed(
    *,
    budget: Annotated[str, Form(max_length=64)] = "",
    reason: Annotated[str, Form(max_length=REASON_LENGTH_MAX)] = "",
    csv: Annotated[str, Form(max_length=PAGE_BYTES_MAX)] = "",
    file: UploadFile | None = None,
) -> Typed:
    chosen = b"" if file is None else file.file.read(PAGE_BYTES_MAX + 1)
    text = chosen.decode("utf-8", "surrogateescape") or csv
    # A browser sends back line ends as CR LF: the same file, whichever way it came.
    return Typed(budget, reason.strip(), text.replace("\r\n", "\n"))


@router.get("")
def imports(view: ViewHere, page: PageHere, overseer: Overseer, database: DatabaseHere) -> Response:
    """Every import, who stands for it, and what became of its lines."""
    before = None if page.after is None else parse_id(PREFIX, str(page.after[0]))
    with database.read() as work:
        found = store.list_imports(work, before=before, limit=page.fetch)
        shown = found[: page.limit]
        progress = {each.import_id: paying_store.progress(work, each) for each in shown}
        asked = {each.import_id: store.read_take_backs(work, each.import_id) for each in shown}
        names = names_of(
            work,
            {each.created_by for each in shown}
            | {each.closed_by for each in shown}
            | {approval.person_id for each in shown for approval in each.approvals},
        )
        budgets = {each.budget_id: each.name for each in grants.read_budgets(work)}
    return view.render(
        "admin/imports.html",
        imports=shown,
        progress=progress,
        asked=asked,
        names=names,
        budgets=budgets,
        me=overseer.member_id,
        states=ImportState,
        import_id=lambda what: format_id(PREFIX, what.import_id),
        next_cursor=page.next_cursor(found, lambda each: [format_id(PREFIX, each.import_id)]),
    )


@router.get("/new")
def new_import(view: ViewHere, database: DatabaseHere, _: ActingAdmin) -> Response:
    """The empty form."""
    return _form(view, database, Typed())


@router.post("/new")
def propose(
    view: ViewHere,
    database: DatabaseHere,
    admin: ActingAdmin,
    *,
    typed: Annotated[Typed, Depends(_typed)],
    confirm: Annotated[str, Form(pattern="^([0-9a-f]{64})?$")] = "",
) -> Response:
    """First a dry run, which writes nothing; with its confirmation, the proposal."""
    effect = None
    content = typed.csv.encode("utf-8", "surrogateescape")
    try:
        if len(content) > PAGE_BYTES_MAX:
            raise BadImport([Fault(0, "too_large", str(PAGE_BYTES_MAX))])
        command = ProposeImport(
            created_by=admin,
            budget_id=parse_id("bud", typed.budget),
            reason=typed.reason,
            content=content,
            confirm=bytes.fromhex(confirm) if confirm else None,
        )
        if confirm:
            execute(database, service.propose, command)
            return view.redirect("/admin/imports", notice="admin.imports.proposed")
        with database.read() as work:
            effect = service.preview(work, command)
    except VkladError as error:
        return _form(view, database, typed, error=error)
    return _form(view, database, typed, effect=effect)


@router.post("/{import_id}/approve")
def approve(
    import_id: str, view: ViewHere, database: DatabaseHere, admin: ActingAdmin, content: Content
) -> Response:
    """Stand for an import of exactly the content that was shown."""
    command = ApproveImport(parse_id(PREFIX, import_id), admin, bytes.fromhex(content))
    what = execute(database, service.approve, command)
    began = what.state is ImportState.APPROVED
    notice = "admin.imports.paying" if began else "admin.imports.approved"
    return view.redirect("/admin/imports", notice=notice)


@router.post("/{import_id}/close")
def close(import_id: str, view: ViewHere, database: DatabaseHere, admin: ActingAdmin) -> Response:
    """Withdraw one's own proposal, or reject another's."""
    execute(database, service.close, CloseImport(parse_id(PREFIX, import_id), admin))
    return view.redirect("/admin/imports", notice="admin.imports.closed")


@router.post("/{import_id}/take-back")
def take_back(
    import_id: str, view: ViewHere, database: DatabaseHere, admin: ActingAdmin, content: Content
) -> Response:
    """Ask for what an import paid; with a second person's asking it is taken back."""
    command = TakeBackImport(parse_id(PREFIX, import_id), admin, bytes.fromhex(content))
    what = execute(database, service.take_back, command)
    began = what.state is ImportState.TAKING_BACK
    notice = "admin.imports.taking_back" if began else "admin.imports.take_back_asked"
    return view.redirect("/admin/imports", notice=notice)


def _form(
    view: View,
    database: Database,
    typed: Typed,
    *,
    error: VkladError | None = None,
    effect: Effect | None = None,
) -> Response:
    with database.read() as work:
        budgets = grants.read_budgets(work)
    faults = error.faults if isinstance(error, BadImport) else ()
    language = "ru" if view.written == "ru" else "en"
    return view.render(
        "admin/import_new.html",
        status=200 if error is None else 422,
        typed=typed,
        shown=typed.csv.encode("utf-8", "replace").decode(),
        problem=None if error is None or faults else said(view, error),
        faults=[fault.text("ru" if language == "ru" else "en") for fault in faults],
        effect=effect,
        liability=[Money(minor, currency) for currency, minor in effect.liability_minor.items()]
        if effect
        else [],
        budgets=[
            (format_id("bud", budget.budget_id), budget.name, budget.left) for budget in budgets
        ],
        columns=", ".join(COLUMNS),
        example=_EXAMPLE,
        bytes_max=PAGE_BYTES_MAX,
    )
