"""What a proposed version would do to everybody, and consent to one that reaches back."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final, cast
from uuid import UUID

from fastapi import APIRouter, Form
from fastapi.responses import Response

from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember
from api.pages.admin import Overseer, names_of
from api.pages.earning import say
from api.pages.entries import rule_title
from api.pages.rendering import View, ViewHere
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Work, execute
from ledger.kernel.units import Money
from ledger.members.roles.store import owners as owners_of
from ledger.preview import service
from ledger.preview.store import StoredPreview
from ledger.programme import service as programmes
from ledger.programme.model import Programme

router: Final = APIRouter(prefix="/admin/programme", include_in_schema=False)
MEMBERS_SHOWN_MAX: Final = 200


@router.post("/changes/{change_id}/preview")
def ask(change_id: str, view: ViewHere, database: DatabaseHere, by: CurrentMember) -> Response:
    """Have worked out what exactly this proposed activation would do."""

    def ask_for(work: Work, _: None) -> StoredPreview:
        change = programmes.require_change(work, parse_id(programmes.CHANGE_PREFIX, change_id))
        mode = cast("programmes.Mode", change.mode)
        command = service.AskPreview(change.programme_hash, mode, change.effective_at, by)
        return service.ask(work, command)

    preview = execute(database, ask_for, None)
    named = format_id(service.PREVIEW_PREFIX, preview.preview_id)
    return view.redirect(f"/admin/programme/changes/{change_id}/previews/{named}")


@router.get("/changes/{change_id}/previews/{preview_id}")
def read(
    change_id: str, preview_id: str, view: ViewHere, database: DatabaseHere, _: Overseer
) -> Response:
    """How far it is; once it is finished, totals and members, the largest movers first."""
    with database.read() as work:
        found = service.require_preview(work, parse_id(service.PREVIEW_PREFIX, preview_id))
        change = programmes.require_change(work, parse_id(programmes.CHANGE_PREFIX, change_id))
        said = None if found.result is None else json.loads(found.result)
        rows = [] if said is None else said["members"]
        rows.sort(key=lambda row: (-abs(row["difference"]), row["member"]))
        crossing = [row for row in rows if row["level_before"] != row["level_after"]]
        shown = [*rows[:MEMBERS_SHOWN_MAX], *crossing[:MEMBERS_SHOWN_MAX]]
        named = names_of(work, {parse_id("mem", row["member"]) for row in shown})
        proposed = programmes.require_programme(work, change.programme_hash)
        programme = programmes.read_programme(proposed.source_text)
        owners = owners_of(work)
        owner_names = names_of(work, owners)
    totals = None if said is None else said["totals"]
    return view.render(
        "admin/preview.html",
        preview=found,
        preview_id=preview_id,
        change=change,
        change_id=change_id,
        owners=", ".join(owner_names(each) for each in owners),
        may_consent=_may_consent(view, owners),
        totals=totals,
        liability=[] if totals is None else _liability(totals),
        crossing=crossing[:MEMBERS_SHOWN_MAX],
        crossing_in_all=len(crossing),
        rows=rows[:MEMBERS_SHOWN_MAX],
        left_out=max(0, len(rows) - MEMBERS_SHOWN_MAX),
        name=lambda member: named(parse_id("mem", member)),
        titles=lambda rule_id: rule_title(view, programme, rule_id),
        level=lambda level_id: _level(view, programme, level_id),
    )


@router.post("/changes/{change_id}/consent")
def consent(
    change_id: str,
    view: ViewHere,
    database: DatabaseHere,
    by: CurrentMember,
    *,
    digest: Annotated[str, Form(pattern="^[0-9a-f]{64}$")],
) -> Response:
    """Agree that it reaches back, having seen this preview; the use case asks who may."""
    wanted = parse_id(programmes.CHANGE_PREFIX, change_id)
    command = service.ConsentToChange(wanted, bytes.fromhex(digest), by)
    execute(database, service.consent, command)
    return view.redirect("/admin/programme", notice="admin.preview.agreed")


def _may_consent(view: View, owners: list[UUID]) -> bool:
    """Whether the reader speaks for the owner; until there is one, admins do."""
    if owners:
        return view.principal is not None and view.principal.member_id in owners
    return view.has_role("admin")


def _liability(totals: dict[str, Any]) -> list[tuple[Money, Money]]:
    """What points are worth before and after, by currency."""
    before, after = totals["liability_before"], totals["liability_after"]
    return [
        (Money(before.get(currency, 0), currency), Money(after.get(currency, 0), currency))
        for currency in sorted(before.keys() | after.keys())
    ]


def _level(view: View, programme: Programme, level_id: str | None) -> str:
    """A level as the proposed version calls it; one that it has no more, by its id."""
    steps = programme.levels.steps if programme.levels else ()
    found = next((each for each in steps if each.level_id == level_id), None)
    return say(view, found.title if found else None, level_id or "–")
