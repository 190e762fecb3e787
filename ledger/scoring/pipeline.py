"""Step 4 of the pipeline for one member: what counts, before any multiplier.

     on ──▶ when ──▶ to ──▶ own act ──▶ once_per ──▶ limit ──▶ points above zero ──▶ counted
      │       │       │        │            │          │              │
      └───────┴───────┴────────┴────────────┴──────────┴──────────────┴──▶ missed

What fails a step uses up nothing of it or of later ones.

Takes facts in order and remembers what they used up: the first event of each ``once_per`` key, for
all time, and how many events each rule with a limit counted in the spans that are still open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import Final, NamedTuple

from ledger.kernel.canonical import plain_json
from ledger.programme.calendar import span_of_day
from ledger.programme.conditions import ConditionFailed, shown, values_in
from ledger.programme.expressions import Expression, ExpressionFailed
from ledger.programme.model import Rule
from ledger.programme.model_earning import Per
from ledger.programme.numbers import exact_text
from ledger.scoring.history import FieldPath, KeyPart, identity_at, key_at
from ledger.scoring.model import EventCause, Fact, Quarantined
from ledger.scoring.plan import RulePlan, VersionPlan
from ledger.scoring.receipts import LimitUse
from ledger.scoring.state import State, key_part_state, read_key_part

Resolve = Callable[[str], str | None]
"""Identity → member; ``None`` while nobody has linked it."""

_OnceKey = tuple[str, tuple[FieldPath, ...], tuple[KeyPart, ...]]


class Step(StrEnum):
    """Where an event's way to points ended."""

    UNKNOWN = "unknown"
    RETRACTED = "retracted"
    NOT_RELEASED = "not_released"
    VERSION = "version"
    ON = "on"
    QUARANTINE = "quarantine"
    WHEN = "when"
    TO = "to"
    OWN_ACT = "own_act"
    ONCE_PER = "once_per"
    LIMIT = "limit"
    POINTS = "points"
    PERIOD_OPEN = "period_open"
    CAP = "cap"
    AWARDED = "awarded"


@dataclass(frozen=True, slots=True)
class Missed:
    """A rule that did not pay the member for an event, and the first step that failed.

    ``by`` is the event that used up the ``once_per`` key, or the retraction; ``count`` and ``per``
    the limit; ``reason`` why a condition or expression had no answer, or what of zero or less an
    expression came to.
    """

    rule: str | None
    step: Step
    by: EventCause | None = None
    count: int | None = None
    reason: str | None = None
    per: Per | None = None


class Counted(NamedTuple):
    """An event that a rule counts for the member."""

    fact: Fact
    version: VersionPlan
    planned: RulePlan
    day: int
    limits: tuple[LimitUse, ...]
    points: Fraction
    """What the rule states, or its expression comes to."""


@dataclass(slots=True)
class Used:
    """What one member's events have used up so far; all the state that the pipeline has."""

    once: dict[_OnceKey, EventCause] = field(default_factory=dict)
    counts: dict[Per, dict[int, dict[str, int]]] = field(default_factory=dict)
    """Span → its number → rule id → how many events the rule counted."""

    def state(self) -> State:
        """As JSON; keys of one rule and list of fields together."""
        once: dict[tuple[str, tuple[FieldPath, ...]], list[State]] = {}
        for (rule_id, paths, values), by in self.once.items():
            parts = [key_part_state(value) for value in values]
            once.setdefault((rule_id, paths), []).append([parts, by.source, by.id])
        counts = [
            [per.value, [[span, list(used.items())] for span, used in spans.items()]]
            for per, spans in self.counts.items()
        ]
        stated = [
            [rule_id, [list(path) for path in paths], keys]
            for (rule_id, paths), keys in once.items()
        ]
        return [stated, counts]

    @classmethod
    def read(cls, state: State) -> Used:
        """Back from :meth:`state`."""
        used = cls()
        once, counts = state
        for rule_id, stated, keys in once:
            paths = tuple(tuple(path) for path in stated)
            for parts, source, event_id in keys:
                values = tuple([read_key_part(part) for part in parts])
                used.once[rule_id, paths, values] = EventCause(source, event_id)
        for per, spans in counts:
            used.counts[Per(per)] = {span: dict(rules) for span, rules in spans}
        return used


@dataclass(frozen=True, slots=True)
class Answers:
    """By rule id: whether its condition holds, and what its expression of points comes to."""

    holds: Mapping[str, bool]
    points: Mapping[str, Fraction]

    def points_of(self, rule: Rule) -> Fraction:
        """What a rule states, or its expression comes to."""
        if isinstance(rule.points, Expression):
            return self.points[rule.rule_id]
        return rule.points


_NOTHING_ASKED: Final = Answers({}, {})


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
        answers = _NOTHING_ASKED
        if fact.type in version.conditioned:
            asked = answer(fact, version)
            if isinstance(asked, Quarantined):
                if missed is not None:
                    missed.append(Missed(asked.rule, Step.QUARANTINE, reason=asked.reason))
                return []
            answers = asked
        is_own = self._is_own_act(fact, version)
        counted: list[Counted] = []
        for planned in rules:
            if answers is _NOTHING_ASKED:
                found = self._count(fact, day, planned, is_own=is_own)
            else:
                found = self._count_answered(fact, day, planned, answers, is_own=is_own)
            if not isinstance(found, Missed):
                points = answers.points_of(planned.rule)
                counted.append(Counted(fact, version, planned, day, found, points))
            elif missed is not None:
                missed.append(found)
        return counted

    def counted(self, rule_id: str, per: Per, span: int) -> int:
        """How many events of a rule were counted in a span; 0 once it was forgotten."""
        return self._used.counts.get(per, {}).get(span, {}).get(rule_id, 0)

    def state(self) -> State:
        """What has been used up, to go on from there (:meth:`restore`)."""
        return self._used.state()

    def restore(self, state: State) -> None:
        """Go on from where :meth:`state` was written."""
        self._used = Used.read(state)

    def forget_before(self, day: int) -> None:
        """Days before ``day`` are over: no fact will fall on them any more."""
        for per, spans in self._used.counts.items():
            span = span_of_day(per, day)
            for over in [each for each in spans if each < span]:
                del spans[over]

    def _count_answered(
        self, fact: Fact, day: int, planned: RulePlan, answers: Answers, *, is_own: bool
    ) -> tuple[LimitUse, ...] | Missed:
        rule = planned.rule
        if not answers.holds.get(rule.rule_id, True):
            return Missed(rule.rule_id, Step.WHEN)
        found = self._count(fact, day, planned, is_own=is_own)
        if not isinstance(found, Missed) and isinstance(rule.points, Expression):
            points = answers.points_of(rule)
            if points <= 0:
                return Missed(rule.rule_id, Step.POINTS, reason=exact_text(points))
        return found

    def _count(
        self, fact: Fact, day: int, planned: RulePlan, *, is_own: bool
    ) -> tuple[LimitUse, ...] | Missed:
        """Its places in the rule's limits, if the rule counts it."""
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
            return ()
        counts = [self._counts(per, day) for per in planned.counted_per]
        uses: list[LimitUse] = []
        for place, limit in planned.limits:
            position = counts[place].get(rule.rule_id, 0) + 1
            if position > limit.count:
                return Missed(rule.rule_id, Step.LIMIT, count=limit.count, per=limit.per)
            uses.append(LimitUse(position, limit))
        for used in counts:
            used[rule.rule_id] = used.get(rule.rule_id, 0) + 1
        return tuple(uses)

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


def answer(fact: Fact, version: VersionPlan) -> Answers | Quarantined:
    """What the conditions and expressions asked about a fact say, or why one has no answer.

    An expression is not asked where its rule's condition does not hold.
    """
    holds: dict[str, bool] = {}
    points: dict[str, Fraction] = {}
    rule_id = ""
    try:
        event: dict[str, object] = {}
        size = 0
        for planned in version.rules_by_type.get(fact.type, ()):
            rule, rule_id = planned.rule, planned.rule.rule_id
            if rule.when is not None:
                if not event:
                    content = {name: plain_json(value) for name, value in fact.data.items()}
                    event = shown(fact.type, fact.source, fact.time, content)
                    size = values_in(content)
                holds[rule_id] = rule.when.holds(event, size)
            if isinstance(rule.points, Expression) and holds.get(rule_id, True):
                points[rule_id] = rule.points.value(fact.data)
    except (ConditionFailed, ExpressionFailed) as error:
        return Quarantined(fact.cause, rule_id, error.message)
    return Answers(holds, points)
