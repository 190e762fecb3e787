"""The tree against RFC 9162 as it is written: three recursions that are slow and obvious."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest

from ledger.log.model import (
    LEVEL_KEPT_MIN,
    Leaves,
    Recomputed,
    Subtree,
    consistency,
    cover,
    fold,
    grow,
    inclusion,
)
from ledger.log.verifier import Fault, leaf_hash, root_by_inclusion, roots_by_consistency

HASHES = [hashlib.sha256(b"transfer %d" % number).digest() for number in range(131)]


def naive_root(hashes: Sequence[bytes]) -> bytes:
    """MTH of RFC 9162, 2.1.1."""
    if len(hashes) == 1:
        return hashlib.sha256(b"\x00" + hashes[0]).digest()
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\x01" + naive_root(hashes[:k]) + naive_root(hashes[k:])).digest()


def naive_path(index: int, hashes: Sequence[bytes]) -> list[bytes]:
    """PATH of RFC 9162, 2.1.3.1."""
    if len(hashes) == 1:
        return []
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    if index < k:
        return [*naive_path(index, hashes[:k]), naive_root(hashes[k:])]
    return [*naive_path(index - k, hashes[k:]), naive_root(hashes[:k])]


def naive_proof(first: int, hashes: Sequence[bytes]) -> list[bytes]:
    """PROOF of RFC 9162, 2.1.4.1."""
    return _subproof(first, hashes, whole=True)


def _subproof(first: int, hashes: Sequence[bytes], *, whole: bool) -> list[bytes]:
    if first == len(hashes):
        return [] if whole else [naive_root(hashes)]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    if first <= k:
        return [*_subproof(first, hashes[:k], whole=whole), naive_root(hashes[k:])]
    return [*_subproof(first - k, hashes[k:], whole=False), naive_root(hashes[:k])]


def nodes(wanted: Sequence[Leaves]) -> list[bytes]:
    """As the service reads them: every node from complete subtrees."""
    return [
        fold(
            [
                naive_root(HASHES[node.position << node.level : (node.position + 1) << node.level])
                for node in cover(leaves)
            ]
        )
        for leaves in wanted
    ]


SIZES = [*range(1, 36), 63, 64, 65, 127, 128, 129, 131]


@pytest.mark.parametrize("size", SIZES)
def test_roots_and_paths_are_those_of_the_rfc(size: int) -> None:
    hashes = HASHES[:size]
    assert nodes([Leaves(0, size)]) == [naive_root(hashes)]
    for index in range(size):
        path = nodes(inclusion(index, size))
        assert path == naive_path(index, hashes)
        found = root_by_inclusion(leaf_hash(HASHES[index]), index, size, path)
        assert found == naive_root(hashes)


@pytest.mark.parametrize("second", SIZES)
def test_consistency_paths_are_those_of_the_rfc(second: int) -> None:
    new = naive_root(HASHES[:second])
    for first in range(1, second):
        old, path = naive_root(HASHES[:first]), nodes(consistency(first, second))
        assert path == naive_proof(first, HASHES[:second])
        assert roots_by_consistency(first, second, old, path) == (old, new)


def test_a_path_of_another_length_proves_nothing() -> None:
    path = naive_path(5, HASHES[:13])
    leaf = leaf_hash(HASHES[5])
    with pytest.raises(Fault, match="too short"):
        root_by_inclusion(leaf, 5, 13, path[:-1])
    with pytest.raises(Fault, match="too long"):
        root_by_inclusion(leaf, 5, 13, [*path, path[0]])
    with pytest.raises(Fault, match="has no leaf"):
        root_by_inclusion(leaf, 13, 13, path)
    between = naive_proof(6, HASHES[:13])
    with pytest.raises(Fault, match="too short"):
        roots_by_consistency(6, 13, naive_root(HASHES[:6]), between[:-1])
    with pytest.raises(Fault, match="too long"):
        roots_by_consistency(6, 13, naive_root(HASHES[:6]), [*between, between[0]])
    with pytest.raises(Fault, match="is empty"):
        roots_by_consistency(6, 13, naive_root(HASHES[:6]), [])
    with pytest.raises(Fault, match="nothing has grown"):
        roots_by_consistency(13, 13, naive_root(HASHES[:13]), [])


def test_growing_in_any_steps_keeps_the_same_nodes() -> None:
    kept: dict[Subtree, bytes] = {}
    tree = Recomputed()
    for number, hashed in enumerate(HASHES, start=1):
        kept |= tree.append(hashed)
        assert tree.root() == naive_root(HASHES[:number])
    assert all(node.level >= LEVEL_KEPT_MIN for node in kept)
    assert len(kept) == 8 + 4 + 2 + 1
    for steps in ([128], [16] * 8, [48, 16, 64], [112, 16]):
        done, grown = 0, {}
        for step in steps:
            peaks = {node: grown[node] for node in cover(Leaves(0, done))}
            grown |= dict(grow(done, HASHES[done : done + step], peaks))
            done += step
        assert grown == kept


def test_the_format_does_not_move() -> None:
    """Computed once by the recursions above; a change of the format must be meant."""
    tree = Recomputed()
    for _ in range(3):
        tree.append(bytes(32))
    assert tree.root() == naive_root([bytes(32)] * 3)
    assert tree.root().hex() == "f6d1543b16c810e99a8ee38d619474a2c63bfd1a5a205688a3cc15c74350ddb5"


@pytest.mark.parametrize(
    ("start", "end", "trees"),
    [
        (0, 6, [(2, 0), (1, 2)]),
        (2, 8, [(1, 1), (2, 1)]),
        (1, 8, [(0, 1), (1, 1), (2, 1)]),
        (4, 7, [(1, 2), (0, 6)]),
        (6, 16, [(1, 3), (3, 1)]),
    ],
)
def test_leaves_from_the_middle_are_covered_by_trees_that_begin_there(
    start: int, end: int, trees: list[tuple[int, int]]
) -> None:
    assert cover(Leaves(start, end)) == [Subtree(*tree) for tree in trees]
