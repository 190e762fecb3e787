"""What the programme in force says a member can earn, in words: limits, caps, multipliers."""

from __future__ import annotations

from fractions import Fraction

from api.i18n.formats import write_exact, write_time
from api.pages.calendar import zone_of
from api.pages.rendering import View
from ledger.kernel.clock import Instant
from ledger.programme.expressions import Expression
from ledger.programme.model import (
    AttributeMultiplier,
    DayStreakMultiplier,
    Multiplier,
    Programme,
    Rule,
    Text,
)
from ledger.programme.model_earning import Cap, Freezes
from ledger.programme.numbers import exact_text
from ledger.scoring.left import CapLeft, Left


def say(view: View, text: Text | None, fallback: str) -> str:
    """A text in the page's language."""
    if text is None:
        return fallback
    return text.ru if view.written == "ru" else text.en


def category_words(view: View, name: str) -> str:
    """What a category is called; its own name if the catalogue does not know it."""
    key = f"member.earn.category.{name.replace('-', '_') or 'other'}"
    known = view.catalogue.has(view.language, key)
    return view.catalogue.text(view.language, key) if known else name


def amount_words(view: View, rule: Rule) -> str:
    """What a rule earns: a number, or that it goes by the event."""
    if isinstance(rule.points, Expression):
        return view.catalogue.text(view.language, "member.earn.formula")
    return write_exact(exact_text(rule.points), view.language)


def formula_of(rule: Rule) -> str | None:
    """The expression by which a rule earns, if it does by one."""
    return rule.points.text if isinstance(rule.points, Expression) else None


def limit_words(view: View, rule: Rule, left: Left) -> list[str]:
    """How often a rule pays, and how often it still does, for each of its limits."""
    said = [
        view.catalogue.text(view.language, f"member.earn.limit.{limit.per}", count=limit.count)
        for limit in rule.limits
    ]
    for each in left.of_rule(rule.rule_id):
        key = f"progress.left.times.{each.limit.per}"
        said.append(
            view.catalogue.text(view.language, key, count=each.left)
            if each.left
            else _used_up(view, each.again)
        )
    return said


def cap_rows(view: View, programme: Programme, left: Left) -> list[tuple[str, str]]:
    """What each cap is of and for which span, how many points it allows, and what is left."""
    of_cap = {each.cap.cap_id: each for each in left.caps}
    return [
        (
            view.catalogue.text(
                view.language, f"member.earn.cap.{cap.per}", of=_scope(view, programme, cap)
            ),
            " · ".join([_points(view, programme, cap), *_cap_left(view, of_cap.get(cap.cap_id))]),
        )
        for cap in programme.every_cap
    ]


def _cap_left(view: View, left: CapLeft | None) -> list[str]:
    if left is None:
        return []
    if not left.left:
        return [_used_up(view, left.again)]
    return [view.catalogue.text(view.language, "progress.left.points", count=left.left)]


def _used_up(view: View, again: Instant | None) -> str:
    if again is None:
        return view.catalogue.text(view.language, "progress.left.never")
    when = write_time(again.floor_datetime(), view.language, zone_of(view.request))
    return view.catalogue.text(view.language, "progress.left.again", when=when)


def _times(view: View, factor: Fraction) -> str:
    return f"× {write_exact(exact_text(factor), view.language)}"


def multiplier_rows(
    view: View, programme: Programme | None, multiplier: Multiplier
) -> list[tuple[str, str]]:
    """What a multiplier's table says: for whom or how long, and the factor."""
    if isinstance(multiplier, AttributeMultiplier):
        names = programme.attributes[multiplier.attribute].names if programme else {}
        return [
            (
                say(view, names.get(value), str(value)),
                _times(view, factor),
            )
            for value, factor in multiplier.table.items()
        ]
    kind = "days" if isinstance(multiplier, DayStreakMultiplier) else "weeks"
    last = len(multiplier.table)
    found = [
        (
            view.catalogue.text(view.language, f"member.earn.{kind}", count=number)
            + ("+" if number == last else ""),
            _times(view, factor),
        )
        for number, factor in enumerate(multiplier.table, start=1)
    ]
    if multiplier.freezes is not None:
        found += _freeze_rows(view, programme, multiplier.freezes, kind)
    return found


def _freeze_rows(
    view: View, programme: Programme | None, freezes: Freezes, kind: str
) -> list[tuple[str, str]]:
    """How many missed days or weeks are forgiven, and what excuses them."""
    say_key, said = view.catalogue.text, []
    if freezes.count:
        label = say_key(view.language, f"member.earn.freezes.{freezes.per}")
        said.append((label, say_key(view.language, f"member.earn.{kind}", count=freezes.count)))
    attribute = programme.attributes.get(freezes.attribute or "") if programme else None
    if attribute is not None:
        values = ", ".join(
            say(view, attribute.names.get(value), str(value)) for value in freezes.values
        )
        title = say(view, attribute.title, attribute.name)
        label = say_key(view.language, "member.earn.freezes.excused")
        said.append((label, f"{title}: {values}"))
    return said


def period_words(view: View, period: str) -> str:
    """A period by the text that names it: ``2026-03-02``, ``2026-W10`` or ``2026-03``."""
    if "-W" in period:
        week = period.replace("-W", " / ")
        return view.catalogue.text(view.language, "member.award.week", period=week)
    kind = "day" if period.count("-") == 2 else "month"
    return view.catalogue.text(view.language, f"member.award.{kind}", period=period)


def _scope(view: View, programme: Programme, cap: Cap) -> str:
    if cap.of.is_programme:
        return view.catalogue.text(view.language, "member.earn.cap.everything")
    if cap.of.category is not None:
        return category_words(view, cap.of.category)
    titles = {rule.rule_id: rule.title for rule in programme.rules}
    return ", ".join(say(view, titles.get(name), name) for name in cap.of.rules)


def _points(view: View, programme: Programme, cap: Cap) -> str:
    if cap.attribute is None:
        return view.catalogue.text(view.language, "member.points_count", count=cap.points or 0)
    names = programme.attributes[cap.attribute].names
    return ", ".join(
        f"{say(view, names.get(value), str(value))}: {points}"
        for value, points in cap.table.items()
    )
