"""Each way of counting: examples worked out by hand, and what must hold of all ballots.

The service's count and the recount by a stranger share no code; both are held to the same.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.polls.counting import Method, Weighed, check_choice, check_credits, cost, count
from governance.polls.errors import BadChoice, CreditsExceeded
from governance.recount import polls as recount

EXAMPLES: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("worked_examples.json").read_text("utf-8")
)
OPTIONS = 4
WEIGHTS = st.integers(1, 30)
CHOICES = {
    Method.SINGLE: st.lists(st.integers(0, OPTIONS - 1), max_size=1),
    Method.APPROVAL: st.sets(st.integers(0, OPTIONS - 1)).map(sorted),
    Method.RANKED: st.permutations(range(OPTIONS)).flatmap(
        lambda order: st.integers(0, OPTIONS).map(lambda size: order[:size])
    ),
    Method.QUADRATIC: st.lists(st.integers(0, 9), min_size=OPTIONS, max_size=OPTIONS),
}
METHODS = pytest.mark.parametrize("method", list(Method))
Said = list[tuple[int, list[int]]]


def _ballots(method: Method) -> st.SearchStrategy[Said]:
    return st.lists(st.tuples(WEIGHTS, CHOICES[method]), max_size=12)


def _count(method: Method, ballots: Said, options: int = OPTIONS) -> dict[str, Any]:
    weighed = [Weighed(weight, tuple(choice)) for weight, choice in ballots]
    return count(method, options, weighed).document()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda each: each["name"])
def test_as_worked_out_by_hand(example: dict[str, Any]) -> None:
    method, options, ballots = Method(example["method"]), example["options"], example["ballots"]
    for _, choice in ballots:
        check_choice(method, options, choice)
    assert _count(method, ballots, options) == example["tally"]
    assert recount.tally(method, options, ballots) == example["tally"]


def test_there_is_an_example_of_each_way() -> None:
    assert {example["method"] for example in EXAMPLES} == set(Method)


@METHODS
@given(data=st.data())
def test_two_counts_that_share_no_code_agree(method: Method, data: st.DataObject) -> None:
    ballots = data.draw(_ballots(method))
    assert _count(method, ballots) == recount.tally(method, OPTIONS, ballots)


@METHODS
@given(data=st.data())
def test_it_does_not_matter_who_said_it_nor_when(method: Method, data: st.DataObject) -> None:
    ballots = data.draw(_ballots(method))
    assert _count(method, data.draw(st.permutations(ballots))) == _count(method, ballots)


@METHODS
@given(data=st.data())
def test_no_option_is_favoured_by_its_place(method: Method, data: st.DataObject) -> None:
    ballots = data.draw(_ballots(method))
    moved = data.draw(st.permutations(range(OPTIONS)))

    def renamed(choice: list[int]) -> list[int]:
        if method is Method.QUADRATIC:
            return [choice[moved.index(number)] for number in range(OPTIONS)]
        named = [moved[number] for number in choice]
        return sorted(named) if method is Method.APPROVAL else named

    there = _count(method, [(weight, renamed(choice)) for weight, choice in ballots])
    here = _count(method, ballots)
    assert there["winners"] == sorted(moved[number] for number in here["winners"])
    assert [there["totals"][moved[number]] for number in range(OPTIONS)] == here["totals"]


@METHODS
@given(data=st.data())
def test_nothing_is_lost_or_made(method: Method, data: st.DataObject) -> None:
    ballots = data.draw(_ballots(method))
    tally = _count(method, ballots)
    whole, blank = int(tally["weight"]), int(tally["blank"])
    totals = [int(each) for each in tally["totals"]]
    assert whole == sum(weight for weight, _ in ballots)
    assert tally["ballots"] == len(ballots)
    if method is Method.SINGLE:
        assert sum(totals) + blank == whole
    if method is Method.RANKED:
        for each in tally["rounds"]:
            counted = sum(int(total or 0) for total in each["totals"])
            assert counted + int(each["exhausted"]) + blank == whole
    if method is Method.QUADRATIC:
        assert int(tally["spent"]) == sum(cost(choice) for _, choice in ballots)
        assert sum(totals) <= int(tally["spent"])  # v ≤ v × v for whole numbers
    assert bool(tally["winners"]) == any(
        any(choice) if method is Method.QUADRATIC else choice for _, choice in ballots
    )


@pytest.mark.parametrize("method", [Method.SINGLE, Method.APPROVAL, Method.QUADRATIC])
@given(data=st.data())
def test_a_word_more_for_who_wins_costs_nobody_the_win(method: Method, data: st.DataObject) -> None:
    """Monotonicity; of instant runoff it does not hold, see the worked examples."""
    ballots = data.draw(_ballots(method))
    winners = _count(method, ballots)["winners"]
    if not winners:
        return
    winner = data.draw(st.sampled_from(winners))
    for number, (weight, choice) in enumerate(ballots):
        better = list(choice)
        if method is Method.QUADRATIC:
            better[winner] += 1
        elif method is Method.SINGLE:
            better = [winner]
        else:
            better = sorted({*choice, winner})
        changed = [*ballots[:number], (weight, better), *ballots[number + 1 :]]
        assert winner in _count(method, changed)["winners"]


@given(data=st.data())
def test_who_has_the_majority_of_first_places_wins_a_runoff(data: st.DataObject) -> None:
    ballots = data.draw(_ballots(Method.RANKED))
    said = [(weight, choice) for weight, choice in ballots if choice]
    for option in range(OPTIONS):
        first = sum(weight for weight, choice in said if choice[0] == option)
        if 2 * first > sum(weight for weight, _ in said):
            assert _count(Method.RANKED, ballots)["winners"] == [option]


@given(votes=st.lists(st.integers(0, 10**6), min_size=1, max_size=30), short=st.integers(0, 2))
def test_votes_cost_their_squares(votes: list[int], short: int) -> None:
    spent = sum(each**2 for each in votes)
    assert cost(votes) == spent
    check_credits(Method.QUADRATIC, votes, spent)
    if short and spent:
        with pytest.raises(CreditsExceeded) as refused:
            check_credits(Method.QUADRATIC, votes, spent - 1)
        assert refused.value.operands == {"spent": str(spent), "credits": str(spent - 1)}


def test_the_recount_knows_what_votes_cost() -> None:
    definition = {"options": ["a", "b"], "method": "quadratic"}
    recount.check_choice(definition, [3, 4], 25, "it")
    with pytest.raises(recount.Fault, match="it spends 25 credits of 24"):
        recount.check_choice(definition, [3, 4], 24, "it")


@pytest.mark.parametrize(
    ("method", "choice"),
    [
        (Method.SINGLE, [0, 1]),
        (Method.SINGLE, [3]),
        (Method.SINGLE, [-1]),
        (Method.APPROVAL, [1, 0]),
        (Method.APPROVAL, [1, 1]),
        (Method.APPROVAL, [0, 3]),
        (Method.RANKED, [0, 0]),
        (Method.RANKED, [2, 1, 0, 3]),
        (Method.QUADRATIC, [1, 1]),
        (Method.QUADRATIC, [1, 1, -1]),
        (Method.QUADRATIC, []),
    ],
)
def test_what_is_no_choice(method: Method, choice: list[int]) -> None:
    with pytest.raises(BadChoice):
        check_choice(method, 3, choice)
    definition = {"options": ["a", "b", "c"], "method": method}
    with pytest.raises(recount.Fault):
        recount.check_choice(definition, choice, 10**9, "it")


@METHODS
@given(choice=st.lists(st.integers(-2, 5), max_size=6))
def test_both_take_the_same_choices(method: Method, choice: list[int]) -> None:
    def taken(check: Any) -> bool:
        try:
            check()
        except (BadChoice, CreditsExceeded, recount.Fault):
            return False
        return True

    definition = {"options": ["a", "b", "c"], "method": method}

    def here() -> None:
        check_choice(method, 3, choice)
        check_credits(method, choice, 20)

    assert taken(here) == taken(lambda: recount.check_choice(definition, choice, 20, "it"))
