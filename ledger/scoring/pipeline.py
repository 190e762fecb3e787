"""Step 4 of the pipeline for one member: what counts, before any points.

     on ──▶ when ──▶ to ──▶ own act ──▶ once_per ──▶ limit ──▶ counted
      │       │       │        │            │          │
      └───────┴───────┴────────┴────────────┴──────────┴──▶ missed (and nothing used up)

Takes facts in order and remembers what they used up: the first event of each ``once_per`` key, for
all time, and how many events each rule with a limit counted in the spans that are still open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ledger.programme.calendar import span_of_day
from ledger.programme.conditions import ConditionFailed, shown, values_in
from ledger.programme.model_earning import Per
from ledger.scoring.history import FieldPath, KeyPart, identity_at, key_at
from ledger.scoring.model import EventCause, Fact, Quarantined
from ledger.scoring.plan import RulePlan, VersionPlan
from ledger.scoring.receipts import LimitUse

Resolve = Callable[[str], str | None]
"""Identity → member; ``None`` while nobody has linked it."""

_OnceKey = tuple[str, tuple[FieldPath, ...], tuple[KeyPart, ...]]
DAYS_BACK_MAX: Final = 1
"""Local days run back by at most one where a zone turns its clock back over midnight."""


class Step(StrEnum):
    """Where an event's way to points ended."""

    UNKNOWN = "unknown"
    RETRACTED = "retracted"
    VERSION = "version"
    ON = "on"
    QUARANTINE = "quarantine"
    WHEN = "when"
    TO = "to"
    OWN_ACT = "own_act"
    ONCE_PER = "once_per"
    LIMIT = "limit"
    PERIOD_OPEN = "period_open"
    CAP = "cap"
    AWARDED = "awarded"


@dataclass(frozen=True, slots=True)
class Missed:
    """A rule that did not pay the member for an event, and the first step that failed.

    ``by`` is the event that used up the ``once_per`` key, or the retraction; ``count`` and ``per``
    the limit; ``reason`` why a condition had no answer.
    """

    rule: str | None
    step: Step
    by: EventCause | None = None
    count: int | None = None
    reason: str | None = None
    per: Per | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """An event that a rule counts for the member."""

    fact: Fact
    version: VersionPlan
    planned: RulePlan
    day: int
    limits: tuple[LimitUse, ...]


@dataclass(slots=True)
class Used:
    """What one member's events have used up so far; all the state that the pipeline has."""

    once: dict[_OnceKey, EventCause] = field(default_factory=dict)
    counts: dict[Per, dict[int, dict[str, int]]] = field(default_factory=dict)
    """Span → its number → rule id → how many events the rule counted."""


class MemberPipeline:
    """The pipeline of one member."""

    def __init__(self, member: str, resolve: Resolve) -> None:
        self._member = member
        self._resolve = resolve
        self._used = Used()

    def take(
        self, fact: Fact, day: int, version: VersionPlan, missed: list[Missed] | None = None
    ) -> list[Counted]:
        """What the rules of ``version`` count of ``fact`` for the member.

        Facts come in order. Why a rule does not count it is added to ``missed``, if given.
        """
        rules = version.rules_by_type.get(fact.type)
        if rules is None:
            return []
        answers: Mapping[str, bool] = {}
        if fact.type in version.conditioned:
            asked = answer_conditions(fact, version)
            if isinstance(asked, Quarantined):
                if missed is not None:
                    missed.append(Missed(asked.rule, Step.QUARANTINE, reason=asked.reason))
                return []
            answers = asked
        is_own = self._is_own_act(fact, version)
        counted: list[Counted] = []
        for planned in rules:
            if not answers.get(planned.rule.rule_id, True):
                found: Counted | Missed = Missed(planned.rule.rule_id, Step.WHEN)
            else:
                found = self._count(fact, day, version, planned, is_own=is_own)
            if isinstance(found, Counted):
                counted.append(found)
            elif missed is not None:
                missed.append(found)
        return counted

    def forget_before(self, day: int) -> None:
        """Days before ``day`` are over: no fact will fall on them any more."""
        for per, spans in self._used.counts.items():
            span = span_of_day(per, day)
            for over in [each for each in spans if each < span]:
                del spans[over]

    def _count(
        self, fact: Fact, day: int, version: VersionPlan, planned: RulePlan, *, is_own: bool
    ) -> Counted | Missed:
        rule = planned.rule
        identity = fact.subject if planned.to is None else identity_at(fact, planned.to)
        if not identity or self._resolve(identity) != self._member:
            return Missed(rule.rule_id, Step.TO)
        if is_own:
            return Missed(rule.rule_id, Step.OWN_ACT)
        if planned.once_lists:
            by = self._use_once(fact, planned)
            if by is not None:
                return Missed(rule.rule_id, Step.ONCE_PER, by=by)
        if not planned.counted_per:
            return Counted(fact, version, planned, day, ())
        counts = {per: self._counts(per, day) for per in planned.counted_per}
        uses: list[LimitUse] = []
        for limit in rule.limits:
            position = counts[limit.per].get(rule.rule_id, 0) + 1
            if position > limit.count:
                return Missed(rule.rule_id, Step.LIMIT, count=limit.count, per=limit.per)
            uses.append(LimitUse(position, limit))
        for used in counts.values():
            used[rule.rule_id] = used.get(rule.rule_id, 0) + 1
        return Counted(fact, version, planned, day, tuple(uses))

    def _counts(self, per: Per, day: int) -> dict[str, int]:
        """Rule id → how many it counted in the span of ``day`` so far."""
        spans = self._used.counts.get(per)
        if spans is None:
            spans = self._used.counts[per] = {}
        span = span_of_day(per, day)
        if span not in spans:
            spans[span] = {}
        return spans[span]

    def _use_once(self, fact: Fact, planned: RulePlan) -> EventCause | None:
        """The event that used up this one's key, or ``None`` and the key is used up now."""
        rule_id = planned.rule.rule_id
        once = self._used.once
        if planned.once_per:
            values = key_at(fact, planned.once_per)
            if values is not None:
                by = once.get((rule_id, planned.once_per, values))
                if by is not None:
                    return by
        for paths in planned.once_lists:
            values = key_at(fact, paths)
            if values is not None:
                once.setdefault((rule_id, paths, values), fact.cause)
        return None

    def _is_own_act(self, fact: Fact, version: VersionPlan) -> bool:
        paths = version.owners_by_type.get(fact.type)
        if not paths or not fact.subject:
            return False
        actor = self._resolve(fact.subject)
        if actor is None:
            return False
        for path in paths:
            owner = identity_at(fact, path)
            if owner is not None and self._resolve(owner) == actor:
                return True
        return False


def answer_conditions(fact: Fact, version: VersionPlan) -> dict[str, bool] | Quarantined:
    """Rule id → whether its condition holds, or the first rule whose condition has no answer."""
    answers: dict[str, bool] = {}
    rule_id = ""
    try:
        event = shown(fact.type, fact.source, fact.time, fact.data)
        size = values_in(fact.data)
        for planned in version.rules_by_type.get(fact.type, ()):
            condition, rule_id = planned.rule.when, planned.rule.rule_id
            if condition is not None:
                answers[rule_id] = condition.holds(event, size)
    except ConditionFailed as error:
        return Quarantined(fact.cause, rule_id, error.message)
    return answers
