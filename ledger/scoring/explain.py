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
from ledger.scoring.model import Activation, Entitlement, EventCause, Fact
from ledger.scoring.pipeline import Missed, Step
from ledger.scoring.plan import Plan
from ledger.scoring.project import Members, fold_of, participants, plan_of
from ledger.scoring.receipts import PeriodReceipt
from ledger.scoring.reductions import reduced


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
    version = plan.version_for(fact, plan.calendar.day(fact.time))
    if version is None:
        return [Outcome(None, Step.VERSION)]
    if fact.type not in version.rules_by_type:
        return [Outcome(None, Step.ON)]
    own = [each for each in settle(received) if member in participants(each, plan, resolve)]
    fold = fold_of(plan, member, own, resolve)
    missed: list[Missed] = []
    for each in own:
        fold.take(each, missed if each.cause == cause else None)
    awarded = _awarded(cause, reduced(fold.finish(closed_until), own))
    failed = {each.rule: each for each in missed}
    if fact.cause not in {each.cause for each in own}:
        failed |= {
            planned.rule.rule_id: Missed(planned.rule.rule_id, Step.TO)
            for planned in version.rules_by_type[fact.type]
        }
    return [
        _outcome(planned.rule.rule_id, awarded, failed)
        for planned in version.rules_by_type[fact.type]
    ]


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
