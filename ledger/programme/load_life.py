"""From the checked shape of the sections about the life of points to frozen values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from ledger.programme.model_earning import CapScope
from ledger.programme.model_life import (
    Active,
    Budget,
    Emission,
    EndOf,
    Happened,
    Inactivity,
    InactivityStep,
    OnDay,
    Term,
    Validity,
    Vesting,
    VestingCondition,
)
from ledger.programme.schema_life import (
    BudgetFile,
    ConditionFile,
    EmissionFile,
    EndOfFile,
    InactivityFile,
    OnDayFile,
    VestingFile,
)
from ledger.programme.schema_terms import TermFile


def term(file: TermFile | None) -> Term | None:
    """A length of life; ``None`` if none is stated."""
    return None if file is None else Term(file.years, file.months, file.days)


def validity(file: TermFile | EndOfFile | OnDayFile | None) -> Validity | None:
    """How long points last; ``None`` if nothing is stated."""
    if isinstance(file, EndOfFile):
        return EndOf(file.end_of, term(file.after))
    if isinstance(file, OnDayFile):
        *year, month, day = (int(part) for part in file.on.split("-"))
        return OnDay(month, day, year[0] if year else None)
    return term(file)


def vesting(file: VestingFile | str | None, kinds: Mapping[str, VestingFile]) -> Vesting | None:
    """How long a rule's points are pending; ``None`` if they are not."""
    if file is None:
        return None
    stated = vesting_kind(kinds[file] if isinstance(file, str) else file)
    return Vesting(stated.months, stated.days, stated.condition)


def vesting_kind(file: VestingFile) -> Vesting:
    """A named kind, with how far it may be set."""
    return Vesting(file.months, file.days, _condition(file.condition), file.days_max)


def inactivity(file: InactivityFile | None) -> Inactivity | None:
    """What of absent members' points decays."""
    if file is None:
        return None
    steps = tuple(InactivityStep(step.days, step.share) for step in file.steps)
    return Inactivity(steps, file.to == "rewards", file.warning_days)


def emission(file: EmissionFile | None) -> Emission | None:
    """What comes into being each day."""
    if file is None:
        return None
    return Emission(
        start=date.fromisoformat(file.start),
        yearly=file.yearly,
        halve_every_years=file.halve_every_years,
        pools=tuple(file.pools.items()),
    )


def budgets(files: Sequence[BudgetFile]) -> tuple[Budget, ...]:
    """Budgets, in the order stated."""
    return tuple(
        Budget(
            budget_id=file.id,
            of=CapScope(tuple(sorted(file.of.rules)), file.of.category),
            points=file.points,
            per=file.per,
        )
        for file in files
    )


def _condition(file: ConditionFile | None) -> VestingCondition | None:
    if file is None:
        return None
    if file.active is not None:
        return Active(file.active.who, file.active.within_days)
    assert file.happened is not None, "one of the two is stated"
    return Happened(file.happened.type, file.happened.who, file.happened.within_days)
