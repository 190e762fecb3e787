"""The log's statements. Transfers are read, never written, here."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.journal.store import raw_cursor
from ledger.journal.tables import transfers
from ledger.kernel.transaction import Work
from ledger.log.model import (
    LEVEL_KEPT_MIN,
    LogKey,
    SignedHead,
    Subtree,
    TreeHead,
    fold,
)
from ledger.log.tables import log_heads, log_keys, log_nodes
from ledger.log.verifier import leaf_hash

PAGE: Final = 5_000
_INSERT_NODES: Final = """
    INSERT INTO log_nodes (level, position, hash)
    SELECT * FROM unnest(%s::int2[], %s::int8[], %s::bytea[]) ON CONFLICT DO NOTHING
"""
_KEPT: Final = """
    SELECT level, position, hash FROM unnest(%s::int2[], %s::int8[]) AS asked(level, position)
    JOIN log_nodes USING (level, position)
"""
_HASHES: Final = "SELECT sequence, hash FROM transfers WHERE sequence = ANY(%s::int8[])"
_ALL_HASHES: Final = "SELECT sequence, entry_id, hash FROM transfers ORDER BY sequence"
_ALL_NODES: Final = """
    SELECT level, position, hash FROM log_nodes ORDER BY (position + 1) << level, level
"""
_ALL_HEADS: Final = """
    SELECT tree_size, root, journal_hash, signed_at, key, signature FROM log_heads
    ORDER BY tree_size
"""


def leaves_kept(work: Work) -> int:
    """How many transfers the kept subtrees cover, from the first on without a gap."""
    query = sa.select(log_nodes.c.position).where(log_nodes.c.level == LEVEL_KEPT_MIN)
    newest = work.connection.execute(
        query.order_by(log_nodes.c.position.desc()).limit(1)
    ).scalar_one_or_none()
    return 0 if newest is None else (newest + 1) << LEVEL_KEPT_MIN


def transfer_hashes(work: Work, start: int, end: int) -> list[bytes]:
    """The hashes of leaves ``start`` up to ``end``, exclusive."""
    query = (
        sa.select(transfers.c.hash)
        .where(transfers.c.sequence > start, transfers.c.sequence <= end)
        .order_by(transfers.c.sequence)
    )
    return [bytes(found) for found in work.connection.execute(query).scalars()]


def transfer_hash(work: Work, sequence: int) -> bytes:
    """The hash of one transfer."""
    query = sa.select(transfers.c.hash).where(transfers.c.sequence == sequence)
    return bytes(work.connection.execute(query).scalar_one())


def recorded_between(work: Work, since: datetime, until: datetime) -> tuple[int | None, int | None]:
    """First and last number of the transfers recorded from ``since`` up to ``until``, exclusive."""
    query = sa.select(sa.func.min(transfers.c.sequence), sa.func.max(transfers.c.sequence)).where(
        transfers.c.recorded_at >= since, transfers.c.recorded_at < until
    )
    first, last = work.connection.execute(query).one()
    return first, last


def append_nodes(work: Work, nodes: Mapping[Subtree, bytes]) -> None:
    """Keep nodes; another worker may have kept the same."""
    with raw_cursor(work, binary=False) as cursor:
        cursor.execute(
            _INSERT_NODES,
            ([n.level for n in nodes], [n.position for n in nodes], list(nodes.values())),
        )


def read_nodes(work: Work, wanted: Collection[Subtree]) -> dict[Subtree, bytes]:
    """Nodes of complete subtrees: the kept ones, and small ones from the transfers themselves."""
    kept = [node for node in wanted if node.level >= LEVEL_KEPT_MIN]
    small = [node for node in wanted if node.level < LEVEL_KEPT_MIN]
    numbers = [
        leaf + 1
        for node in small
        for leaf in range(node.position << node.level, (node.position + 1) << node.level)
    ]
    with raw_cursor(work) as cursor:
        asked = ([n.level for n in kept], [n.position for n in kept])
        found = {
            Subtree(level, position): hashed
            for level, position, hashed in (cursor.execute(_KEPT, asked) if kept else ())
        }
        leaves = dict(cursor.execute(_HASHES, (numbers,)).fetchall()) if numbers else {}
    for node in small:
        row = [
            leaf_hash(leaves[leaf + 1])
            for leaf in range(node.position << node.level, (node.position + 1) << node.level)
        ]
        found[node] = fold_complete(row)
    return found


def fold_complete(row: Sequence[bytes]) -> bytes:
    """The node over a complete subtree's leaves."""
    if len(row) == 1:
        return row[0]
    middle = len(row) // 2
    return fold([fold_complete(row[:middle]), fold_complete(row[middle:])])


def lock_log(work: Work) -> None:
    """Take a turn at heads and keys until this transaction ends: a head's time is of one key."""
    key = sa.func.hashtextextended("vklad.log", 0)
    work.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))


def insert_head(work: Work, signed: SignedHead) -> bool:
    """Keep a head; false if there is one of this size."""
    head = signed.head
    row = (
        pg.insert(log_heads)
        .values(
            tree_size=head.tree_size,
            root=head.root,
            journal_hash=head.journal_hash,
            signed_at=head.signed_at,
            key=signed.key,
            signature=signed.signature,
        )
        .on_conflict_do_nothing()
        .returning(log_heads.c.tree_size)
    )
    return work.connection.execute(row).one_or_none() is not None


def newest_head(work: Work) -> SignedHead | None:
    """The head of the largest tree."""
    return next(iter(heads_before(work, before=None, limit=1)), None)


def heads_before(work: Work, *, before: int | None, limit: int) -> list[SignedHead]:
    """Heads of trees smaller than ``before``, the largest first."""
    query = sa.select(log_heads).order_by(log_heads.c.tree_size.desc()).limit(limit)
    if before is not None:
        query = query.where(log_heads.c.tree_size < before)
    return [_head(row) for row in work.connection.execute(query)]


def heads_between(work: Work, since: datetime, until: datetime) -> list[SignedHead]:
    """Heads signed from ``since`` up to ``until``, exclusive, in order."""
    query = (
        sa.select(log_heads)
        .where(log_heads.c.signed_at >= since, log_heads.c.signed_at < until)
        .order_by(log_heads.c.tree_size)
    )
    return [_head(row) for row in work.connection.execute(query)]


def head_of(work: Work, tree_size: int) -> SignedHead | None:
    """The head of exactly this size."""
    query = sa.select(log_heads).where(log_heads.c.tree_size == tree_size)
    row = work.connection.execute(query).one_or_none()
    return None if row is None else _head(row)


def insert_key(work: Work, key: LogKey) -> bool:
    """Keep a key; false if it, or another successor of the same key, is kept already."""
    row = (
        pg.insert(log_keys)
        .values(
            key=key.key,
            valid_from=key.valid_from,
            signed_by=key.signed_by,
            signature=key.signature,
        )
        .on_conflict_do_nothing()
        .returning(log_keys.c.key)
    )
    return work.connection.execute(row).one_or_none() is not None


def keys(work: Work) -> list[LogKey]:
    """Every key, oldest first."""
    query = sa.select(log_keys).order_by(log_keys.c.valid_from)
    return [
        LogKey(
            bytes(row.key),
            row.valid_from,
            bytes(row.signed_by),
            bytes(row.signature),
        )
        for row in work.connection.execute(query)
    ]


def stream_hashes(work: Work) -> Iterator[tuple[int, UUID, bytes]]:
    """Sequence, entry and hash of every transfer, in order."""
    return _stream(work, "log_hashes", _ALL_HASHES)


def stream_nodes(work: Work) -> Iterator[tuple[Subtree, bytes]]:
    """Every kept node, in the order in which transfers complete them."""
    for level, position, hashed in _stream(work, "log_nodes_kept", _ALL_NODES):
        yield Subtree(level, position), hashed


def stream_heads(work: Work) -> Iterator[SignedHead]:
    """Every head, by size."""
    for size, root, journal_hash, signed_at, key, signature in _stream(
        work, "log_heads_kept", _ALL_HEADS
    ):
        yield SignedHead(TreeHead(size, root, journal_hash, signed_at), key, signature)


def _stream(work: Work, name: str, query: str) -> Iterator[Any]:
    with raw_cursor(work, name) as cursor:
        cursor.execute(query)
        while page := cursor.fetchmany(PAGE):
            yield from page


def _head(row: sa.Row[Any]) -> SignedHead:
    head = TreeHead(row.tree_size, bytes(row.root), bytes(row.journal_hash), row.signed_at)
    return SignedHead(head, bytes(row.key), bytes(row.signature))
