"""The calendar of votes and notices of them as clients see them: words, JSON, iCalendar entries.

One rendering for routes and pages. Times are UTC here; pages show the reader's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from api.i18n.catalogue import Catalogue, Language
from governance.calendar import service as calendar
from governance.calendar.ical import Entry
from governance.calendar.model import Moment, Subject
from governance.reminders.model import PREFIX, Notice
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work

SUPPORTS = ("against", "for", "abstain")
"""By the Governor's number; any other is a vote divided between them."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Says things in one language."""

    catalogue: Catalogue
    language: Language

    def moment(self, moment: Moment) -> str:
        """What happens, and to what: "Voting closes: A garden"."""
        return f"{self.kind(moment)}: {self.title(moment)}"

    def title(self, moment: Moment) -> str:
        """What it is of."""
        nameless = self.catalogue.text(self.language, "calendar.nameless")
        return moment.titled(self.language) or nameless

    def kind(self, moment: Moment) -> str:
        """What happens."""
        return self.catalogue.text(self.language, f"calendar.{moment.subject}.{moment.kind}")

    def change(self, moment: Moment) -> str:
        """That it was moved or is off; nothing of most moments."""
        if not moment.changes:
            return ""
        key = "calendar.off" if moment.is_off else "calendar.moved"
        return self.catalogue.text(self.language, key)


@dataclass(frozen=True, slots=True)
class ShownNotice:
    """A notice with what it is about as that stands now; ``title`` is empty where it is gone."""

    notice: Notice
    title: str
    page: str
    at: datetime
    """When it happens, which may have moved since the notice was made."""


def moment_json(moment: Moment, origin: str) -> dict[str, Json]:
    """A moment for everybody."""
    return {
        "id": moment.key,
        "uid": moment.uid,
        "subject": moment.subject.value,
        "subject_id": moment.subject_id,
        "kind": moment.kind.value,
        "at": Instant.of(moment.at).isoformat(),
        "title": moment.title or None,
        "off": moment.is_off,
        "changes": moment.changes,
        "said_at": Instant.of(moment.said_at).isoformat(),
        "url": origin + moment.page,
    }


def entries(moments: Iterable[Moment], speaker: Speaker, origin: str) -> list[Entry]:
    """Moments as entries of an iCalendar stream."""
    return [
        Entry(
            moment=each,
            summary=speaker.moment(each),
            description="\n".join(filter(None, (speaker.change(each), origin + each.page))),
            url=origin + each.page,
        )
        for each in moments
    ]


def shown_notices(work: Work, notices: Sequence[Notice]) -> list[ShownNotice]:
    """Notices with what they are about, each proposal and poll looked up once."""
    lives: dict[tuple[Subject, str], list[Moment]] = {}
    for each in notices:
        about = each.subject, each.subject_id
        if about not in lives:
            lives[about] = calendar.moments_of(work, *about)
    return [_shown(each, lives[each.subject, each.subject_id]) for each in notices]


def notice_json(shown: ShownNotice, origin: str) -> dict[str, Json]:
    """A notice, for the member whose it is."""
    notice = shown.notice
    support = notice.support
    return {
        "id": format_id(PREFIX, notice.notice_id),
        "kind": notice.kind.value,
        "moment": notice.moment,
        "subject": notice.subject.value,
        "subject_id": notice.subject_id,
        "title": shown.title or None,
        "at": Instant.of(shown.at).isoformat(),
        "support": None if support is None else support_name(support),
        "url": origin + shown.page,
        "made_at": Instant.of(notice.made_at).isoformat(),
        "read_at": None if notice.read_at is None else Instant.of(notice.read_at).isoformat(),
    }


def support_name(support: int) -> str:
    """How a delegate voted."""
    return SUPPORTS[support] if support < len(SUPPORTS) else "divided"


def _shown(notice: Notice, life: Sequence[Moment]) -> ShownNotice:
    if not life:
        return ShownNotice(notice, "", "/calendar", notice.at)
    now = next((each for each in life if each.key == notice.moment), None)
    at = notice.at if now is None else now.at
    return ShownNotice(notice, life[0].title, life[0].page, at)
