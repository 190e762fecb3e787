"""The rules for points: versions stored, what is in force, and putting another one in force."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from fastapi import APIRouter, File, Form, UploadFile
from fastapi.responses import Response

from api.http.parts import DatabaseHere
from api.http.routes.programmes import SOURCE_LENGTH_MAX
from api.pages.admin import ActingAdmin, Overseer, cause_of, names_of
from api.pages.rendering import View, ViewHere
from api.pages.reserve import said
from governance.programme_change import service as programme_change
from ledger.kernel.errors import VkladError
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Database, Work, execute
from ledger.members.roles.store import owners as owners_of
from ledger.programme import service, store
from ledger.programme.faults import Fault, ProgrammeInvalid
from ledger.programme.model_unit import POINTS_UNIT

router: Final = APIRouter(prefix="/admin/programme", include_in_schema=False)

DECIDED_SHOWN_MAX: Final = 20


@router.get("")
def programme(view: ViewHere, database: DatabaseHere, _: Overseer) -> Response:
    """Versions, what is in force and why, what waits, and what the votes came to."""
    return _page(view, database)


@router.post("/versions")
def store_version(
    view: ViewHere,
    database: DatabaseHere,
    admin: ActingAdmin,
    *,
    source: Annotated[str, Form(max_length=SOURCE_LENGTH_MAX)] = "",
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Check a file and keep it, or show every fault with its line and what would be right."""
    text = source
    if not text.strip() and file is not None:
        text = file.file.read(SOURCE_LENGTH_MAX + 1).decode("utf-8", "replace")
    try:
        command = service.StoreProgramme(text, format_id("mem", admin))
        execute(database, service.store_programme, command)
    except ProgrammeInvalid as error:
        return _page(view, database, text=text, faults=error.found)
    return view.redirect("/admin/programme", notice="admin.programme.stored")


@router.post("/activations")
def propose(
    view: ViewHere,
    database: DatabaseHere,
    admin: ActingAdmin,
    *,
    programme_hash: Annotated[str, Form(pattern="^[0-9a-f]{64}$")],
    effective_at: Annotated[str, Form(max_length=32)] = "",
    mode: Annotated[service.Mode, Form()] = "forward",
) -> Response:
    """Ask that a version come into force; another admin approves."""
    try:
        moment = _moment(effective_at)
    except ValueError:
        wrong = view.catalogue.text(view.language, "admin.programme.bad_moment")
        return _page(view, database, problem=wrong)

    def ask(work: Work, wanted: bytes) -> store.StoredChange:
        command = service.ProposeActivation(wanted, moment or work.now, admin, mode)
        return service.propose_activation(work, command)

    try:
        execute(database, ask, bytes.fromhex(programme_hash))
    except VkladError as error:
        return _page(view, database, problem=said(view, error))
    return view.redirect("/admin/programme", notice="admin.programme.proposed")


@router.post("/changes/{change_id}/{decision}")
def decide(
    change_id: str,
    decision: Literal["approved", "rejected"],
    view: ViewHere,
    database: DatabaseHere,
    admin: ActingAdmin,
    *,
    content: Annotated[str, Form(pattern="^[0-9a-f]{64}$")],
) -> Response:
    """Approve or reject exactly what was shown."""
    command = service.DecideActivation(
        parse_id(service.CHANGE_PREFIX, change_id), decision, bytes.fromhex(content), admin
    )
    try:
        execute(database, service.decide_activation, command)
    except VkladError as error:
        return _page(view, database, problem=said(view, error))
    if decision == "approved":
        return view.redirect("/admin/programme", notice="admin.programme.approved")
    return view.redirect("/admin/programme", notice="admin.programme.rejected")


def _page(
    view: View,
    database: Database,
    *,
    text: str = "",
    faults: tuple[Fault, ...] = (),
    problem: str | None = None,
) -> Response:
    with database.read() as work:
        versions = store.all_programmes(work)
        activations = list(service.activations(work))
        changes = store.changes(work)
        votes = programme_change.programme_votes(work) if view.chain_is_on else []
        people = {
            person
            for one in changes
            for person in (one.proposed_by, one.decided_by, one.consented_by)
        }
        owners = owners_of(work)
        names = names_of(work, people | {*owners})
        causes = {one.activation_id: cause_of(work, one.cause) for one in activations}
        now = work.now
    in_force = next((one for one in reversed(activations) if one.effective_at <= now), None)
    return view.render(
        "admin/programme.html",
        status=422 if faults or problem else 200,
        versions=versions,
        version_names={one.programme_hash: (one.name, one.version) for one in versions},
        of_points={one.programme_hash for one in versions if _unit_of(one) == POINTS_UNIT},
        activations=list(reversed(activations)),
        causes=causes,
        in_force=in_force,
        now=now,
        waiting=[one for one in changes if one.decision is None],
        decided=[one for one in changes if one.decision is not None][:DECIDED_SHOWN_MAX],
        votes=votes,
        names=names,
        owners=", ".join(names(each) for each in owners),
        me=view.principal.member_id if view.principal else None,
        change_id=lambda change: format_id(service.CHANGE_PREFIX, change.change_id),
        text=text,
        faults=faults,
        source_lines=text.splitlines(),
        problem=problem,
    )


def _unit_of(stored: store.StoredProgramme) -> str:
    return service.read_programme(stored.source_text).unit


def _moment(text: str) -> datetime | None:
    """A moment as a form sends it, without a zone: UTC."""
    if not text:
        return None
    given = datetime.fromisoformat(text)
    return given if given.tzinfo is not None else given.replace(tzinfo=UTC)
