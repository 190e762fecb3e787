"""Three programmes in other styles, by configuration alone, against cases worked by hand.

The cases were written before the programmes. Each goes through the plain judge and the real scorer,
and through the real one again with the facts in the opposite order of arrival.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from ledger.kernel.clock import Instant
from ledger.kernel.units import Points
from ledger.programme.load import load_programme
from ledger.scoring.project import project
from ledger.standing.model import level, merit_of, standing, voice
from tests.scoring_cases import Event, activations_of, event, facts_of, score, totals

EXAMPLES = Path(__file__).parents[3] / "examples" / "programmes"
NAMES = ("forum", "course", "cashback")
PROGRAMMES = {name: (EXAMPLES / f"{name}.yaml").read_text("utf-8") for name in NAMES}
CASES = [
    pytest.param(name, case, id=f"{name}: {case['name']}")
    for name in NAMES
    for case in yaml.safe_load((Path(__file__).parent / "cases" / f"{name}.yaml").read_text())
]


def later(time: str, seconds: int) -> str:
    if not seconds:
        return time
    moment = datetime.fromisoformat(time) + timedelta(seconds=seconds)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def events_of(case: dict[str, Any]) -> list[Event]:
    """The rows of a case, those with ``n`` spelled out."""
    found = []
    for place, row in enumerate(case["events"]):
        kind, who, time, content, more = [*row, {}][:5]
        for number in range(more.get("n", 1)):
            numbered = {
                key: value.replace("#", str(number)) if isinstance(value, str) else value
                for key, value in content.items()
            }
            found.append(
                event(
                    kind,
                    who,
                    later(time, number * more.get("every", 1)),
                    numbered,
                    id=more.get("id", f"row{place}-{number}"),
                    source=more.get("source", "forum"),
                )
            )
    return found


def named(awards: dict[Any, Any]) -> dict[Any, Any]:
    """Awards by member, rule and the event's id or the period."""
    return {
        (member, rule, cause if isinstance(cause, str) else cause[1]): worth
        for (member, rule, cause), worth in awards.items()
    }


def test_there_are_enough_cases() -> None:
    counts = {name: sum(each.values[0] == name for each in CASES) for name in NAMES}
    assert min(counts.values()) >= 30, counts


RUNS = [
    pytest.param(arrival, *each.values, id=f"{arrival}: {each.id}")
    for arrival in ("naive", "real", "real in the opposite order")
    for each in CASES
    if arrival != "naive" or "refunds" not in each.values[1]  # which the plain judge does not know
]


@pytest.mark.parametrize(("arrival", "name", "case"), RUNS)
def test_worked_by_hand(arrival: str, name: str, case: dict[str, Any]) -> None:
    scorer, _, opposite = arrival.partition(" ")
    received = events_of(case)
    awards = score(
        scorer, PROGRAMMES[name], received[::-1] if opposite else received, until=case.get("until")
    )
    zero = (0, 0)
    expected = {who: tuple(worth) for who, worth in case["expect"].items() if tuple(worth) != zero}
    assert {who: worth for who, worth in totals(awards).items() if worth != zero} == expected
    for member, rule, cause, points, excess in case.get("awards", []):
        assert named(awards)[member, rule, cause] == (points, excess)


@pytest.mark.parametrize(("name", "case"), [each for each in CASES if "standing" in each.values[1]])
def test_standing_worked_by_hand(name: str, case: dict[str, Any]) -> None:
    programme = load_programme(PROGRAMMES[name])
    found = project(
        facts_of(events_of(case)), activations_of([(PROGRAMMES[name], None)]), closed_until=None
    )

    def merits_of(member: str) -> list[Any]:
        return [merit_of(each) for each in found if each.beneficiary == member]

    for member, (points, reached) in case["standing"].items():
        stood = standing(merits_of(member), programme.standing).points
        assert stood == Points(points)
        step = level(stood, programme.levels).level
        assert step is not None
        assert step.level_id == reached
    spoken = dict(case.get("voice", {}))
    at = spoken.pop("at", None)
    for member, points in spoken.items():
        heard = voice(merits_of(member), programme.voice, programme.zone, Instant.parse(at))
        assert heard.points == Points(points)
