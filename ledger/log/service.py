"""Growing the log, signing its heads, and proving what is in it.

    transfers ──extend──▶ kept nodes ──▶ root ──sign (no transaction)──▶ heads

Nodes and roots follow from the transfers alone, so that two workers at once write the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from ledger.journal import service as journal
from ledger.journal.chain import GENESIS
from ledger.kernel.transaction import Database, Work, execute
from ledger.log import store
from ledger.log.documents import key_json, tree_head_json
from ledger.log.model import (
    LEAVES_PER_KEPT,
    BadLogSizes,
    Consistency,
    Leaves,
    LogKey,
    LogSigner,
    NoLogHead,
    NotInLogYet,
    Proof,
    SignedHead,
    TreeHead,
    UnknownEntry,
    WrongLogKey,
    consistency,
    cover,
    fold,
    grow,
    inclusion,
)
from ledger.log.verifier import head_message, key_message

LEAVES_AT_ONCE_MAX: Final = 1 << 15
"""Transfers taken into the tree by one transaction."""


def publish(database: Database, signer: LogSigner) -> SignedHead | None:
    """Take what was posted into the tree and sign a head over it; ``None`` with an empty journal.

    If nothing was posted since the newest head, that one is the answer.

    Raises:
        WrongLogKey: heads are signed by another key by now.
    """
    while execute(database, extend, LEAVES_AT_ONCE_MAX):
        pass
    with database.read() as work:
        newest = store.newest_head(work)
        # What was posted since the last round is in the tree at the next look.
        kept_and_rest = store.leaves_kept(work) + LEAVES_PER_KEPT - 1
        size = min(journal.head(work).sequence, kept_and_rest)
        if size == (0 if newest is None else newest.head.tree_size):
            return newest
    introduce(database, signer)
    with database.read() as work:
        head = TreeHead(size, root(work, size), store.transfer_hash(work, size), work.now)
    signed = SignedHead(head, signer.key, signer.sign(head_message(tree_head_json(head))))
    execute(database, _keep_head, signed)
    with database.read() as work:
        return store.newest_head(work)


def extend(work: Work, leaves_max: int) -> int:
    """Keep the nodes of the next transfers, at most ``leaves_max``; how many are taken in now."""
    done = store.leaves_kept(work)
    end = min(journal.head(work).sequence, done + leaves_max)
    end -= end % LEAVES_PER_KEPT
    if end <= done:
        return 0
    peaks = store.read_nodes(work, cover(Leaves(0, done)))
    store.append_nodes(work, dict(grow(done, store.transfer_hashes(work, done, end), peaks)))
    return end - done


def introduce(database: Database, signer: LogSigner) -> None:
    """Make sure that heads may be signed by this key; the very first one introduces itself.

    Raises:
        WrongLogKey: another key is in use.
    """
    with database.read() as work:
        known = store.keys(work)
    if not known:
        execute(database, _keep_key, _named(database, signer.key, signer))
        with database.read() as work:
            known = store.keys(work)
    if known[-1].key != signer.key:
        raise WrongLogKey(
            f"Heads are signed by the key {known[-1].key.hex()}, not by the one in this state "
            "folder.",
            key=known[-1].key.hex(),
        )


def rotate_key(database: Database, present: LogSigner, successor: LogSigner) -> LogKey:
    """Let another key sign heads from now on; the present one signs that it does.

    Raises:
        WrongLogKey: ``present`` is not the key in use.
    """
    introduce(database, present)
    signed = _named(database, successor.key, present)
    if not execute(database, _keep_key, signed):
        raise WrongLogKey(
            "Another key, or a head signed by this one, came first. Try again.",
            key=present.key.hex(),
        )
    return signed


def newest_head(work: Work) -> SignedHead:
    """The head of the largest tree.

    Raises:
        NoLogHead: there is none.
    """
    found = store.newest_head(work)
    if found is None:
        raise NoLogHead("Nothing was posted and signed yet.")
    return found


def keys(work: Work) -> Sequence[LogKey]:
    """Every key of the log, oldest first."""
    return store.keys(work)


def prove(work: Work, entry_id: UUID, earlier: Sequence[int] = ()) -> Proof:
    """That an entry is in the log, and that the log holds the trees of ``earlier`` sizes.

    Raises:
        UnknownEntry: there is no such entry.
        NotInLogYet: the newest head was signed before it was posted.
        BadLogSizes: an earlier size that is none.
    """
    entry = journal.entries(work, [entry_id]).get(entry_id)
    if entry is None:
        raise UnknownEntry("There is no such entry.", entry=str(entry_id))
    first, lines = entry.sequence_first, len(entry.draft.postings)
    last = first + lines - 1
    signed = store.newest_head(work)
    if signed is None or signed.head.tree_size < last:
        raise NotInLogYet(
            "The entry is not in the log yet: the next head is signed in a minute.",
            entry=str(entry_id),
        )
    size = signed.head.tree_size
    return Proof(
        entry_id=entry_id,
        previous=GENESIS if first == 1 else store.transfer_hash(work, first - 1),
        transfers=tuple(journal.transfers(work, after=first - 1, limit=lines)),
        path=_nodes(work, inclusion(last - 1, size)),
        head=signed,
        keys=tuple(store.keys(work)),
        consistency=tuple(prove_consistency(work, size, found) for found in earlier),
    )


def inclusion_path(work: Work, sequence: int, size: int) -> tuple[bytes, ...]:
    """The path of a transfer in the tree of the first ``size``."""
    return _nodes(work, inclusion(sequence - 1, size))


def prove_consistency(work: Work, one: int, other: int) -> Consistency:
    """The path between two sizes of the log.

    Raises:
        BadLogSizes: they are the same, not positive, or more than is in the log.
    """
    first, second = sorted((one, other))
    newest = store.newest_head(work)
    size = 0 if newest is None else newest.head.tree_size
    if not 0 < first < second <= size:
        raise BadLogSizes(
            f"From {first} to {second} there is no path: two different sizes from 1 to {size}.",
            first=first,
            second=second,
            size=size,
        )
    return Consistency(first, second, _nodes(work, consistency(first, second)))


def root(work: Work, size: int) -> bytes:
    """The root over the first ``size`` transfers."""
    return _nodes(work, [Leaves(0, size)])[0]


def _nodes(work: Work, wanted: Sequence[Leaves]) -> tuple[bytes, ...]:
    """Each of these nodes; all in two statements, whatever their number."""
    parts = [cover(leaves) for leaves in wanted]
    found = store.read_nodes(work, {node for covered in parts for node in covered})
    return tuple(fold([found[node] for node in covered]) for covered in parts)


def _keep_head(work: Work, signed: SignedHead) -> None:
    """Keep a head unless its key was followed by another meanwhile; then the next round signs."""
    store.lock_log(work)
    if store.keys(work)[-1].key == signed.key:
        store.insert_head(work, signed)


def _keep_key(work: Work, key: LogKey) -> bool:
    """Keep a key that nothing was signed after; false if it came too late."""
    store.lock_log(work)
    newest = store.newest_head(work)
    if newest is not None and newest.head.signed_at >= key.valid_from:
        return False
    return store.insert_key(work, key)


def _named(database: Database, key: bytes, by: LogSigner) -> LogKey:
    """A key from now on, named by another or by itself."""
    named = LogKey(key, database.clock.now(), by.key, bytes(64))
    return replace(named, signature=by.sign(key_message(key_json(named))))
