"""Trees over leaves at hand (RFC 9162, section 2.1): the root, and the path of one leaf. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

EMPTY_ROOT: Final = hashlib.sha256().digest()
"""Of no leaves (RFC 9162, 2.1.1)."""


def root_of(leaves: Sequence[bytes]) -> bytes:
    """The root over these leaves, each of any bytes."""
    levels = _levels(leaves)
    return levels[-1][0] if levels else EMPTY_ROOT


def path_of(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The nodes that lead from one leaf to the root, from below."""
    assert 0 <= index < len(leaves), "a leaf that there is"
    path = []
    for level in _levels(leaves)[:-1]:
        other = index ^ 1
        if other < len(level):
            path.append(level[other])
        index >>= 1
    return path


def _levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    """Every level from the leaves up; a node without a neighbour goes up as it is."""
    level = [hashlib.sha256(b"\x00" + leaf).digest() for leaf in leaves]
    levels = [level] if level else []
    while len(level) > 1:
        pairs = (level[at : at + 2] for at in range(0, len(level), 2))
        level = [
            hashlib.sha256(b"\x01" + pair[0] + pair[1]).digest() if len(pair) == 2 else pair[0]
            for pair in pairs
        ]
        levels.append(level)
    return levels
