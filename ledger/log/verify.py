"""The checks of the log: it is recomputed from the transfers, leaf by leaf, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger.kernel.transaction import Work
from ledger.log import store
from ledger.log.documents import key_json, tree_head_json
from ledger.log.model import LogKey, Recomputed, SignedHead, Subtree
from ledger.log.verifier import head_message, key_message
from ledger.verify.checks import Check
from ledger.verify.model import Finding

NODES: Final = "log"
HEADS: Final = "log heads"
SIGNED: Final = "a signed head"
HELD: Final = "heads held elsewhere"
KEYS: Final = "log keys"


class StatedHead(NamedTuple):
    """A head that somebody else holds: a member's file, or the chain. Sizes and hashes only.

    ``journal_hash`` is absent where only the root is held.
    """

    holder: str
    tree_size: int
    root: bytes
    journal_hash: bytes | None = None


def check_log(
    transfers: Iterable[tuple[int, UUID, bytes]],
    nodes: Iterator[tuple[Subtree, bytes]],
    heads: Iterator[StatedHead],
) -> Iterator[Finding]:
    """Every kept node and every head, by size, is what the transfers make it."""
    tree, head, missing = Recomputed(), next(heads, None), ""
    for sequence, entry_id, hashed in transfers:
        row = f"{sequence} (entry {entry_id})"
        for made in tree.append(hashed):
            stored = next(nodes, None)
            if stored is None:  # The newest transfers are taken in before they are signed over.
                missing = missing or _name(made[0])
                break
            if stored != made:
                problem = f"completes {_name(made[0])}, which the log keeps otherwise"
                yield Finding(NODES, "transfers", row, problem)
                return
        while head is not None and head.tree_size == tree.size:
            if missing and head.holder == SIGNED:
                yield Finding(
                    NODES, "log_nodes", missing, "is missing, and a head was signed over it"
                )
                return
            yield from _compare(head, tree.root(), hashed, row)
            head = next(heads, None)
    surplus = next(nodes, None)
    if surplus is not None:
        yield Finding(NODES, "log_nodes", _name(surplus[0]), "is over transfers that are not there")
    yield from _beyond(tree.size, head, heads)


def check_heads(
    transfers: Iterable[tuple[int, UUID, bytes]], heads: Iterator[StatedHead]
) -> Iterator[Finding]:
    """Every head, by size, is what the transfers make it."""
    return check_log(transfers, iter(()), heads)


def is_signed(key: bytes, message: bytes, signature: bytes) -> bool:
    """As ``verifier.is_signed``, forty times as fast."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def check_signed(head: SignedHead, keys: Iterable[LogKey]) -> str | None:
    """What is wrong with a head's signature."""
    in_use = [key.key for key in keys if key.valid_from <= head.head.signed_at]
    if not in_use or in_use[-1] != head.key:
        return "is signed by a key that was not in use at its time"
    if not is_signed(head.key, head_message(tree_head_json(head.head)), head.signature):
        return "has a signature that is not of its content"
    return None


def log_check(recorded: Callable[[Work], Iterable[StatedHead]]) -> Check:
    """The check of what is kept: nodes, signed heads, and what ``recorded`` remembers of others."""

    def run(work: Work) -> Iterator[Finding]:
        stored = (_stated(head) for head in store.stream_heads(work))
        others = sorted(recorded(work), key=lambda head: head.tree_size)
        yield from check_log(
            store.stream_hashes(work), store.stream_nodes(work), _merged(stored, iter(others))
        )

    return Check(NODES, run)


def held_elsewhere(heads: Iterable[StatedHead]) -> Check:
    """The check that heads which nobody here can change still fit the journal."""

    def run(work: Work) -> Iterator[Finding]:
        ordered = sorted(heads, key=lambda head: head.tree_size)
        yield from check_heads(store.stream_hashes(work), iter(ordered))

    return Check(HELD, run)


def _signatures(work: Work) -> Iterator[Finding]:
    keys = store.keys(work)
    for before, key in zip([*keys[:1], *keys], keys, strict=False):
        named = is_signed(before.key, key_message(key_json(key)), key.signature)
        if key.signed_by != before.key or not named:
            problem = "was not named by the key before it"
            yield Finding(KEYS, "log_keys", key.key.hex(), problem)
    for head in store.stream_heads(work):
        wrong = check_signed(head, keys)
        if wrong is not None:
            yield Finding(KEYS, "log_heads", str(head.head.tree_size), wrong)


def _compare(head: StatedHead, root: bytes, journal_hash: bytes, row: str) -> Iterator[Finding]:
    if head.root != root or head.journal_hash not in {None, journal_hash}:
        problem = (
            f"is the last of the {head.tree_size} transfers that {head.holder} speaks of, and "
            "they are not those: they were rewritten since"
        )
        yield Finding(HEADS, "transfers", row, problem)


def _merged(one: Iterator[StatedHead], other: Iterator[StatedHead]) -> Iterator[StatedHead]:
    """Two streams by size, as one."""
    first, second = next(one, None), next(other, None)
    while first is not None or second is not None:
        if second is None or (first is not None and first.tree_size <= second.tree_size):
            assert first is not None, "one of both is there"
            yield first
            first = next(one, None)
        else:
            yield second
            second = next(other, None)


def _stated(head: SignedHead) -> StatedHead:
    found = head.head
    return StatedHead(SIGNED, found.tree_size, found.root, found.journal_hash)


def _beyond(size: int, head: StatedHead | None, heads: Iterator[StatedHead]) -> Iterator[Finding]:
    """Heads of more transfers than there are."""
    while head is not None:
        problem = f"number {size} is the last, and {head.holder} speaks of {head.tree_size}"
        yield Finding(HEADS, "transfers", "at the end", problem)
        head = next(heads, None)


def _name(subtree: Subtree) -> str:
    level, position = subtree
    return f"transfers {(position << level) + 1} to {position + 1 << level}"


def stated_head(holder: str, document: dict[str, Any]) -> StatedHead:
    """A head that somebody saved, as the log's own JSON has it.

    Raises:
        KeyError, ValueError, TypeError: it is not one.
    """
    return StatedHead(
        holder,
        int(document["tree_size"]),
        bytes.fromhex(document["root"]),
        bytes.fromhex(document["journal_hash"]),
    )


SIGNATURE_CHECK: Final = Check(KEYS, _signatures)
"""The check of keys and signatures."""
