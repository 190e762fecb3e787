"""Members with their roles, and facts as they arrive: newest, odd ones, deliveries without any."""

from __future__ import annotations

from typing import Annotated, Any, Final, cast
from uuid import UUID

from fastapi import APIRouter, Form, Query
from fastapi.responses import Response

from api.auth.sessions import close_sessions_of
from api.blocking import block_and_sign_out
from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.pages.admin import ActingAdmin, Overseer, names_of
from api.pages.rendering import ViewHere
from ledger.events.listing import store as listing
from ledger.events.sources import store as sources
from ledger.kernel.ids import BadId, format_id, parse_id
from ledger.kernel.transaction import Work, execute
from ledger.kernel.units import Money
from ledger.members import search_store as search
from ledger.members import service, store
from ledger.members.blocks import service as blocking
from ledger.members.blocks.model import BLOCK_REASON_LENGTH_MAX, Block, Unblock
from ledger.members.model import ApproveRole, Member, ProposeRole, RevokeRole, Role
from ledger.redemption import offline_store

router: Final = APIRouter(prefix="/admin", include_in_schema=False)

ODD_SHOWN_MAX: Final = 50


@router.get("/members")
def members(
    view: ViewHere,
    page: PageHere,
    _: Overseer,
    database: DatabaseHere,
    q: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """Everybody by name, or whom ``q`` finds; and who has or is to have power."""
    after = None if page.after is None else UUID(str(page.after[0]))
    with database.read() as work:
        found = (
            _found(work, q.strip())
            if q.strip()
            else store.list_members(work, after=after, limit=page.fetch)
        )
        roles = store.list_roles(work)
        count = store.count_members(work)
        people = {one.member_id for one in roles} | {one.proposed_by for one in roles}
        names = names_of(work, people | {one.approved_by for one in roles})
    shown = found if q.strip() else found[: page.limit]
    return view.render(
        "admin/members.html",
        q=q.strip(),
        members=shown,
        count=count,
        granted={
            one.member_id: [each.role for each in roles if each.member_id == one.member_id]
            for one in shown
        },
        roles=sorted(
            roles, key=lambda one: (one.state != "proposed", one.role, str(one.member_id))
        ),
        every_role=list(Role),
        reason_max=BLOCK_REASON_LENGTH_MAX,
        names=names,
        me=view.principal.member_id if view.principal else None,
        member_id=lambda wanted: format_id("mem", wanted),
        next_cursor=None
        if q.strip()
        else page.next_cursor(found, lambda one: [str(one.member_id)]),
    )


def _found(work: Work, text: str) -> list[Member]:
    try:
        ids = [parse_id("mem", text)]
    except BadId:
        ids = search.members_found(work, text)
    return [found for each in ids if (found := store.find_member(work, each)) is not None]


@router.post("/members/{member_id}/roles")
def propose(
    member_id: str,
    view: ViewHere,
    database: DatabaseHere,
    admin: ActingAdmin,
    *,
    role: Annotated[Role, Form()],
) -> Response:
    """Propose a role; another admin approves."""
    execute(database, service.propose_role, ProposeRole(parse_id("mem", member_id), role, admin))
    return view.redirect("/admin/members", notice="admin.members.proposed")


@router.post("/members/{member_id}/roles/{role}/approve")
def approve(
    member_id: str, role: Role, view: ViewHere, database: DatabaseHere, admin: ActingAdmin
) -> Response:
    """The second person's yes."""
    execute(database, service.approve_role, ApproveRole(parse_id("mem", member_id), role, admin))
    return view.redirect("/admin/members", notice="admin.members.approved")


@router.post("/members/{member_id}/roles/{role}/revoke")
def revoke(
    member_id: str, role: Role, view: ViewHere, database: DatabaseHere, admin: ActingAdmin
) -> Response:
    """Take a role or its proposal away, and end the member's sessions."""

    def revoke_and_sign_out(work: Work, command: RevokeRole) -> None:
        service.revoke_role(work, command)
        close_sessions_of(work, command.member_id)

    execute(database, revoke_and_sign_out, RevokeRole(parse_id("mem", member_id), role, admin))
    return view.redirect("/admin/members", notice="admin.members.revoked")


@router.post("/members/{member_id}/block")
def block(
    member_id: str,
    view: ViewHere,
    database: DatabaseHere,
    admin: ActingAdmin,
    *,
    reason: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Keep a member from taking part, and end their sessions."""
    execute(database, block_and_sign_out, Block(parse_id("mem", member_id), admin, reason))
    return view.redirect("/admin/members", notice="admin.members.blocked")


@router.post("/members/{member_id}/unblock")
def unblock(
    member_id: str,
    view: ViewHere,
    database: DatabaseHere,
    admin: ActingAdmin,
    *,
    reason: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Lift a block that another person set."""
    execute(database, blocking.unblock, Unblock(parse_id("mem", member_id), admin, reason))
    return view.redirect("/admin/members", notice="admin.members.unblocked")


@router.get("/events")
def events(
    view: ViewHere,
    page: PageHere,
    _: Overseer,
    database: DatabaseHere,
    source: Annotated[str | None, Query(max_length=512)] = None,
) -> Response:
    """Facts, newest first, and what came in that is odd."""
    before = None if page.after is None else UUID(str(page.after[0]))
    wanted = source or None
    with database.read() as work:
        found = listing.recent_events(work, source=wanted, before=before, limit=page.fetch)
        conflicts = listing.conflicts(work, before=None, limit=ODD_SHOWN_MAX)
        unknown = listing.unknown_types(work)
        deliveries = listing.deliveries_of(work, source=None, before=None, limit=ODD_SHOWN_MAX)
        known = sources.list_sources(work)
        uses = offline_store.conflicts(work, source=None, before=None, limit=ODD_SHOWN_MAX)
    return view.render(
        "admin/events.html",
        events=found[: page.limit],
        conflicts=conflicts,
        unknown=unknown[:ODD_SHOWN_MAX],
        deliveries=deliveries,
        uses=[(each, _given(each)) for each in uses],
        sources=known,
        source_names={one.uri: one.name for one in known},
        source=wanted,
        next_cursor=page.next_cursor(found, lambda row: [str(row.fact.event_id)]),
    )


def _given(conflict: offline_store.Conflict) -> Money:
    """What the till gave off."""
    stated = cast("dict[str, Any]", conflict.content)
    return Money(stated["given_minor"], stated["currency"])
