"""What the sections about the life of points must be to the rest of a programme file."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Final

from ledger.programme.model import Period
from ledger.programme.schema_life import (
    ConditionFile,
    EmissionFile,
    EndOfFile,
    InactivityFile,
    OnDayFile,
    VestingFile,
)
from ledger.programme.schema_terms import TermFile
from ledger.programme.source import Path

if TYPE_CHECKING:
    from ledger.programme.schema import ProgrammeFile

Wrong = tuple[Path, str, str]
_LEAP_YEAR: Final = 2000
_WHOLE: Final = 100


def check_life(file: ProgrammeFile) -> Iterator[Wrong]:
    """Lengths of life, vesting, decay, emission and budgets."""
    yield from _validity(("validity",), file.validity)
    for name, kind in file.vesting.items():
        yield from _vesting(("vesting", name), kind)
    for index in range(len(file.rules)):
        yield from _rule(("rules", index), file, index)
    if file.bridge is not None:
        yield from _validity(("bridge", "returned_validity"), file.bridge.returned_validity)
        least, most = file.bridge.points_min, file.bridge.points_max
        if least is not None and most is not None and most < least:
            yield ("bridge", "points_max"), f"less than points_min, {least}", f"points_max: {least}"
    if file.inactivity is not None:
        yield from _inactivity(("inactivity",), file.inactivity)
        if file.inactivity.to == "rewards" and file.emission is None:
            wrong = "there is no rewards pool without `emission`"
            yield ("inactivity", "to"), wrong, "to: revoked"
    if file.emission is not None:
        yield from _emission(("emission",), file.emission)
    yield from _budgets(file)


def _rule(path: Path, file: ProgrammeFile, index: int) -> Iterator[Wrong]:
    rule = file.rules[index]
    yield from _validity((*path, "validity"), rule.validity)
    for name in ("validity", "vesting"):
        if getattr(rule, name) is not None and file.period is not Period.AT_ONCE:
            yield (*path, name), *_one_award(file.period, name)
    if isinstance(rule.vesting, str):
        if rule.vesting not in file.vesting:
            known = ", ".join(file.vesting) or "none is stated under vesting"
            wrong = f"there is no vesting {rule.vesting!r} (known: {known})"
            yield (*path, "vesting"), wrong, "vesting: {days: 30}"
    elif rule.vesting is not None:
        yield from _vesting((*path, "vesting"), rule.vesting)
        if not (rule.vesting.months or rule.vesting.days):
            yield (*path, "vesting"), "no time at all", "vesting: {days: 30}"
        if rule.vesting.days_max is not None:
            wrong = "a rule's awards vest as stated; `days_max` is for kinds under `vesting`"
            yield (*path, "vesting", "days_max"), wrong, "vesting: {days: 30}"


def _one_award(period: Period, name: str) -> tuple[str, str]:
    wrong = f"what a {period} is worth is one award, with one life: rules have no {name} there"
    return wrong, f"leave `{name}` out"


def _vesting(path: Path, vesting: VestingFile) -> Iterator[Wrong]:
    waits = vesting.months or vesting.days
    if vesting.condition is not None:
        yield from _condition((*path, "condition"), vesting.condition)
        if not waits:
            wrong = "a condition is checked when points mature, and these never wait"
            yield (*path, "condition"), wrong, "days: 30"
    if vesting.days_max is not None and (vesting.months or vesting.days_max < vesting.days):
        wrong = "`days_max` is not less than `days`, and not beside `months`"
        yield (*path, "days_max"), wrong, f"days_max: {max(vesting.days, 90)}"


def _condition(path: Path, condition: ConditionFile) -> Iterator[Wrong]:
    if (condition.active is None) == (condition.happened is None):
        wrong = "a condition is one of `active` and `happened`"
        yield path, wrong, "condition: {active: {within_days: 30}}"


def _validity(path: Path, validity: TermFile | EndOfFile | OnDayFile | None) -> Iterator[Wrong]:
    if isinstance(validity, OnDayFile):
        *year, month, day = (int(part) for part in validity.on.split("-"))
        try:
            date(year[0] if year else _LEAP_YEAR, month, day)
        except ValueError:
            yield (*path, "on"), f"there is no day {validity.on}", 'on: "09-01"'
        return
    term = validity.after if isinstance(validity, EndOfFile) else validity
    if term is not None and not (term.years or term.months or term.days):
        if isinstance(validity, EndOfFile):
            path = (*path, "after")
        yield path, "no time at all", "{months: 12}"


def _inactivity(path: Path, inactivity: InactivityFile) -> Iterator[Wrong]:
    for index, (one, other) in enumerate(itertools.pairwise(inactivity.steps), start=1):
        if other.days <= one.days:
            wrong = f"each step is of more days than the one before, which has {one.days}"
            yield (*path, "steps", index, "days"), wrong, f"days: {one.days + 90}"
    if inactivity.steps[0].days <= inactivity.warning_days:
        wrong = "a member would be warned before having been away"
        yield (*path, "warning_days"), wrong, "warning_days: 14"


def _emission(path: Path, emission: EmissionFile) -> Iterator[Wrong]:
    try:
        date.fromisoformat(emission.start)
    except ValueError:
        yield (*path, "start"), f"there is no day {emission.start}", 'start: "2026-01-01"'
    total = sum(emission.pools.values())
    if total != _WHOLE:
        wrong = f"the pools take {total} per cent together"
        yield (*path, "pools"), wrong, "pools: {rewards: 80, treasury: 20}"
    if "rewards" not in emission.pools:
        wrong = "awards are paid out of `rewards`, which gets nothing"
        yield (*path, "pools"), wrong, "pools: {rewards: 80, treasury: 20}"


def _budgets(file: ProgrammeFile) -> Iterator[Wrong]:
    seen: set[str] = set()
    categories = {rule.category for rule in file.rules if rule.category}
    known = {rule.id for rule in file.rules}
    for index, budget in enumerate(file.budgets):
        path: Path = ("budgets", index)
        if budget.id in seen:
            yield (*path, "id"), f"{budget.id!r} names two budgets", f"id: {budget.id}-2"
        seen.add(budget.id)
        part = budget.of.rules or budget.of.category is not None
        if part and file.period is not Period.AT_ONCE:
            wrong = f"what a {file.period} is worth is one award, paid from one budget or none"
            yield (*path, "of"), wrong, "of: programme"
        for place, name in enumerate(budget.of.rules):
            if name not in known:
                wrong = f"there is no rule {name!r}"
                yield (*path, "of", "rules", place), wrong, f"rules: [{file.rules[0].id}]"
        if budget.of.category is not None and budget.of.category not in categories:
            stated = ", ".join(sorted(categories)) or "no rule states one"
            wrong = f"no rule is of the category {budget.of.category!r} (known: {stated})"
            yield (*path, "of", "category"), wrong, "of: programme"
