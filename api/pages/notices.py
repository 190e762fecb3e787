"""What members are told about votes: their notices, read or not, and what they want to be told."""

from __future__ import annotations

from typing import Annotated, Final, cast
from uuid import UUID

from fastapi import APIRouter, Form
from fastapi.responses import Response

from api.calendars import shown_notices, support_name
from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember
from api.pages.calendar import zone_of
from api.pages.rendering import ViewHere
from governance.reminders import service, store
from governance.reminders.model import PREFIX, ReminderKind
from governance.reminders.service import ChooseReminders, ReadNotices
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import execute

router: Final = APIRouter(include_in_schema=False)

ICONS: Final = {
    ReminderKind.OPENS: "vote",
    ReminderKind.CLOSES: "clock",
    ReminderKind.BALLOT: "user",
    ReminderKind.OUTCOME: "check",
}


@router.get("/notices")
def notices_page(
    view: ViewHere, page: PageHere, member_id: CurrentMember, database: DatabaseHere
) -> Response:
    """My notices, the newest first, and the choice of what I am told."""
    before = None if page.after is None else UUID(cast("str", page.after[0]))
    with database.read() as work:
        found = service.notices(work, member_id, before, page.fetch)
        shown = shown_notices(work, found)
        chosen = store.choices(work, member_id)
        unread = store.count_unread(work, member_id)
    return view.render(
        "calendar/notices.html",
        shown=shown[: page.limit],
        next_cursor=page.next_cursor(shown, lambda each: [str(each.notice.notice_id)]),
        unread=unread,
        kinds=[(kind.value, kind in chosen) for kind in ReminderKind],
        icons=ICONS,
        zone=zone_of(view.request),
        notice_id=lambda each: format_id(PREFIX, each.notice.notice_id),
        support=lambda each: support_name(each.notice.support),
    )


@router.post("/notices/choices")
def choose(
    view: ViewHere,
    member_id: CurrentMember,
    database: DatabaseHere,
    kinds: Annotated[list[ReminderKind] | None, Form()] = None,
) -> Response:
    """Want exactly the kinds that are ticked."""
    execute(database, service.choose, ChooseReminders(member_id, frozenset(kinds or ())))
    return view.redirect("/notices", notice="calendar.notices.chosen_now")


@router.post("/notices/read")
def read_all(view: ViewHere, member_id: CurrentMember, database: DatabaseHere) -> Response:
    """I have read all."""
    execute(database, service.read, ReadNotices(member_id, None))
    return view.redirect("/notices", notice="calendar.notices.read_now")


@router.post("/notices/{notice_id}/read")
def read_one(
    notice_id: str, view: ViewHere, member_id: CurrentMember, database: DatabaseHere
) -> Response:
    """I have read this one."""
    execute(database, service.read, ReadNotices(member_id, parse_id(PREFIX, notice_id)))
    return view.redirect("/notices")
