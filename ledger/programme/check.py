"""What the parts of a programme file must be to each other; shapes alone are in ``schema``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ledger.programme.calendar import Calendar, UnknownZone
from ledger.programme.check_commerce import check_commerce, check_refund_fields
from ledger.programme.check_earning import (
    Wrong,
    by_attribute,
    check_caps,
    check_freezes,
    check_limits,
    check_points,
)
from ledger.programme.check_life import check_life
from ledger.programme.check_redemption import check_redemption
from ledger.programme.check_standing import check_standing
from ledger.programme.check_unit import check_unit
from ledger.programme.conditions import ConditionMalformed, compile_condition
from ledger.programme.model import ACTOR, Period
from ledger.programme.schema import (
    AttributeMultiplierFile,
    DayStreakMultiplierFile,
    ProgrammeFile,
    RuleFile,
    WeekStreakMultiplierFile,
)
from ledger.programme.schema_attributes import AttributeFile
from ledger.programme.schema_referral import check_referral
from ledger.programme.schema_thanks import check_thanks
from ledger.programme.schema_time import check_time
from ledger.programme.source import Path

RETRACTION: Final = "activity.retracted"


_FITTING: Final = {
    Period.AT_ONCE: (AttributeMultiplierFile, DayStreakMultiplierFile),
    Period.DAY: (AttributeMultiplierFile, DayStreakMultiplierFile),
    Period.WEEK: (AttributeMultiplierFile, WeekStreakMultiplierFile),
    Period.MONTH: (AttributeMultiplierFile,),
}
"""Kinds of multipliers that can be worked out for what is awarded at each close, or at once."""


def check(file: ProgrammeFile) -> Iterator[Wrong]:
    """Everything that is wrong with a file whose shape is right."""
    try:
        Calendar(file.zone)
    except UnknownZone:
        yield ("zone",), f"{file.zone!r} is not a known time zone", "zone: Europe/Moscow"
    for name, attribute in file.attributes.items():
        yield from _attribute(("attributes", name), attribute)
    for name, multiplier in file.multipliers.items():
        yield from _multiplier(("multipliers", name), multiplier, file)
    yield from _period(file)
    yield from _rules(file)
    yield from check_caps(file)
    yield from check_standing(file)
    yield from check_thanks(file.thanks, ((on, rule.to) for rule in file.rules for on in rule.on))
    yield from check_time(file.time, file.rules)
    yield from check_unit(file)
    yield from check_referral(file)
    yield from _terms(file)
    yield from check_commerce(file)


def check_unused(file: ProgrammeFile) -> Iterator[Wrong]:
    """What is stated and does nothing: multipliers that nothing names, refunds without a number."""
    yield from check_refund_fields(file)
    if file.period is Period.AT_ONCE:
        named = {name for rule in file.rules for name in rule.multipliers}
        field, by = "multipliers", "no rule names it"
    else:
        named = set(file.period_multipliers)
        field, by = "period_multipliers", "period_multipliers does not name it"
    for name in file.multipliers:
        if name not in named:
            yield ("multipliers", name), f"{by}, so it multiplies nothing", f"{field}: [{name}]"


def _attribute(path: Path, attribute: AttributeFile) -> Iterator[Wrong]:
    values = attribute.values
    if len({type(value) for value in values}) > 1:
        yield (*path, "values"), "whole numbers and texts are mixed", "values: [1, 2, 3]"
    if len(set(values)) < len(values):
        yield (*path, "values"), "a value is stated twice", "values: [1, 2, 3]"
    if attribute.default not in values:
        wrong = f"{attribute.default!r} is not one of the values"
        yield (*path, "default"), wrong, f"default: {values[0]}"
    for value in attribute.names:
        if value not in values:
            yield (*path, "names", value), f"{value!r} is not one of the values", f"{values[0]}: …"


def _multiplier(
    path: Path,
    multiplier: AttributeMultiplierFile | DayStreakMultiplierFile | WeekStreakMultiplierFile,
    file: ProgrammeFile,
) -> Iterator[Wrong]:
    if isinstance(multiplier, AttributeMultiplierFile):
        yield from by_attribute(path, multiplier.attribute, multiplier.table, file)
        return
    rows = multiplier.table
    if not rows or set(rows) != set(range(1, len(rows) + 1)):
        wrong = "a streak has a row for every length from 1 on, without gaps"
        yield (*path, "table"), wrong, "table: {1: 1.00, 2: 1.07}"
    yield from check_freezes((*path, "freezes"), multiplier, file)
    if isinstance(multiplier, DayStreakMultiplierFile):
        if multiplier.condition in multiplier.types:
            wrong = f"{multiplier.condition} is the condition; a second one makes no day active"
            yield (*path, "types"), wrong, "types: [text.submitted]"
        if RETRACTION in {multiplier.condition, *multiplier.types}:
            yield (*path, "types"), f"{RETRACTION} is no act", "types: [text.submitted]"


def _period(file: ProgrammeFile) -> Iterator[Wrong]:
    if file.period is Period.AT_ONCE and file.period_multipliers:
        wrong = "awards at once have no period to multiply; name multipliers in the rules"
        yield ("period_multipliers",), wrong, "multipliers: [streak]"
    if file.period is not Period.AT_ONCE:
        yield from _named(("period_multipliers",), file.period_multipliers, file)


def _rules(file: ProgrammeFile) -> Iterator[Wrong]:
    seen: set[str] = set()
    for index, rule in enumerate(file.rules):
        path: Path = ("rules", index)
        if rule.id in seen:
            yield (*path, "id"), f"{rule.id!r} names two rules", f"id: {rule.id}-2"
        if rule.id == file.programme and file.period is not Period.AT_ONCE:
            wrong = f"{rule.id!r} is the programme's name, which a period's award goes by"
            yield (*path, "id"), wrong, f"id: {rule.id}-rule"
        seen.add(rule.id)
        yield from _rule(path, rule)
        if file.period is not Period.AT_ONCE and rule.multipliers:
            wrong = f"with period: {file.period} the period's sum is multiplied, not the event"
            yield (*path, "multipliers"), wrong, "period_multipliers: [qualification]"
        elif rule.multipliers:
            yield from _named((*path, "multipliers"), rule.multipliers, file)


def _rule(path: Path, rule: RuleFile) -> Iterator[Wrong]:
    yield from check_points((*path, "points"), rule)
    if len(set(rule.on)) < len(rule.on):
        yield (*path, "on"), "a type is stated twice", "on: [post.created, topic.created]"
    yield from check_limits((*path, "limit"), rule)
    if RETRACTION in rule.on:
        yield (*path, "on"), f"{RETRACTION} removes an event; it earns nothing", "on: post.created"
    if len(set(rule.once_per)) < len(rule.once_per):
        yield (*path, "once_per"), "a field is stated twice", "once_per: [data.video]"
    if rule.owner is not None and rule.to != ACTOR:
        wrong = "`to` names the owner already; `owner` is for rules that pay the actor"
        yield (*path, "owner"), wrong, "to: actor"
    if rule.when is not None:
        try:
            compile_condition(rule.when)
        except ConditionMalformed as error:
            yield (*path, "when"), error.message.rstrip("."), "when: event.data.score >= 60"


def _named(path: Path, names: list[str], file: ProgrammeFile) -> Iterator[Wrong]:
    """Multipliers by name: they exist, once each, and are of a kind that fits the period."""
    if len(set(names)) < len(names):
        yield path, "a multiplier is named twice", "[streak, qualification]"
    for index, name in enumerate(names):
        multiplier = file.multipliers.get(name)
        if multiplier is None:
            known = ", ".join(file.multipliers) or "none is stated under multipliers"
            yield (*path, index), f"there is no multiplier {name!r} (known: {known})", "[streak]"
        elif not isinstance(multiplier, _FITTING[file.period]):
            wrong = (
                f"{name!r} is a {multiplier.by}, which with period: {file.period} "
                "is not executed by this version"
            )
            yield (*path, index), wrong, "an attribute multiplier"


def _terms(file: ProgrammeFile) -> Iterator[Wrong]:
    yield from check_life(file)
    if file.redemption is not None:
        yield from check_redemption(file.redemption)
