"""What ballots come to, by each way of counting. Pure: weights and choices in, a tally out.

    single     one option or none; an option's total is the weight of its ballots
    approval   any options; an option's total is the weight of the ballots that name it
    ranked     options from best to worst, not necessarily all: instant runoff
    quadratic  votes for each option; v votes cost v × v of the ballot's weight

Options that share the greatest total win together; with no weight at all nobody wins.

Instant runoff: each ballot counts for the best of its options that is still in. An option with more
than half of what still counts wins. Else *all* options with the least go out at once, and it is
counted again; if all that are left have the same, they win together. So no option is favoured by
its place in the list, nor by a lot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import assert_never

from governance.polls.errors import BadChoice, CreditsExceeded
from ledger.kernel.canonical import Json


class Method(StrEnum):
    """A way of counting."""

    SINGLE = "single"
    APPROVAL = "approval"
    RANKED = "ranked"
    QUADRATIC = "quadratic"


@dataclass(frozen=True, slots=True)
class Weighed:
    """A choice and what it weighs: points, wei, persons, or in quadratic counting credits."""

    weight: int
    choice: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Round:
    """One count of an instant runoff; ``None`` is the total of an option that is out."""

    totals: tuple[int | None, ...]
    exhausted: int
    out: tuple[int, ...]

    def document(self) -> Json:
        """As it is published; weights are decimal text."""
        return {
            "totals": [None if each is None else str(each) for each in self.totals],
            "exhausted": str(self.exhausted),
            "out": list(self.out),
        }


@dataclass(frozen=True, slots=True)
class Tally:
    """What ballots come to. ``totals`` of a ranked poll are those of the first count."""

    ballots: int
    weight: int
    blank: int
    totals: tuple[int, ...]
    rounds: tuple[Round, ...]
    spent: int
    winners: tuple[int, ...]

    def document(self) -> dict[str, Json]:
        """As it is published; weights are decimal text."""
        return {
            "ballots": self.ballots,
            "weight": str(self.weight),
            "blank": str(self.blank),
            "totals": [str(each) for each in self.totals],
            "rounds": [each.document() for each in self.rounds],
            "spent": str(self.spent),
            "winners": list(self.winners),
        }


def check_choice(method: Method, options: int, choice: Sequence[int]) -> None:
    """Refuse a choice that is none: each has one way to be written.

    Raises:
        BadChoice: an option that there is not, twice the same, out of order, or too many.
    """
    if method is Method.QUADRATIC:
        if len(choice) != options or any(votes < 0 for votes in choice):
            raise BadChoice(f"State {options} numbers of votes, none below zero.")
        return
    if any(not 0 <= number < options for number in choice):
        raise BadChoice(f"Options are numbered 0 to {options - 1}.")
    if len(set(choice)) != len(choice):
        raise BadChoice("An option is named once.")
    if method is Method.SINGLE and len(choice) > 1:
        raise BadChoice("Choose one option, or none.")
    if method is Method.APPROVAL and any(one > other for one, other in pairwise(choice)):
        raise BadChoice("Options are named in the order of the list.")


def check_credits(method: Method, choice: Sequence[int], weight: int) -> None:
    """Refuse votes that cost more than the voter's weight, in quadratic counting.

    Raises:
        CreditsExceeded: the squares add up to more.
    """
    spent = cost(choice)
    if method is Method.QUADRATIC and spent > weight:
        raise CreditsExceeded(
            f"These votes cost {spent} credits; you have {weight}.",
            spent=str(spent),
            credits=str(weight),
        )


def cost(votes: Sequence[int]) -> int:
    """What votes cost in quadratic counting, in credits."""
    return sum(each * each for each in votes)


def is_blank(method: Method, choice: Sequence[int]) -> bool:
    """Whether a choice is for nothing: it shows that somebody came."""
    return not any(choice) if method is Method.QUADRATIC else not choice


def count(method: Method, options: int, ballots: Sequence[Weighed]) -> Tally:
    """What these ballots come to; every choice was checked before."""
    blank = [each for each in ballots if is_blank(method, each.choice)]
    said = [each for each in ballots if not is_blank(method, each.choice)]
    rounds: tuple[Round, ...] = ()
    spent = 0
    match method:
        case Method.SINGLE | Method.APPROVAL:
            totals = tuple(
                sum(each.weight for each in said if number in each.choice)
                for number in range(options)
            )
            winners = _greatest(totals)
        case Method.QUADRATIC:
            totals = tuple(sum(each.choice[number] for each in said) for number in range(options))
            spent = sum(cost(each.choice) for each in said)
            winners = _greatest(totals)
        case Method.RANKED:
            rounds, winners = run_off(options, said)
            totals = tuple(each or 0 for each in rounds[0].totals) if rounds else (0,) * options
        case _:
            assert_never(method)
    return Tally(
        ballots=len(ballots),
        weight=sum(each.weight for each in ballots),
        blank=sum(each.weight for each in blank),
        totals=totals,
        rounds=rounds,
        spent=spent,
        winners=winners,
    )


def run_off(options: int, ballots: Sequence[Weighed]) -> tuple[tuple[Round, ...], tuple[int, ...]]:
    """Every count of an instant runoff, and who wins; nothing of no ballots."""
    rounds: list[Round] = []
    left = set(range(options))
    while ballots:
        totals = dict.fromkeys(left, 0)
        exhausted = 0
        for each in ballots:
            best = next((number for number in each.choice if number in left), None)
            if best is None:
                exhausted += each.weight
            else:
                totals[best] += each.weight
        most, least = max(totals.values()), min(totals.values())
        is_over = 2 * most > sum(totals.values()) or most == least
        out = () if is_over else tuple(sorted(n for n in left if totals[n] == least))
        shown = tuple(totals.get(number) for number in range(options))
        rounds.append(Round(shown, exhausted, out))
        if is_over:
            return tuple(rounds), tuple(sorted(n for n in left if totals[n] == most))
        left.difference_update(out)
    return (), ()


def _greatest(totals: Sequence[int]) -> tuple[int, ...]:
    most = max(totals)
    return tuple(number for number, total in enumerate(totals) if total == most and most > 0)
