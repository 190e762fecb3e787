"""Why, and why not: what one event earned one member, rule by rule.

The first step of the pipeline that failed is the answer; an award answers with its receipt. Says it
in codes and values; the words are the pages'.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.programme.model_earning import Per
from ledger.scoring.history import first_received, retracted_by, settle
from ledger.scoring.model import Activation, Entitlement, EventCause, Fact, PeriodCause
from ledger.scoring.pipeline import Missed, Step
from ledger.scoring.plan import Plan
from ledger.scoring.project import Members, fold_of, participants, plan_of, resolver
from ledger.scoring.receipts import PeriodReceipt
from ledger.scoring.reductions import reduced, unread_of


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an event under one rule (``None``: under none at all).

    ``step`` is the first that failed; ``awarded``, or ``cap`` if the cap left nothing, with the
    entitlement; ``period_open`` for what will be in the award of a week that is not closed yet.
    """

    rule: str | None
    step: Step
    by: EventCause | None = None
    count: int | None = None
    reason: str | None = None
    per: Per | None = None
    entitlement: Entitlement | None = None

    def to_json(self) -> dict[str, Json]:
        """The outcome with what there is to say of it."""
        said: dict[str, Json] = {"rule": self.rule, "step": self.step.value}
        if self.by is not None:
            said["by"] = {"source": self.by.source, "id": self.by.id}
        if self.count is not None:
            said["count"] = self.count
        if self.per is not None and self.per is not Per.DAY:
            said["per"] = self.per.value
        if self.reason is not None:
            said["reason"] = self.reason
        if self.entitlement is not None:
            said["points"] = self.entitlement.points.amount
            said["excess"] = self.entitlement.excess.amount
            said["receipt"] = self.entitlement.receipt.to_json()
        return said


def why_not(
    cause: EventCause,
    member: str,
    facts: Iterable[Fact],
    activations: Sequence[Activation] | Plan,
    *,
    closed_until: Instant | None,
    resolve: Members = None,
) -> list[Outcome]:
    """What ``cause`` earned ``member``, a line for each rule that listens to its type.

    ``facts`` are at least those in which the member takes part, retractions included.
    """
    received = first_received(facts)
    fact = next((each for each in received if each.cause == cause), None)
    if fact is None:
        return [Outcome(None, Step.UNKNOWN)]
    retraction = retracted_by(received).get((cause.source, cause.id))
    if retraction is not None:
        return [Outcome(None, Step.RETRACTED, by=retraction)]
    plan = plan_of(activations)
    own = [each for each in settle(received) if member in participants(each, plan, resolve)]
    asked = _Asked(fact, member, own, closed_until, resolve)
    return _the_best([_under(each, asked) for each in (plan, *plan.top_ups)])


@dataclass(frozen=True, slots=True)
class _Asked:
    fact: Fact
    member: str
    own: Sequence[Fact]
    """Every fact in which the member takes part, in order."""
    closed_until: Instant | None
    resolve: Members


@dataclass(frozen=True, slots=True)
class _Found:
    outcomes: list[Outcome]
    entitled: Sequence[Entitlement] = ()


def _under(plan: Plan, asked: _Asked) -> _Found:
    """What a plan says, its top-ups left aside."""
    fact, own = asked.fact, asked.own
    version = plan.version_for(fact, plan.day_of(fact.time))
    fold = fold_of(plan, asked.member, own, asked.resolve)
    missed: list[Missed] = []
    for each in own:
        fold.take(each, missed if each.cause == fact.cause else None)
    entitled = reduced(fold.finish(asked.closed_until), own, resolver(asked.resolve))
    unread = unread_of(entitled, fact)
    if unread:
        said = [Outcome(rule, Step.QUARANTINE, reason=reason) for rule, reason in unread]
        return _Found(said, entitled)
    # What the plan awards a period counts against a top-up's even if the event is no part of it.
    if version is None:
        return _Found([Outcome(None, Step.VERSION)], entitled)
    if fact.type not in version.rules_by_type:
        return _Found([Outcome(None, Step.ON)], entitled)
    awarded = _awarded(fact.cause, entitled)
    failed = {each.rule: each for each in missed}
    if fact.cause not in {each.cause for each in own}:
        failed |= {
            planned.rule.rule_id: Missed(planned.rule.rule_id, Step.TO)
            for planned in version.rules_by_type[fact.type]
        }
    outcomes = [
        _outcome(planned.rule.rule_id, awarded, failed)
        for planned in version.rules_by_type[fact.type]
    ]
    return _Found(outcomes, entitled)


def _the_best(plans: Sequence[_Found]) -> list[Outcome]:
    """Of the plan that decides a period its outcomes; at once, rule by rule, the greater."""
    best: dict[object, tuple[int, int]] = {}
    for place, found in enumerate(plans):
        for entitlement in found.entitled:
            points = entitlement.points.amount
            if entitlement.key not in best or points > best[entitlement.key][0]:
                best[entitlement.key] = points, place
    every = [outcome for found in plans for outcome in found.outcomes]
    paid = (outcome.entitlement for outcome in every if outcome.entitlement is not None)
    period = next((each for each in paid if isinstance(each.cause, PeriodCause)), None)
    if period is not None:
        return plans[best[period.key][1]].outcomes
    rules: dict[str | None, Outcome] = {}
    for outcome in every:
        if outcome.rule not in rules or _points(outcome) > _points(rules[outcome.rule]):
            rules[outcome.rule] = outcome
    if len(rules) > 1:
        rules.pop(None, None)
    return list(rules.values())


def _points(outcome: Outcome) -> int:
    """Minus one if nothing was awarded, not even nothing above a cap."""
    return -1 if outcome.entitlement is None else outcome.entitlement.points.amount


_Awarded = tuple[Entitlement, Step]


def _awarded(cause: EventCause, entitlements: Iterable[Entitlement]) -> dict[str, _Awarded]:
    """Rule id → the entitlement that the event is in, and whether caps left it anything."""
    found: dict[str, _Awarded] = {}
    for entitlement in entitlements:
        receipt = entitlement.receipt
        nothing_left = not entitlement.points and bool(entitlement.excess)
        if isinstance(receipt, PeriodReceipt):
            for part in receipt.contributions:
                if part.fact.cause == cause:
                    is_over = nothing_left or (bool(part.stated) and not part.weight)
                    found[part.rule_id] = entitlement, Step.CAP if is_over else Step.AWARDED
        elif entitlement.cause == cause:
            found[receipt.rule_id] = entitlement, Step.CAP if nothing_left else Step.AWARDED
    return found


def _outcome(
    rule_id: str, awarded: dict[str, _Awarded], failed: dict[str | None, Missed]
) -> Outcome:
    entitlement = awarded.get(rule_id)
    if entitlement is not None:
        return Outcome(rule_id, entitlement[1], entitlement=entitlement[0])
    missed = failed.get(rule_id)
    if missed is not None:
        return Outcome(rule_id, missed.step, missed.by, missed.count, missed.reason, per=missed.per)
    quarantine = next((each for each in failed.values() if each.step is Step.QUARANTINE), None)
    if quarantine is not None:
        return Outcome(rule_id, Step.QUARANTINE, reason=quarantine.reason)
    return Outcome(rule_id, Step.PERIOD_OPEN)
