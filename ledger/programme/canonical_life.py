"""The canonical form of the sections about the life of points."""

from __future__ import annotations

from ledger.kernel.canonical import Json
from ledger.programme.model import BridgeTerms, Programme
from ledger.programme.model_life import (
    Active,
    Budget,
    Emission,
    EndOf,
    Inactivity,
    OnDay,
    Term,
    Validity,
    Vesting,
    VestingCondition,
)
from ledger.programme.numbers import exact_text


def life_form(programme: Programme) -> dict[str, Json]:
    """The sections that are stated, by name."""
    form: dict[str, Json] = {}
    if programme.vesting:
        form["vesting"] = {name: vesting_form(kind) for name, kind in programme.vesting.items()}
    if programme.inactivity is not None:
        form["inactivity"] = _inactivity(programme.inactivity)
    if programme.emission is not None:
        form["emission"] = _emission(programme.emission)
    if programme.budgets:
        form["budgets"] = [_budget(budget) for budget in programme.budgets]
    return form


def bridge_limits(bridge: BridgeTerms) -> dict[str, Json]:
    """Limits of the bridge that came later, where they are stated."""
    stated = {
        "refund_window_days": bridge.refund_window_days,
        "points_min": bridge.points_min,
        "points_max": bridge.points_max,
    }
    return {name: value for name, value in stated.items() if value is not None}


def term_form(term: Term | None) -> Json:
    """Years, months and days."""
    if term is None:
        return None
    return {"years": term.years, "months": term.months, "days": term.days}


def validity_form(validity: Validity | None) -> Json:
    """One of three forms; the one of a length is as it always was."""
    if isinstance(validity, EndOf):
        return {"end_of": validity.span, "after": term_form(validity.after)}
    if isinstance(validity, OnDay):
        return {"on": {"year": validity.year, "month": validity.month, "day": validity.day}}
    return term_form(validity)


def vesting_form(vesting: Vesting) -> Json:
    """How long, and the condition."""
    condition = vesting.condition
    return {
        "months": vesting.months,
        "days": vesting.days,
        "condition": None if condition is None else condition_form(condition),
        "days_max": vesting.days_max,
    }


def condition_form(condition: VestingCondition) -> dict[str, Json]:
    """A condition as files state it; also as the entry that grants such points does."""
    if isinstance(condition, Active):
        return {"active": {"who": condition.who, "within_days": condition.within_days}}
    return {
        "happened": {
            "type": condition.event_type,
            "who": condition.who,
            "within_days": condition.within_days,
        }
    }


def _inactivity(inactivity: Inactivity) -> Json:
    return {
        "check": "quarter",
        "steps": [[step.days, exact_text(step.share)] for step in inactivity.steps],
        "to": "rewards" if inactivity.to_rewards else "revoked",
        "warning_days": inactivity.warning_days,
    }


def _emission(emission: Emission) -> Json:
    return {
        "start": emission.start.isoformat(),
        "yearly": emission.yearly,
        "halve_every_years": emission.halve_every_years,
        "pools": [[pool, exact_text(share)] for pool, share in emission.pools],
    }


def _budget(budget: Budget) -> Json:
    return {
        "id": budget.budget_id,
        "of": {"rules": list(budget.of.rules), "category": budget.of.category},
        "points": budget.points,
        "per": budget.per,
    }
