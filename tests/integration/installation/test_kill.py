"""The whole installation, killed at the moments when most is underway.

    batch:   committed on chain ──x── executed
    ballots: accepted by the relayer ──x── mined          proposal: active ────x──── settled

The worker is held still at ``x``, so each kill meets the moment it is meant for.
"""

from __future__ import annotations

import importlib
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from oracle.bindings.points_bridge import BatchCommitted, BatchExecuted
from oracle.bindings.vkl_governor import VoteCast
from tests.support.installation import ROOT, Installation, an_installation

STEPS_TO_A_PROPOSAL = 9
ROUNDS = 3
UNIT = 10**18
TOTAL_SUPPLY = "0x18160ddd"
PERSISTED_S = 3.0
"""Anvil writes its state once a second."""
VOTING_PERIOD_S = 150
"""A vote outlasts the kill and coming up again."""
OUTCOME_S = VOTING_PERIOD_S + 120
pytestmark = [pytest.mark.deep, pytest.mark.chain]


@pytest.fixture
def installation() -> Iterator[Installation]:
    with an_installation({"VKLAD_LOCAL_VOTING_PERIOD_S": str(VOTING_PERIOD_S)}) as made:
        yield made


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The demo's story, which knows the doors."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts/lib/demo"))
    return importlib.import_module("story")


@contextmanager
def closing_doors(story: Any) -> Iterator[None]:
    """Close everybody's browser in the end."""
    try:
        yield
    finally:
        for person in story.people.values():
            person.http.close()


def test_killed_halfway_everything_goes_on_where_it_was(
    installation: Installation, demo: Any
) -> None:
    installation.up()
    story = demo.Story(
        installation.base_url, demo.Node(installation.chain_url), secrets.randbelow(10**9), 0
    )
    with closing_doors(story):
        for number, step in enumerate(demo.STEPS[:STEPS_TO_A_PROPOSAL], start=1):
            story.step = number
            step(story)
        _killed_between_commit_and_execution(installation, demo, story)
        for _ in range(ROUNDS):
            _killed_at_any_moment(installation, demo, story)


def _killed_between_commit_and_execution(installation: Installation, demo: Any, story: Any) -> None:
    first, *others = story.voters
    demo.cast_ballot(story, first, "for")
    demo.wait_for("the first ballot", lambda: _proposal(story)["standing"]["voters"] == 1)
    committed, executed = _logs(story, BatchCommitted), _logs(story, BatchExecuted)
    votes = _logs(story, VoteCast)
    story.people[first].post("/v1/bridge/requests", {"points": 50})
    demo.wait_for("a batch", lambda: _logs(story, BatchCommitted) == committed + 1)
    installation.freeze("worker")
    for voter in others:
        demo.cast_ballot(story, voter, "for")
    time.sleep(PERSISTED_S)
    before = _seen(story)
    assert before["logs"] == (committed + 1, executed, votes)
    assert before["proposal"]["state"] == "active"
    assert [_newest_ballot(story, voter)["state"] for voter in others] == ["received"] * 2

    installation.kill()
    installation.up()
    after = _seen(story)
    assert after["proposal"]["state"] == "active"
    for name in ("snapshot_at", "deadline_at"):
        assert after["proposal"]["standing"][name] == before["proposal"]["standing"][name]
    assert after["balances"] == before["balances"]
    assert after["supply"] - before["supply"] in {0, 50 * UNIT}
    assert after["logs"][0] == committed + 1
    assert after["proposal"]["standing"]["voters"] in {1, 2, 3}
    installation.proves_itself()

    _await_tokens(demo, story, before["supply"] + 50 * UNIT)
    demo.wait_for("every ballot", lambda: _proposal(story)["standing"]["voters"] == 3)
    standing = _proposal(story)["standing"]
    assert [int(standing[side]) // UNIT for side in ("for", "against", "abstain")] == [600, 0, 0]
    assert _seen(story)["logs"] == (committed + 1, executed + 1, votes + 2)
    demo.wait_for(
        "the outcome", lambda: _proposal(story)["state"] in demo.SETTLED, seconds=OUTCOME_S
    )
    demo.let_it_take_effect(story)
    installation.proves_itself()


def _killed_at_any_moment(installation: Installation, demo: Any, story: Any) -> None:
    supply = _supply(story)
    for subject in story.voters:
        story.people[subject].post("/v1/bridge/requests", {"points": 10})
    balances = _seen(story)["balances"]
    time.sleep(secrets.randbelow(8000) / 1000)
    installation.kill()
    installation.up()
    _await_tokens(demo, story, supply + 30 * UNIT)
    assert _seen(story)["balances"] == balances
    installation.proves_itself()


def _seen(story: Any) -> dict[str, Any]:
    """By the doors of the API and of the node."""
    return {
        "proposal": _proposal(story),
        "supply": _supply(story),
        "logs": tuple(_logs(story, event) for event in (BatchCommitted, BatchExecuted, VoteCast)),
        "balances": {
            subject: (found["available"], found["held"])
            for subject in story.voters
            for found in [story.balance(subject)]
        },
    }


def _proposal(story: Any) -> Any:
    return story.get(f"/v1/proposals/{story.seen['proposal']}")


def _newest_ballot(story: Any, subject: str) -> Any:
    return story.people[subject].get("/v1/ballots")["data"][0]


def _supply(story: Any) -> int:
    supply: int = story.node.call(story.seen["token"], TOTAL_SUPPLY)
    return supply


def _logs(story: Any, event: type) -> int:
    """How many events of a kind there are on the chain, final or not."""
    topic = f"0x{event.TOPIC.hex()}"  # type: ignore[attr-defined]  # each binding states its own
    query = {"fromBlock": "0x0", "toBlock": "latest", "topics": [topic]}
    return len(story.node.ask("eth_getLogs", query))


def _await_tokens(demo: Any, story: Any, supply: int) -> None:
    demo.wait_for("the tokens", lambda: _supply(story) >= supply)
    assert _supply(story) == supply
