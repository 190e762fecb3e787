"""The tree over the journal, pure: which nodes a proof needs, and what heads and keys are.

A leaf is a transfer, by sequence number (leaf 0 is transfer 1). A *subtree* is complete: it has
``2**level`` leaves and never changes again, so it can be kept; the ragged right edge of a tree of
any size is made of complete subtrees, and computed.

          root of 7           levels below ``LEVEL_KEPT_MIN`` are not kept: sixteen transfers lie
         ┌────┴────┐          side by side, and reading them costs as much as reading one node
       level 2    ┌┴──┐
      (kept or   l.1  l.0
       computed)

Hashes and their checking are in ``verifier``, the file that members run by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from ledger.journal.model import ShownTransfer
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.log.verifier import leaf_hash, node_hash

LEVEL_KEPT_MIN: Final = 4
LEAVES_PER_KEPT: Final = 1 << LEVEL_KEPT_MIN
_EMPTY_ROOT: Final = bytes(32)


class NotInLogYet(VkladError):
    """The entry was posted after the newest head was signed."""

    code = "not_in_log_yet"
    kind = ErrorKind.UNAVAILABLE


class UnknownEntry(VkladError):
    """No entry has this id."""

    code = "unknown_entry"
    kind = ErrorKind.NOT_FOUND


class NoLogHead(VkladError):
    """Nothing was signed yet, because nothing was posted yet."""

    code = "no_log_head"
    kind = ErrorKind.NOT_FOUND


class BadLogSizes(VkladError):
    """Two sizes between which the log cannot have grown, or that it does not have."""

    code = "bad_log_sizes"
    kind = ErrorKind.INVALID


class WrongLogKey(VkladError):
    """The key at hand is not the one the log is signed by now."""

    code = "wrong_log_key"
    kind = ErrorKind.CONFLICT


class Subtree(NamedTuple):
    """The complete subtree of leaves ``position << level`` up to ``(position + 1) << level``."""

    level: int
    position: int


class Leaves(NamedTuple):
    """Leaves ``start`` (from 0) up to ``end``, exclusive: a node of some tree."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class LogKey:
    """A key heads are signed by, from ``valid_from`` until the next one's.

    ``signature`` is by the key before it, so whoever knows one key can follow to the next; the
    first key signs itself.
    """

    key: bytes
    valid_from: datetime
    signed_by: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class TreeHead:
    """What is signed: the first ``tree_size`` transfers, by the root over them and the last hash.

    ``journal_hash`` is the hash of transfer number ``tree_size``.
    """

    tree_size: int
    root: bytes
    journal_hash: bytes
    signed_at: datetime


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head with its signature (Ed25519, 64 bytes) and the key (32 bytes)."""

    head: TreeHead
    key: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Consistency:
    """That the tree of ``second`` leaves holds the tree of ``first`` unchanged."""

    first: int
    second: int
    path: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """An entry, whole, and the path of its last transfer in the tree of a signed head.

    ``previous`` is the hash before the first of its transfers. Each hash covers the one before it,
    so one path stands for all of them.
    """

    entry_id: UUID
    previous: bytes
    transfers: tuple[ShownTransfer, ...]
    path: tuple[bytes, ...]
    head: SignedHead
    keys: tuple[LogKey, ...]
    consistency: tuple[Consistency, ...] = ()


class LogSigner(Protocol):
    """The key that signs heads; nothing else uses it."""

    @property
    def key(self) -> bytes:
        """The public key, 32 bytes."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Ed25519 over the message."""
        ...


def cover(leaves: Leaves) -> list[Subtree]:
    """The complete subtrees that make up these leaves, from the left, each as large as can be."""
    start, found = leaves.start, []
    while start < leaves.end:
        level = (leaves.end - start).bit_length() - 1
        if start:
            level = min(level, (start & -start).bit_length() - 1)
        found.append(Subtree(level, start >> level))
        start += 1 << level
    return found


def fold(hashes: Sequence[bytes]) -> bytes:
    """The node over complete subtrees as :func:`cover` gives them; zeros for none."""
    if not hashes:
        return _EMPTY_ROOT
    found = hashes[-1]
    for left in reversed(hashes[:-1]):
        found = node_hash(left, found)
    return found


def inclusion(index: int, size: int) -> list[Leaves]:
    """The nodes of the path of leaf ``index`` in the tree of ``size`` (RFC 9162, 2.1.3.1)."""
    assert 0 <= index < size, f"leaf {index} of {size}"
    found, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            found.append(Leaves(middle, end))
            end = middle
        else:
            found.append(Leaves(start, middle))
            start = middle
    return found[::-1]


def consistency(first: int, second: int) -> list[Leaves]:
    """The nodes of the path from the tree of ``first`` to that of ``second`` (RFC 9162, 2.1.4.1).

    ``0 < first < second``.
    """
    assert 0 < first < second, f"from {first} to {second}"
    found, start, end, whole = [], 0, second, True
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            found.append(Leaves(middle, end))
            end = middle
        else:
            found.append(Leaves(start, middle))
            start, whole = middle, False
    if not whole:
        found.append(Leaves(start, end))
    return found[::-1]


def grow(
    done: int, transfers: Sequence[bytes], peaks: Mapping[Subtree, bytes]
) -> Iterator[tuple[Subtree, bytes]]:
    """The kept subtrees that these transfers' hashes complete, level by level.

    ``done`` leaves are covered by what is kept already and both it and the number of transfers are
    multiples of ``LEAVES_PER_KEPT``; ``peaks`` are the subtrees of ``cover(0, done)``.
    """
    assert done % LEAVES_PER_KEPT == len(transfers) % LEAVES_PER_KEPT == 0, "whole subtrees only"
    level, first, row = 0, done, [leaf_hash(transfer) for transfer in transfers]
    while row:
        if level >= LEVEL_KEPT_MIN:
            yield from ((Subtree(level, first + n), found) for n, found in enumerate(row))
        if first & 1:
            first -= 1
            row.insert(0, peaks[Subtree(level, first)])
        row = [node_hash(*pair) for pair in zip(row[::2], row[1::2], strict=False)]
        level, first = level + 1, first >> 1


@dataclass(slots=True)
class Recomputed:
    """The tree built anew, leaf by leaf, from the left; for whoever checks what is kept."""

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def append(self, transfer: bytes) -> list[tuple[Subtree, bytes]]:
        """Add a transfer's hash; the kept subtrees that it completes, lowest first."""
        node, level, kept = leaf_hash(transfer), 0, []
        rest = self.size
        while rest & 1:
            node = node_hash(self.peaks.pop(), node)
            level, rest = level + 1, rest >> 1
            if level >= LEVEL_KEPT_MIN:
                kept.append((Subtree(level, self.size >> level), node))
        self.peaks.append(node)
        self.size += 1
        return kept

    def root(self) -> bytes:
        """The root over all leaves so far."""
        return fold(self.peaks)


def _split(size: int) -> int:
    """The largest power of two below ``size``."""
    return 1 << (size - 1).bit_length() - 1
