"""Every path of every tree verifies, and no other does."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.log.model import Leaves, Recomputed, consistency, cover, fold, grow, inclusion
from ledger.log.verifier import Fault, leaf_hash, root_by_inclusion, roots_by_consistency
from tests.support.log import naive_root

SIZE_MAX = 300
HASHES = [hashlib.sha256(number.to_bytes(4, "big")).digest() for number in range(SIZE_MAX)]
ROOTS = [naive_root(HASHES[:size]) if size else b"" for size in range(SIZE_MAX + 1)]


def node(leaves: Leaves) -> bytes:
    parts = cover(leaves)
    assert [part.position << part.level for part in parts][:1] == [leaves.start]
    return fold(
        [naive_root(HASHES[p.position << p.level : (p.position + 1) << p.level]) for p in parts]
    )


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_inclusion(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, SIZE_MAX))
    index = data.draw(st.integers(0, size - 1))
    path = [node(leaves) for leaves in inclusion(index, size)]
    leaf = leaf_hash(HASHES[index])
    assert root_by_inclusion(leaf, index, size, path) == ROOTS[size]
    assert len(path) <= (size - 1).bit_length()
    other = data.draw(st.integers(0, size - 1))
    if other != index:
        assert _root(leaf, other, size, path) != ROOTS[size], "the same leaf in another place"
    if path:
        at, bit = data.draw(st.integers(0, len(path) - 1)), data.draw(st.integers(0, 255))
        path[at] = (int.from_bytes(path[at], "big") ^ (1 << bit)).to_bytes(32, "big")
        assert _root(leaf, index, size, path) != ROOTS[size]


def _root(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    try:
        return root_by_inclusion(leaf, index, size, path)
    except Fault:
        return b""


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_consistency(data: st.DataObject) -> None:
    second = data.draw(st.integers(2, SIZE_MAX))
    first = data.draw(st.integers(1, second - 1))
    path = [node(leaves) for leaves in consistency(first, second)]
    roots = (ROOTS[first], ROOTS[second])
    assert roots_by_consistency(first, second, ROOTS[first], path) == roots
    at, bit = data.draw(st.integers(0, len(path) - 1)), data.draw(st.integers(0, 255))
    changed = [*path]
    changed[at] = (int.from_bytes(path[at], "big") ^ (1 << bit)).to_bytes(32, "big")
    assert roots_by_consistency(first, second, ROOTS[first], changed) != roots
    with pytest.raises(Fault):
        roots_by_consistency(first, second, ROOTS[first], [*path, path[0]])


@given(st.lists(st.integers(1, 6), min_size=1, max_size=8))
@settings(max_examples=100, deadline=None)
def test_kept_nodes_do_not_depend_on_the_steps(steps: list[int]) -> None:
    kept: dict[tuple[int, int], bytes] = {}
    done = 0
    for step in steps:
        end = min(done + 16 * step, SIZE_MAX - SIZE_MAX % 16)
        peaks = {part: kept[part] for part in cover(Leaves(0, done))}
        kept |= dict(grow(done, HASHES[done:end], peaks))
        done = end
    tree = Recomputed()
    assert {made: found for hashed in HASHES[:done] for made, found in tree.append(hashed)} == kept
    assert tree.root() == ROOTS[done]
