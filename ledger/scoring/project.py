"""The projection: facts and activations in, entitlements out.

``project`` scores everybody, ``project_member`` one member from the facts in which that member
takes part; the two agree because everything about a beneficiary is computable from those facts. A
``MemberFold`` takes one fact at a time, so that a checkpoint of it can stand for a prefix of
history.

     facts ──settle──▶ history ──per member──▶ MemberFold: pipeline ──▶ at once | periodic ──▶ [ ]

Where a top-up was activated, the fold runs once more with it, and the greater counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from ledger.kernel.clock import Instant
from ledger.programme.model_earning import Per
from ledger.scoring.at_once import AtOnce
from ledger.scoring.attributes import Timelines
from ledger.scoring.history import identity_at, in_order, settle
from ledger.scoring.model import Activation, Cause, Entitlement, EventCause, Fact, Quarantined
from ledger.scoring.periodic import Periodic
from ledger.scoring.pipeline import (
    MemberPipeline,
    Missed,
    Resolve,
    answer,
)
from ledger.scoring.plan import Plan, VersionPlan
from ledger.scoring.receipts import AttributeBasis
from ledger.scoring.reductions import reduced, unread
from ledger.scoring.running import Accrual, ByEra, OfOneEra, Running
from ledger.scoring.state import State
from ledger.scoring.state_book import Reader, Writer
from ledger.scoring.time_invested import TimeBook, with_counted

Members = Mapping[str, str] | None
"""Identity → member. ``None``: every identity is a member of its own."""


class MemberFold:
    """The state of one member's scoring; ``take`` facts in order, then ``finish`` once."""

    def __init__(self, plan: Plan, member: str, resolve: Resolve, stated: Sequence[Fact]) -> None:
        """``stated`` are the member's attribute facts, all of them, in order."""
        self._plan = plan
        self._member = member
        self._resolve = resolve
        self._pipeline = MemberPipeline(member, resolve)
        self._time = TimeBook()
        self._day: int | None = None
        timelines = self._timelines = Timelines(stated)
        running = self._running = Running(plan, timelines)
        accruals: list[OfOneEra] = [
            Periodic(plan, era, member, timelines, running)
            if era.per is not None
            else AtOnce(plan, member, timelines, running)
            for era in plan.eras
        ]
        self._accrual: Accrual = accruals[0]
        if len(accruals) > 1:
            self._accrual = ByEra(plan, running, accruals)

    def take(self, fact: Fact, missed: list[Missed] | None = None) -> None:
        """The next fact; what did not count of it is added to ``missed``, if given."""
        day = self._plan.day_of(fact.time)
        if day != self._day:
            self._accrual.pass_to(day)
            self._pipeline.forget_before(day - self._plan.days_back)
            self._day = day
        if fact.subject and self._resolve(fact.subject) == self._member:
            self._accrual.see(fact, day)
        version = self._plan.version_for(fact, day)
        if version is not None:
            terms = version.programme.time
            if terms is not None and fact.type in terms.types:
                fact = self._measured(fact, version)
            self._accrual.add(self._pipeline.take(fact, day, version, missed), day)

    def _measured(self, fact: Fact, version: VersionPlan) -> Fact:
        """Time invested: the minutes that count are the actor's own, and nobody else's."""
        terms = version.programme.time
        assert terms is not None, "of a type that the version measures"
        if fact.subject is None or self._resolve(fact.subject) != self._member:
            return with_counted(fact, 0, {})
        return self._time.measure(fact, terms, self._plan.day_of)

    def state(self, book: Writer) -> State:
        """What the facts taken so far leave behind for later ones; entitlements are no part."""
        return [
            self._day,
            self._pipeline.state(),
            self._time.state(),
            self._running.state(),
            self._accrual.state(book),
        ]

    def restore(self, state: State, book: Reader) -> None:
        """Go on, in a fold that has taken nothing yet, from where :meth:`state` was written."""
        self._day, pipeline, time, running, accrual = state
        self._pipeline.restore(pipeline)
        self._time.restore(time)
        self._running.restore(running)
        self._accrual.restore(accrual, book)

    @property
    def done(self) -> Sequence[Entitlement]:
        """What no later fact can touch any more, worked out so far."""
        return self._accrual.done

    def finish(self, closed_until: Instant | None) -> list[Entitlement]:
        """What the member is entitled to, in order."""
        return self._accrual.finish(closed_until)

    def counted(self, rule_id: str, per: Per, span: int) -> int:
        """How many events of a rule were counted in a span that is not over."""
        return self._pipeline.counted(rule_id, per, span)

    def capped(self, account: int, span: int) -> int | Fraction:
        """What was awarded in a span that counts towards an account of the plan's caps."""
        return self._running.caps.used[account].get(span, 0)

    def attribute(self, version: VersionPlan, name: str, at: Instant) -> AttributeBasis:
        """What was stated of the member, as a version understands it."""
        return self._timelines.of(version, name).at(at)


def project(
    facts: Iterable[Fact],
    activations: Sequence[Activation] | Plan,
    *,
    closed_until: Instant | None,
    resolve: Members = None,
) -> list[Entitlement]:
    """Every entitlement of everybody, by beneficiary (code points), then in order of facts.

    ``facts`` come in the order received; duplicates and retractions are dealt with here. Periods
    that close at or before ``closed_until`` are awarded, with ``None`` every period that holds a
    fact. An identity that ``resolve`` does not know earns nothing yet.

    Raises:
        ActivationRefused: activations that this version cannot score together.
    """
    plan = plan_of(activations)
    history: dict[str, list[Fact]] = {}
    for fact in settle(facts):
        for member in participants(fact, plan, resolve):
            history.setdefault(member, []).append(fact)
    return [
        entitlement
        for member in sorted(history)
        for entitlement in entitled(plan, member, history[member], closed_until, resolve)
    ]


def project_member(
    member: str,
    facts: Iterable[Fact],
    activations: Sequence[Activation] | Plan,
    *,
    closed_until: Instant | None,
    resolve: Members = None,
) -> list[Entitlement]:
    """One member's part of :func:`project`, from the facts in which the member takes part.

    Other facts among ``facts`` change nothing, as long as retractions of theirs come along.
    """
    plan = plan_of(activations)
    own = history_of(plan, member, facts, resolve)
    return entitled(plan, member, own, closed_until, resolve)


def history_of(plan: Plan, member: str, facts: Iterable[Fact], resolve: Members) -> list[Fact]:
    """The facts in which a member takes part, settled."""
    find = resolver(resolve)
    return [
        fact
        for fact in settle(facts)
        if (fact.subject and find(fact.subject) == member)
        or member in participants(fact, plan, resolve)
    ]


def quarantined(
    facts: Iterable[Fact], activations: Sequence[Activation] | Plan
) -> list[Quarantined]:
    """Events to which no rule is applied, because a condition or expression has none for them.

    And refunds that take nothing back, because they do not say how much.
    """
    plan = plan_of(activations)
    found: dict[EventCause, Quarantined] = {}
    history = settle(facts)
    for each in (plan, *plan.top_ups):
        for fact in history:
            version = each.version_for(fact, each.day_of(fact.time))
            if version is not None and fact.type in version.conditioned:
                terms = version.programme.time
                if terms is not None and fact.type in terms.types:
                    answers = answer(with_counted(fact, 0, {}), version)
                else:
                    answers = answer(fact, version)
                if isinstance(answers, Quarantined):
                    found.setdefault(fact.cause, answers)
            for reduction in () if version is None else version.programme.reductions:
                why = unread(reduction, fact)
                if why is not None:
                    silent = Quarantined(fact.cause, reduction.rules[0], why)
                    found.setdefault(fact.cause, silent)
    return list(found.values())


def participants(fact: Fact, plan: Plan, resolve: Members = None) -> set[str]:
    """Members who take part in a fact: its subject, and whom a rule could pay or would look at."""
    identities = [fact.subject]
    identities += [identity_at(fact, path) for path in plan.participant_paths(fact.type)]
    find = resolver(resolve)
    return {member for each in identities if each and (member := find(each)) is not None}


def plan_of(activations: Sequence[Activation] | Plan) -> Plan:
    """Activations made ready; a plan stays what it is, so that it can be shared."""
    return activations if isinstance(activations, Plan) else Plan(activations)


def resolver(resolve: Members) -> Resolve:
    """How identities become members."""
    return _itself if resolve is None else resolve.get


def _itself(identity: str) -> str:
    return identity


def fold_of(plan: Plan, member: str, history: Sequence[Fact], resolve: Members) -> MemberFold:
    """An empty fold for one member, whose whole history will be taken."""
    find = resolver(resolve)
    stated = [
        fact
        for fact in history
        if fact.type in plan.attribute_types and fact.subject and find(fact.subject) == member
    ]
    return MemberFold(plan, member, find, stated)


def entitled(
    plan: Plan,
    member: str,
    history: Sequence[Fact],
    closed_until: Instant | None,
    resolve: Members,
) -> list[Entitlement]:
    """What a settled history comes to, top-ups included and refunds of purchases off."""
    return run(plan, member, history, closed_until, resolve).entitlements


@dataclass(frozen=True, slots=True)
class Start:
    """Where folds go on: what each remembers (``Mark.states``), with the facts that it kept."""

    states: Sequence[State]
    kept: Sequence[Fact]


@dataclass(slots=True)
class Mark:
    """A place in a history at which every fold was written down, before its next fact.

    ``done`` are the entitlements worked out up to there, ``later`` the keys of all others.
    """

    book: Writer = field(default_factory=Writer)
    states: list[State] = field(default_factory=list)
    done: list[Entitlement] = field(default_factory=list)
    later: set[tuple[str, str, Cause]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Run:
    """What a run of the folds over a history came to; ``mark`` if one was asked for."""

    entitlements: list[Entitlement]
    mark: Mark | None


def run(
    plan: Plan,
    member: str,
    history: Sequence[Fact],
    closed_until: Instant | None,
    resolve: Members,
    *,
    start: Start | None = None,
    mark_at: int | None = None,
) -> Run:
    """As :func:`entitled`, from ``start`` on, where ``history`` is what comes after it.

    Then the entitlements are those that were not yet worked out at ``start``. The place to mark is
    a number of facts of ``history``.
    """
    known = history if start is None else sorted([*start.kept, *history], key=in_order)
    mark = None if mark_at is None else Mark()
    found: list[Entitlement] = []
    find = resolver(resolve)
    for place, each in enumerate((plan, *plan.top_ups)):
        fold = fold_of(each, member, known, resolve)
        if start is not None:
            fold.restore(start.states[place], Reader(each, start.kept))
        done: Sequence[Entitlement] = ()
        for number, fact in enumerate(history):
            if number == mark_at and mark is not None:
                mark.states.append(fold.state(mark.book))
                done = tuple(fold.done)
                mark.done += done
            fold.take(fact)
        found = _joined(place, found, reduced(fold.finish(closed_until), known, find))
        if mark is not None:
            mark.later |= {later.key for later in fold.done[len(done) :]}
    return Run(found, mark)


def _joined(place: int, found: list[Entitlement], other: list[Entitlement]) -> list[Entitlement]:
    return the_greater(found, other) if place else other


def the_greater(one: Sequence[Entitlement], other: Sequence[Entitlement]) -> list[Entitlement]:
    """Of every key the entitlement to more points; of equal ones the first stays."""
    best = {each.key: each for each in one}
    for each in other:
        before = best.get(each.key)
        if before is None or each.points > before.points:
            best[each.key] = each
    return sorted(best.values(), key=_in_order)


def _in_order(each: Entitlement) -> tuple[Instant, tuple[str, ...], str]:
    cause = each.cause
    named = (cause.source, cause.id) if isinstance(cause, EventCause) else (cause.period,)
    return each.earned_at, named, each.rule
