"""Linkage, ancestors and finality on made-up chains."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.chain.port import BlockHeader
from oracle.indexer import model as m

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def chain(length: int, branch: int = 0, fork: int = 0) -> list[BlockHeader]:
    """Blocks 0 to ``length`` - 1; those from ``fork`` on belong to ``branch``."""

    def block_hash(number: int) -> bytes:
        if number < 0:
            return bytes(32)
        return bytes([1, number, branch if number >= fork else 0]) + bytes(29)

    return [
        BlockHeader(number, block_hash(number), block_hash(number - 1), 0)
        for number in range(length)
    ]


def test_linked_blocks_pass_and_a_branch_in_the_middle_does_not() -> None:
    blocks = chain(6)
    m.require_linked(bytes(32), blocks)
    other = chain(6, branch=1, fork=3)
    with pytest.raises(m.ChainMoved) as moved:
        m.require_linked(bytes(32), [*blocks[:4], *other[4:]])
    assert moved.value.block_number == 4


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 30))
def test_the_ancestor_is_the_last_block_both_chains_have(ours: int, theirs: int, fork: int) -> None:
    stored = chain(ours)
    now = {block.number: block.block_hash for block in chain(theirs, branch=1, fork=fork)}
    found = m.common_ancestor(
        [(block.number, block.block_hash) for block in reversed(stored)], now.get
    )
    shared = min(ours, theirs, fork)
    assert found == (shared - 1 if shared else None)


@given(st.integers(0, 12), st.integers(0, 20), st.integers(1, 20))
def test_final_is_deep_and_old_enough(depth: int, age: int, length: int) -> None:
    """Block n was seen n seconds after the first."""
    seen = [m.SeenBlock(block, NOW + timedelta(seconds=block.number)) for block in chain(length)]
    now = NOW + timedelta(seconds=length)
    policy = m.FinalityPolicy(depth, timedelta(seconds=age))
    head = length - 1
    found = m.newest_final(reversed(seen), policy, head_number=head, tagged_final=-1, now=now)
    expected = min(head - depth, length - age)
    assert found == (expected if expected >= 0 else None)


def test_without_a_depth_the_tag_decides() -> None:
    seen = [m.SeenBlock(block, NOW) for block in chain(9)]
    policy = m.FinalityPolicy(None)
    assert m.newest_final(reversed(seen), policy, head_number=8, tagged_final=3, now=NOW) == 3
