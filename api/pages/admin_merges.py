"""Members who are one person: the effect first, then the proposal, then another person's yes."""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Form, Query
from fastapi.responses import Response

from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.http.routes.merges import PREFIX
from api.merging import approve as approve_and_sign_out
from api.pages.admin import ActingAdmin, Overseer, names_of
from api.pages.rendering import ViewHere
from ledger.kernel.errors import VkladError
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Work, execute
from ledger.merges import effect as effects
from ledger.merges import service, store
from ledger.merges.model import (
    REASON_LENGTH_MAX,
    ApproveMerge,
    CloseMerge,
    Effect,
    Merge,
    MergeState,
    ProposeMerge,
    ProposeSplit,
)

router: Final = APIRouter(prefix="/admin/merges", include_in_schema=False)

Reason = Annotated[str, Form(max_length=REASON_LENGTH_MAX * 2)]
MemberId = Annotated[str, Form(max_length=64)]
Asked = Annotated[str, Query(max_length=64)]


@router.get("")
def merges(
    *,
    view: ViewHere,
    page: PageHere,
    overseer: Overseer,
    database: DatabaseHere,
    survivor: Asked = "",
    absorbed: Asked = "",
) -> Response:
    """What was proposed and decided; with two members named, what merging them would do."""
    before = None if page.after is None else UUID(str(page.after[0]))
    with database.read() as work:
        found = store.page(work, before=before, limit=page.fetch)
        standing = {one.merge_id for one in store.standing(work)}
        waiting = {one.merge_id: _effect_of(work, one) for one in found[: page.limit]}
        asked = None
        if survivor and absorbed:
            pair = parse_id("mem", survivor.strip()), parse_id("mem", absorbed.strip())
            asked = effects.effect_of_merge(work, *pair)
        people = {each for one in found for each in _people(one)}
        if asked is not None:
            people |= {asked.survivor.member_id, asked.absorbed.member_id}
        names = names_of(work, people)
    return view.render(
        "admin/merges.html",
        merges=found[: page.limit],
        standing=standing,
        effects=waiting,
        asked=asked,
        names=names,
        me=overseer.member_id,
        member_id=lambda wanted: format_id("mem", wanted),
        merge_id=lambda wanted: format_id(PREFIX, wanted),
        reason_max=REASON_LENGTH_MAX,
        next_cursor=page.next_cursor(found, lambda one: [str(one.merge_id)]),
    )


@router.post("")
def propose(
    *,
    view: ViewHere,
    admin: ActingAdmin,
    database: DatabaseHere,
    survivor: MemberId,
    absorbed: MemberId,
    reason: Reason = "",
) -> Response:
    """Propose that two members are one person."""
    command = ProposeMerge(parse_id("mem", survivor), parse_id("mem", absorbed), reason, admin)
    execute(database, service.propose_merge, command)
    return view.redirect("/admin/merges", notice="admin.merges.proposed")


@router.post("/{merge_id}/split")
def split(
    merge_id: str, view: ViewHere, admin: ActingAdmin, database: DatabaseHere, *, reason: Reason
) -> Response:
    """Propose to undo a merge."""
    command = ProposeSplit(parse_id(PREFIX, merge_id), reason, admin)
    execute(database, service.propose_split, command)
    return view.redirect("/admin/merges", notice="admin.merges.proposed")


@router.post("/{merge_id}/approve")
def approve(
    merge_id: str,
    view: ViewHere,
    admin: ActingAdmin,
    database: DatabaseHere,
    *,
    content: Annotated[str, Form(pattern="^[0-9a-f]{64}$")],
) -> Response:
    """The second person's yes, to exactly what was shown."""
    command = ApproveMerge(parse_id(PREFIX, merge_id), bytes.fromhex(content), admin)
    execute(database, approve_and_sign_out, command)
    return view.redirect("/admin/merges", notice="admin.merges.done")


@router.post("/{merge_id}/close")
def close(merge_id: str, view: ViewHere, admin: ActingAdmin, database: DatabaseHere) -> Response:
    """Withdraw one's own proposal, or reject another's."""
    execute(database, service.close, CloseMerge(parse_id(PREFIX, merge_id), admin))
    return view.redirect("/admin/merges", notice="admin.merges.closed")


def _people(merge: Merge) -> set[UUID]:
    named = {merge.survivor, merge.absorbed, merge.proposed_by, merge.decided_by}
    return {each for each in named if each is not None}


def _effect_of(work: Work, merge: Merge) -> Effect | VkladError | None:
    """What an open proposal would do, or why it cannot be done any more."""
    if merge.state is not MergeState.PROPOSED:
        return None
    try:
        return effects.effect_of(work, merge)
    except VkladError as error:
        return error
