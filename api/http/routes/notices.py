"""``/v1/reminders`` and ``/v1/notices``: what I want to be told of votes, and what I was told.

``GET /v1/notices`` is also what a program of the member's pulls: nothing is sent from here.
"""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from api.calendars import notice_json, shown_notices
from api.http.pagination import PageHere
from api.http.parts import DatabaseHere, PartsHere
from api.http.principal import CurrentMember
from api.http.problems import responses
from governance.reminders import service, store
from governance.reminders.model import PREFIX, ReminderKind
from governance.reminders.service import ChooseReminders, ReadNotices
from ledger.kernel.ids import parse_id
from ledger.kernel.transaction import execute

router: Final = APIRouter(prefix="/v1", tags=["governance"])


class RemindersBody(BaseModel):
    """The kinds that are wanted from now on, and no others."""

    model_config = ConfigDict(extra="forbid")

    kinds: Annotated[list[ReminderKind], Field(max_length=len(ReminderKind))]


@router.get("/reminders", responses=responses(401, 403, 503))
def chosen(member_id: CurrentMember, database: DatabaseHere) -> dict[str, Any]:
    """What I want to be reminded of: nothing until I say so."""
    with database.read() as work:
        return _chosen(store.choices(work, member_id))


@router.put("/reminders", responses=responses(401, 403, 409, 415, 422, 503))
def choose(body: RemindersBody, member_id: CurrentMember, database: DatabaseHere) -> dict[str, Any]:
    """Want exactly these: ``opens``, ``closes`` (a day before), ``ballot``, ``outcome``."""
    command = ChooseReminders(member_id, frozenset(body.kinds))
    return _chosen(execute(database, service.choose, command))


@router.get("/notices", responses=responses(400, 401, 403, 422, 503))
def mine(
    page: PageHere,
    member_id: CurrentMember,
    parts: PartsHere,
    *,
    unread: Annotated[bool, Query()] = False,
) -> JSONResponse:
    """My notices, the newest first; ``unread``: only those I have not read."""
    before = None if page.after is None else UUID(str(page.after[0]))
    with parts.database.read() as work:
        found = service.notices(work, member_id, before, page.fetch, unread=unread)
        shown = shown_notices(work, found)
        left = store.count_unread(work, member_id)
    body = page.body(
        shown,
        key=lambda each: [str(each.notice.notice_id)],
        render=lambda each: notice_json(each, parts.settings.origin),
    )
    return JSONResponse({**body, "unread": left})


@router.post("/notices/read", responses=responses(401, 403, 503))
def read_all(member_id: CurrentMember, database: DatabaseHere) -> dict[str, int]:
    """I have read all of them. Again: no change."""
    return {"unread": execute(database, service.read, ReadNotices(member_id, None))}


@router.post("/notices/{notice_id}/read", responses=responses(401, 403, 404, 503))
def read_one(notice_id: str, member_id: CurrentMember, database: DatabaseHere) -> dict[str, Any]:
    """I have read this one. Again: no change."""
    command = ReadNotices(member_id, parse_id(PREFIX, notice_id))
    return {"id": notice_id, "unread": execute(database, service.read, command)}


def _chosen(kinds: frozenset[ReminderKind]) -> dict[str, Any]:
    return {"kinds": [kind.value for kind in ReminderKind if kind in kinds]}
