"""The administration's first page: what is in force, what waits for a person, what is off.

The other pages are ``admin_grants``, ``admin_sources``, ``admin_programme`` and ``admin_people``.
Auditors see everything and change nothing. Whatever gives power or value takes two persons; the
use cases see to that, and the pages say why a button is not there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Final, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Form
from fastapi.responses import Response

from api.auth.model import Principal, Role
from api.http.parts import DatabaseHere, PartsHere
from api.http.principal import CurrentMember, require_role
from api.pages.bridge_standing import standing
from api.pages.rendering import ViewHere
from api.pages.reserve import both_sides
from governance.memorandum import store as memorandum
from ledger.events.credentials import store as credential_store
from ledger.events.listing import store as listing
from ledger.events.sources import store as sources
from ledger.grants import store as grants
from ledger.grants.budgets import store as budgets
from ledger.grants.imports import store as imports
from ledger.grants.model import GrantState
from ledger.grants.taking_back import store as taking_back
from ledger.inactivity import service as inactivity
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work, execute
from ledger.kernel.units import Money
from ledger.members import store as members
from ledger.programme import service as programmes
from ledger.programme import store as programme_store
from ledger.readiness.service import all_readiness
from ledger.referral import store as passes_store
from ledger.referral.model import Waits
from ledger.settlement import vesting
from ledger.switches import service as switches
from ledger.switches.model import REASON_LENGTH_MAX, SetSwitch, Switch
from ledger.units import store as units

router: Final = APIRouter(prefix="/admin", include_in_schema=False)

WAITING_SHOWN_MAX: Final = 100

Overseer = Annotated[Principal, Depends(require_role(Role.ADMIN, Role.AUDITOR, Role.OWNER))]
Admin = Annotated[Principal, Depends(require_role(Role.ADMIN))]


def _acting(member_id: CurrentMember, _: Admin) -> UUID:
    return member_id


ActingAdmin = Annotated[UUID, Depends(_acting)]
"""The member who asks, who is an admin."""


@dataclass(frozen=True, slots=True)
class Names:
    """What people are called on these pages."""

    known: dict[UUID, str]

    def __call__(self, member_id: UUID | str | None) -> str:
        """The name, or the id of somebody without one."""
        if member_id is None:
            return ""
        if isinstance(member_id, str):
            return next((n for i, n in self.known.items() if format_id("mem", i) == member_id), "")
        return self.known.get(member_id) or format_id("mem", member_id)


def names_of(work: Work, wanted: Iterable[UUID | None]) -> Names:
    """The names of some members."""
    ids = {member_id for member_id in wanted if member_id is not None}
    found = (members.find_member(work, member_id) for member_id in ids)
    return Names(
        {each.member_id: each.display_name for each in found if each and each.display_name}
    )


@router.get("")
def overview(view: ViewHere, overseer: Overseer, parts: PartsHere) -> Response:
    """Everything that a person may have to look at, at one glance."""
    with parts.database.read() as work:
        waiting = _waiting(work)
        active = {one.source: one for one in listing.source_activity(work)}
        known = [(one, active.get(one.uri)) for one in sources.list_sources(work)]
        positions = switches.positions(work)
        ceilings = switches.ceilings(work)
        in_force, approver = _in_force(work)
        bridge = standing(view, work)
        named = names_of(work, bridge.persons if bridge else ())
        incomplete = [one for one in all_readiness(work).values() if not one.is_ready]
        held_up = _held_up(work)
    return view.render(
        "admin/overview.html",
        waiting=waiting,
        waiting_count=sum(count for _, _, count in waiting),
        sources=known,
        incomplete=incomplete,
        held_up=held_up,
        parked=sum(activity.parked for _, activity in known if activity),
        positions=positions,
        ceilings={
            currency: None if minor is None else Money(minor, currency)
            for currency, minor in ceilings.items()
        },
        reason_max=REASON_LENGTH_MAX,
        in_force=in_force,
        approver=approver,
        both_sides=both_sides(view, parts),
        standing=bridge,
        named=named,
        me=overseer.member_id,
        id=format_id,
    )


@router.post("/switches/{switch}")
def turn(
    switch: Switch,
    view: ViewHere,
    database: DatabaseHere,
    admin: Admin,
    *,
    reason: Annotated[str, Form(max_length=REASON_LENGTH_MAX)] = "",
    on: Annotated[bool, Form()],
) -> Response:
    """Turn a switch, at once and for everybody."""
    execute(database, switches.set_switch, SetSwitch(switch, on, reason, admin.key))
    return view.redirect("/admin", notice="admin.switches.turned")


def _held_up(work: Work) -> list[tuple[str, dict[str, Any]]]:
    """What is settled for good and waits until a source has told everything: message and values."""
    lots, check = vesting.count_waiting(work), inactivity.waiting_check(work)
    passes = passes_store.count_waiting(work, Waits.SOURCE)
    found: list[tuple[str, dict[str, Any]]] = []
    if lots:
        found.append(("conditions", {"count": lots}))
    if check is not None:
        found.append(("check", {"date": f"{check:%d.%m.%Y}"}))
    if passes:
        found.append(("passes", {"count": passes}))
    return found


def _waiting(work: Work) -> list[tuple[str, str, int]]:
    """What waits for another person: message key, page, how many."""
    proposed = grants.list_grants(
        work, state=GrantState.PROPOSED, before=None, limit=WAITING_SHOWN_MAX
    )
    credentials = credential_store.open_drafts(work, WAITING_SHOWN_MAX)
    drafts = [one for one in sources.list_changes(work, WAITING_SHOWN_MAX) if one.state == "draft"]
    undecided = [one for one in programme_store.changes(work) if one.decision is None]
    roles = [one for one in members.list_roles(work) if one.state == "proposed"]
    return [
        ("grants", "/admin/grants", len(proposed)),
        ("taking_back", "/admin/grants", taking_back.count_waiting(work)),
        ("budgets", "/admin/grants", len(budgets.waiting(work, WAITING_SHOWN_MAX))),
        ("imports", "/admin/imports", imports.count_waiting(work)),
        ("sources", "/admin/sources", len(drafts)),
        ("credentials", "/admin/sources", len(credentials)),
        ("programme", "/admin/programme", len(undecided)),
        ("units", "/admin/units", len(units.waiting(work, WAITING_SHOWN_MAX))),
        ("members", "/admin/members", len(roles)),
        ("memorandum", "/admin/memorandum", len(memorandum.waiting(work))),
    ]


def _in_force(work: Work) -> tuple[programmes.InForce | None, dict[str, Any]]:
    """The version in force, and the cause of its activation with names for ids."""
    try:
        found = programmes.in_force(work, work.now)
    except programmes.NoProgrammeInForce:
        return None, {}
    return found, cause_of(work, found.activation.cause)


def cause_of(work: Work, cause: object) -> dict[str, Any]:
    """Why a version came into force: ``kind``, and by whom where that is known."""
    stated = cast("dict[str, Any]", cause) if isinstance(cause, dict) else {}
    named = Names({one.member_id: one.display_name or "" for one in _admins(work)})
    return {
        "kind": stated.get("kind", "other"),
        "proposed_by": named(stated.get("proposed_by")),
        "approved_by": named(stated.get("approved_by")),
        "number": stated.get("number"),
    }


def _admins(work: Work) -> list[Any]:
    ids = {one.member_id for one in members.list_roles(work)}
    return [found for each in ids if (found := members.find_member(work, each)) is not None]
