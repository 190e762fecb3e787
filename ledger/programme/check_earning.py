"""What limits and caps must be to the rest of a programme file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from ledger.programme.expressions import Expression, ExpressionFailed
from ledger.programme.model import Period
from ledger.programme.model_earning import DAILY_CAP_ID, Per
from ledger.programme.schema import (
    DayStreakMultiplierFile,
    ProgrammeFile,
    RuleFile,
    WeekStreakMultiplierFile,
)
from ledger.programme.schema_earning import CapFile, NamedCapFile
from ledger.programme.source import Path

Wrong = tuple[Path, str, str]
"""Where, what is wrong, and an example that is right."""

_SPANS_HELD: Final = {
    Period.AT_ONCE: frozenset(Per),
    Period.DAY: frozenset(Per),
    Period.WEEK: frozenset({Per.WEEK, Per.MONTH, Per.LIFETIME}),
    Period.MONTH: frozenset({Per.MONTH, Per.LIFETIME}),
}
"""Spans of a programme's own caps: where points wait for a close, not shorter than the period."""


def check_limits(path: Path, rule: RuleFile) -> Iterator[Wrong]:
    """Limits of one rule: one for each span."""
    spans = [limit.per for limit in rule.limit or ()]
    if len(set(spans)) < len(spans):
        wrong = "two limits are for the same span"
        yield path, wrong, "limit: [{per: day, count: 3}, {per: week, count: 10}]"


def check_points(path: Path, rule: RuleFile) -> Iterator[Wrong]:
    """A number above zero; an expression that reads no field is one, too."""
    points = rule.points
    try:
        is_nothing = (
            points <= 0
            if not isinstance(points, Expression)
            else not points.fields and points.value({}) <= 0
        )
    except ExpressionFailed as error:
        yield path, error.message.rstrip("."), "points: 2.3"
        return
    if is_nothing:
        yield path, "a rule earns more than zero", "points: 2.3"


def check_freezes(
    path: Path, streak: DayStreakMultiplierFile | WeekStreakMultiplierFile, file: ProgrammeFile
) -> Iterator[Wrong]:
    """Freezes of a streak: there are some, and what excuses can be stated of a member."""
    freezes = streak.freezes
    if freezes is None:
        return
    if freezes.per is Per.WEEK and isinstance(streak, WeekStreakMultiplierFile):
        wrong = "freezes for missed weeks are for a month or a lifetime"
        yield (*path, "per"), wrong, "freezes: {count: 1, per: month}"
    if freezes.excused_by is None:
        if not freezes.count:
            yield (*path, "count"), "no freeze at all", "freezes: {count: 2, per: month}"
        return
    excuse, where = freezes.excused_by, (*path, "excused_by")
    attribute = file.attributes.get(excuse.attribute)
    if attribute is None:
        known = ", ".join(file.attributes) or "none is stated under attributes"
        wrong = f"there is no attribute {excuse.attribute!r} (known: {known})"
        yield (*where, "attribute"), wrong, "attribute: absence"
        return
    for value in excuse.values:
        if value not in attribute.values:
            wrong = f"{excuse.attribute} is never {value!r}"
            yield (*where, "values"), wrong, f"values: [{attribute.values[0]}]"


def check_caps(file: ProgrammeFile) -> Iterator[Wrong]:
    """The daily cap and the others."""
    if file.cap is not None:
        yield from _amount(("cap",), file.cap, file, "cap: {per: day, points: 100}")
        if Per.DAY not in _SPANS_HELD[file.period]:
            yield ("cap",), *_too_short(Per.DAY, file.period)
    seen = set() if file.cap is None else {DAILY_CAP_ID}
    for index, cap in enumerate(file.caps):
        path: Path = ("caps", index)
        if cap.id in seen:
            yield (*path, "id"), f"{cap.id!r} names two caps", f"id: {cap.id}-2"
        seen.add(cap.id)
        yield from _scope((*path, "of"), cap, file)
        example = f"{{id: {cap.id}, of: programme, per: {cap.per}, points: 100}}"
        yield from _amount(path, cap, file, example)


def by_attribute(
    path: Path, name: str, table: Mapping[int | str, object], file: ProgrammeFile
) -> Iterator[Wrong]:
    """A table with a row for every value of an attribute, and no other."""
    attribute = file.attributes.get(name)
    if attribute is None:
        known = ", ".join(file.attributes) or "none is stated under attributes"
        wrong = f"there is no attribute {name!r} (known: {known})"
        yield (*path, "attribute"), wrong, "attribute: qualification"
        return
    for value in attribute.values:
        if value not in table:
            wrong = f"{name} may be {value!r}, which has no row"
            yield (*path, "table"), wrong, f"table: {{{value}: 1}}"
    for value in table:
        if value not in attribute.values:
            wrong = f"{name} is never {value!r}"
            yield (*path, "table", value), wrong, f"{attribute.values[0]}: 1"


def _amount(
    path: Path, cap: CapFile | NamedCapFile, file: ProgrammeFile, example: str
) -> Iterator[Wrong]:
    if (cap.points is None) == (cap.attribute is None):
        wrong = "a cap is either `points` for everybody or a `table` by `attribute`"
        yield path, wrong, example
    elif cap.attribute is not None:
        yield from by_attribute(path, cap.attribute, cap.table, file)
    elif cap.table:
        yield (*path, "table"), "a table needs `attribute`", example


def _scope(path: Path, cap: NamedCapFile, file: ProgrammeFile) -> Iterator[Wrong]:
    known = {rule.id for rule in file.rules}
    if cap.of.rules and cap.of.category is not None:
        wrong = "a cap is of rules or of a category, not of both"
        yield path, wrong, f"of: {{category: {cap.of.category}}}"
    for index, name in enumerate(cap.of.rules):
        if name not in known:
            wrong = f"there is no rule {name!r}"
            yield (*path, "rules", index), wrong, f"rules: [{file.rules[0].id}]"
    categories = sorted({rule.category for rule in file.rules if rule.category})
    if cap.of.category is not None and cap.of.category not in categories:
        stated = ", ".join(categories) or "no rule states one"
        wrong = f"no rule is of the category {cap.of.category!r} (known: {stated})"
        yield (*path, "category"), wrong, "of: programme"
    is_programme = not cap.of.rules and cap.of.category is None
    if is_programme and cap.per not in _SPANS_HELD[file.period]:
        yield (*path[:-1], "per"), *_too_short(cap.per, file.period)


def _too_short(per: Per, period: Period) -> tuple[str, str]:
    wrong = (
        f"the programme awards by the {period}, so its own caps are for spans not shorter than "
        f"that, not for the {per}"
    )
    return wrong, "caps: [{id: month, of: programme, per: month, points: 2000}]"
