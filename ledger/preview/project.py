"""One member before and after, from facts and activations; a file of facts as a whole. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from ledger.kernel.clock import Instant
from ledger.preview.model import Line, Question, worth_of
from ledger.preview.money import Held
from ledger.scoring.eras import last_close
from ledger.scoring.history import settle
from ledger.scoring.model import FROM_THE_BEGINNING, Activation, Entitlement, Fact
from ledger.scoring.plan import Plan
from ledger.scoring.project import Members, project, project_member


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is in force and what is proposed, made ready."""

    in_force: Sequence[Activation]
    since: Instant
    question: Question
    before: Plan
    after: Plan
    closed_until: Instant | None


def comparison(in_force: Sequence[Activation], proposed: Activation) -> Comparison:
    """The activations as they are, and with the proposed one decided after them.

    Every period that holds a fact is compared; see :func:`as_of`.

    Raises:
        ActivationRefused: a top-up that has nothing to be compared with.
    """
    since = proposed.effective_at
    question = Question(
        programme=proposed.programme,
        mode=proposed.mode.value,
        effective_at=None if since == FROM_THE_BEGINNING else since.isoformat(),
        in_force=in_force[-1].programme if in_force else None,
        closed_until=None,
    )
    return Comparison(in_force, since, question, Plan(in_force), Plan([*in_force, proposed]), None)


def as_of(asked: Comparison, now: Instant, closed_until: Instant | None) -> Comparison:
    """Compare only periods that are closed: up to ``closed_until``, or by ``now`` either way.

    Rates and levels before are those of ``now``, rates after those of when the version begins.
    """
    closes = [last_close(plan.eras, now) for plan in (asked.before, asked.after)]
    known = [each for each in (*closes, closed_until) if each is not None]
    until = max(known, default=None)
    question = replace(
        asked.question,
        closed_until=None if until is None else until.isoformat(),
        in_force=next(
            (each.programme for each in reversed(asked.in_force) if each.effective_at <= now), None
        ),
        rates_at=(now, max(now, asked.since)),
    )
    return replace(asked, question=question, closed_until=until or FROM_THE_BEGINNING)


def of_member(
    asked: Comparison, member: str, facts: Sequence[Fact], resolve: Members, held: Held
) -> Line:
    """One member, from the facts in which the member takes part and what is not spent."""
    one, other = (
        project_member(member, facts, plan, closed_until=asked.closed_until, resolve=resolve)
        for plan in (asked.before, asked.after)
    )
    return replace(_line(asked, member, one, other), held=held)


def of_facts(
    asked: Comparison, facts: Iterable[Fact], tell: Callable[[int], None] | None = None
) -> Iterable[Line]:
    """Everybody who earns anything in a history, every identity a member of its own.

    ``tell`` hears how many of the two projections are done.
    """
    history = settle(facts)
    found: dict[str, tuple[list[Entitlement], list[Entitlement]]] = {}
    for place, plan in enumerate((asked.before, asked.after)):
        for each in project(history, plan, closed_until=asked.closed_until):
            found.setdefault(each.beneficiary, ([], []))[place].append(each)
        if tell is not None:
            tell(place + 1)
    for member in sorted(found):
        yield _line(asked, member, *found[member])


def _line(
    asked: Comparison, member: str, before: Sequence[Entitlement], after: Sequence[Entitlement]
) -> Line:
    old = {each.key: each.points.amount for each in before}
    new = {each.key: each.points.amount for each in after}
    changes = [new.get(key, 0) - old.get(key, 0) for key in old.keys() | new.keys()]
    return Line(
        member,
        worth_of(before, asked.question.in_force),
        worth_of(after, asked.question.programme),
        gained=sum(each for each in changes if each > 0),
        lost=-sum(each for each in changes if each < 0),
    )
