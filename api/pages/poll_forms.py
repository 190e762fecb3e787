"""What the forms of polls say: a new poll, and a ballot without a signature."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from starlette.datastructures import FormData

from api import polling
from api.composition import Composition
from governance.polls.counting import Method
from governance.polls.errors import BadChoice, BadPoll
from governance.polls.model import Ballot, Poll, Weighing
from governance.polls.service import AnnouncePoll

DIGITS_MAX: Final = 9
LASTS: Final = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "fortnight": timedelta(days=14),
    "month": timedelta(days=30),
}
"""How long a poll may be open, as the form offers it."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A new poll as it was filled in, to be shown again."""

    title: str = ""
    body: str = ""
    options: tuple[str, ...] = ()
    method: str = Method.SINGLE
    weighing: str = Weighing.PERSON
    credits: str = ""
    standing_min: str = ""
    opens_at: str = ""
    lasts: str = "week"

    @classmethod
    def of(cls, form: FormData) -> Typed:
        """From the fields of the form."""
        options = _text(form, "options").replace("\r\n", "\n").split("\n")
        return cls(
            title=_text(form, "title"),
            body=_text(form, "body"),
            options=tuple(each.strip() for each in options if each.strip()),
            method=_text(form, "method"),
            weighing=_text(form, "weighing"),
            credits=_text(form, "credits"),
            standing_min=_text(form, "standing_min"),
            opens_at=_text(form, "opens_at"),
            lasts=_text(form, "lasts"),
        )

    def command(self, composition: Composition, author_id: UUID, now: datetime) -> AnnouncePoll:
        """What is asked for.

        Raises:
            BadPoll: a field cannot be read.
            ChainOff, NotDeployed, ChainUnavailable: tokens cannot be read.
        """
        opens_at = _moment(self.opens_at) if self.opens_at else None
        lasts = LASTS.get(self.lasts)
        if self.method not in set(Method) or self.weighing not in set(Weighing) or lasts is None:
            raise BadPoll("Choose how to count, by what and how long.", field="method")
        weighing = Weighing(self.weighing)
        return AnnouncePoll(
            author_id=author_id,
            title=self.title,
            body=self.body,
            options=self.options,
            method=Method(self.method),
            weighing=weighing,
            credits=_whole(self.credits, "credits") if self.credits.strip() else None,
            standing_min=_whole(self.standing_min or "0", "standing_min"),
            opens_at=opens_at,
            closes_at=(opens_at or now) + lasts,
            holdings=polling.holdings_of(composition, weighing),
        )


def chosen(poll: Poll, last: Ballot | None) -> list[str]:
    """What each option's field says, as the voter said it last."""
    options = range(len(poll.definition.options))
    choice = () if last is None else last.choice
    match poll.definition.method:
        case Method.QUADRATIC:
            return [str(choice[number]) if choice else "" for number in options]
        case Method.RANKED:
            return [str(choice.index(n) + 1) if n in choice else "" for n in options]
        case _:
            return ["yes" if number in choice else "" for number in options]


def choice_of(poll: Poll, form: FormData) -> tuple[int, ...]:
    """What a plain form says.

    Raises:
        BadChoice: it cannot be read.
    """
    options = range(len(poll.definition.options))
    match poll.definition.method:
        case Method.QUADRATIC:
            return tuple(_number(form, f"votes-{each}") or 0 for each in options)
        case Method.RANKED:
            places = {each: _number(form, f"place-{each}") for each in options}
            named = [each for each in options if places[each] is not None]
            if len({places[each] for each in named}) != len(named):
                raise BadChoice("Two options have the same place.")
            return tuple(sorted(named, key=lambda each: places[each] or 0))
        case _:
            chosen = [each for each in form.getlist("choice") if each]
            if not all(isinstance(each, str) and _is_number(each) for each in chosen):
                raise BadChoice("Options are named by their numbers.")
            return tuple(int(str(each)) for each in chosen)


def _number(form: FormData, name: str) -> int | None:
    text = _text(form, name).strip()
    if text and not _is_number(text):
        raise BadChoice("State whole numbers.")
    return int(text) if text else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX


def _moment(text: str) -> datetime:
    """A time as a form states it, in UTC.

    Raises:
        BadPoll: it is none.
    """
    try:
        return datetime.fromisoformat(text[:32]).replace(tzinfo=ZoneInfo("UTC"))
    except ValueError as error:
        raise BadPoll("This is no time.", field="opens_at") from error


def _whole(text: str, field: str) -> int:
    if not _is_number(text.strip()):
        raise BadPoll("This is no whole number.", field=field)
    return int(text)


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value if isinstance(value, str) else ""
