"""Finding a proposal's calls on a chain of any shape, and telling whether it may be cancelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.proposals import cancelling
from governance.proposals.cancelling import (
    Announced,
    ProposalNotFound,
    announced,
    only_replaces_guardians,
)
from governance.proposals.direct import CREATED_TYPES
from oracle.bindings import points_bridge, vkl_governor
from oracle.chain.port import BLOCKS_PER_QUESTION_MAX, BlockHeader, Call, Chain, LogQuery
from oracle.contracts.abi import Address, encode
from oracle.deployment.model import Deployment

BRIDGE = Address("0x5FbDB2315678afecb367f032d93F642f64180aa3")
GOVERNOR = Address("0x70997970C51812dc3A010C7d01b50e0d17dc79C8")
TOKEN = Address("0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC")
PLACES = {"PointsBridge": BRIDGE, "VklGovernor": GOVERNOR}
WANTED, OTHER = 77, 78


@dataclass
class MadeUp:
    """Blocks by their seconds, and in which of them which proposal was announced."""

    seconds: Sequence[int]
    made: dict[int, int]
    snapshot_s: int
    asked: list[tuple[int, int]] = field(default_factory=list)

    def block(self, number: int) -> BlockHeader | None:
        if number >= len(self.seconds):
            return None
        return BlockHeader(number, bytes(32), bytes(32), self.seconds[number])

    def call(self, call: Call, at: int) -> bytes:
        assert call.calldata == vkl_governor.proposal_snapshot(WANTED).calldata
        assert at == len(self.seconds) - 1
        return self.snapshot_s.to_bytes(32, "big")

    def logs(self, query: LogQuery) -> list[Any]:
        assert query.number_to - query.number_from < BLOCKS_PER_QUESTION_MAX
        assert query.addresses == (GOVERNOR,)
        self.asked.append((query.number_from, query.number_to))
        return [
            SimpleNamespace(payload=payload(proposal))
            for proposal, number in self.made.items()
            if query.number_from <= number <= query.number_to
        ]

    def find(self, first: int = 0) -> Announced:
        head = self.block(len(self.seconds) - 1)
        assert head is not None
        deployment = SimpleNamespace(block_number=first, address=PLACES.__getitem__)
        found = cast("Deployment", deployment)
        return announced(cast("Chain", self), found, WANTED, head)


def payload(proposal: int) -> bytes:
    if proposal == OTHER:
        return b"nonsense of somebody"
    values = (proposal, TOKEN, (BRIDGE,), (0,), (b"",), (b"\1",), 5, 9, b"# T\xff\nmore")
    return encode(CREATED_TYPES, values)


@given(
    steps=st.lists(st.integers(0, 3), min_size=1, max_size=1_800),
    place=st.floats(0, 1),
    delay=st.integers(0, 900),
)
def test_it_is_found_wherever_it_was_made(steps: list[int], place: float, delay: int) -> None:
    seconds = [0]
    for step in steps:
        seconds.append(seconds[-1] + step)
    number = round(place * (len(seconds) - 1))
    chain = MadeUp(seconds, {WANTED: number, OTHER: number}, seconds[number] + delay)
    found = chain.find()
    assert (found.targets, found.calldatas) == ((BRIDGE,), (b"\1",))
    assert found.title == "T\N{REPLACEMENT CHARACTER}"
    assert chain.asked[0][1] >= number, "nothing after the snapshot is read"


def test_nothing_before_the_contracts_is_read() -> None:
    chain = MadeUp(range(1_200), {WANTED: 3}, 1_100)
    with pytest.raises(ProposalNotFound):
        chain.find(first=10)
    assert min(first for first, _ in chain.asked) == 10


def test_the_search_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancelling, "RANGES_MAX", 2)
    chain = MadeUp(range(1_800), {WANTED: 3}, 1_799)
    with pytest.raises(ProposalNotFound):
        chain.find()
    assert len(chain.asked) == 2


THERE = (BRIDGE, points_bridge.set_guardian(TOKEN).calldata)
HERE = (GOVERNOR, vkl_governor.set_proposal_guardian(TOKEN).calldata)


@pytest.mark.parametrize("calls", [[THERE], [HERE], [THERE, HERE], [HERE, HERE]])
def test_a_replacement_is_told(calls: list[tuple[Address, bytes]]) -> None:
    assert only_replaces(calls)


@pytest.mark.parametrize(
    "call",
    [
        (GOVERNOR, THERE[1]),
        (TOKEN, THERE[1]),
        (BRIDGE, points_bridge.set_watcher(TOKEN).calldata),
        (BRIDGE, THERE[1][:3]),
        (TOKEN, b""),
    ],
)
def test_nothing_hides_beside_a_replacement(call: tuple[Address, bytes]) -> None:
    assert not only_replaces([call])
    assert not only_replaces([THERE, call])


def only_replaces(calls: list[tuple[Address, bytes]]) -> bool:
    found = Announced(
        tuple(to for to, _ in calls),
        tuple(0 for _ in calls),
        tuple(calldata for _, calldata in calls),
        b"# T",
    )
    deployment = cast("Deployment", SimpleNamespace(address=PLACES.__getitem__))
    return only_replaces_guardians(found, deployment)
