"""A member's standing in words: the level, what is missing to the next, and the voice by month."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import partial

from api.i18n.formats import write_exact
from api.pages.earning import category_words, say
from api.pages.rendering import View
from ledger.kernel.units import Points
from ledger.programme.model_standing import Level
from ledger.programme.numbers import exact_text
from ledger.standing.service import MemberStanding
from ledger.standing.store import KeptLevel


@dataclass(frozen=True, slots=True)
class ShownStanding:
    """What the card says. ``level`` and ``missing`` are ``None`` where no levels are stated."""

    points: Points
    level: str | None
    since: datetime | None
    """When it was reached, once the night has kept it."""
    missing: str | None
    floor: int
    """The threshold of the level reached …"""
    ceiling: int | None
    """… and of the next one."""
    categories: list[tuple[str, str]]
    voice: Points | None
    voice_hint: str | None
    months: list[tuple[str, str, str, str]]


def standing_shown(view: View, found: MemberStanding, kept: KeptLevel | None) -> ShownStanding:
    """Everything on the card, in the page's language; ``kept`` is the level kept last."""
    programme = found.programme
    terms = programme.voice if programme else None
    words = view.catalogue.text
    hint = None
    if terms is not None:
        decay = write_exact(exact_text(terms.decay * 100), view.language)
        cap = words(view.language, "member.points_count", count=terms.per_month)
        hint = words(view.language, "member.standing.voice_hint", cap=cap, decay=decay)
    shown = partial(_number, language=view.language)
    reached, following = found.reached.level, found.reached.following
    return ShownStanding(
        points=found.standing.points,
        level=_level(view, found),
        since=kept.reached_at
        if kept is not None and reached is not None and kept.level_id == reached.level_id
        else None,
        missing=_missing(view, found),
        floor=0 if reached is None else reached.points,
        ceiling=None if following is None else following.points,
        categories=[
            (
                category_words(view, category)
                if category
                else words(view.language, "member.standing.other"),
                shown(share),
            )
            for category, share in sorted(
                found.standing.by_category.items(), key=lambda row: row[0] or "~"
            )
        ],
        voice=None if terms is None else found.voice.points,
        voice_hint=hint,
        months=[
            (each.month, shown(each.earned), shown(each.counted), shown(each.left))
            for each in reversed(found.voice.months)
        ],
    )


def _level(view: View, found: MemberStanding) -> str | None:
    if found.programme is None or found.programme.levels is None:
        return None
    reached = found.reached.level
    if reached is None:
        return view.catalogue.text(view.language, "member.standing.no_level")
    return view.catalogue.text(view.language, "member.standing.level", level=_name(view, reached))


def _missing(view: View, found: MemberStanding) -> str | None:
    if found.programme is None or found.programme.levels is None:
        return None
    following = found.reached.following
    if following is None:
        return view.catalogue.text(view.language, "member.standing.top")
    return view.catalogue.text(
        view.language,
        "member.standing.missing",
        count=found.reached.missing.amount,
        level=_name(view, following),
    )


def _name(view: View, level: Level) -> str:
    return say(view, level.title, level.level_id)


def _number(exact: Fraction, language: str) -> str:
    """To two digits after the point, cut: for looking at; the exact number is in the API."""
    cut = Fraction(exact.numerator * 100 // exact.denominator, 100)
    return write_exact(exact_text(cut), language)
