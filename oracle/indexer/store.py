"""Rows of the indexer."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import Work
from oracle.chain.port import BlockHeader
from oracle.contracts.abi import Address
from oracle.indexer.model import (
    ChainEvent,
    ChainIdentity,
    Checkpoint,
    KnownChain,
    SeenBlock,
)
from oracle.indexer.tables import chain_blocks, chain_checkpoints, chain_events, chains


def chain_in_use(work: Work) -> KnownChain | None:
    """The chain this database works with; ``None`` before the first one is seen."""
    row = (
        work.connection.execute(sa.select(chains).where(chains.c.retired_at.is_(None)))
        .mappings()
        .one_or_none()
    )
    if row is None:
        return None
    return KnownChain(
        row["chain_key"],
        ChainIdentity(
            chain_id=row["chain_id"],
            genesis_hash=bytes(row["genesis_hash"]),
            bridge_address=Address(row["bridge_address"]),
            bridge_code_hash=bytes(row["bridge_code_hash"]),
        ),
    )


def insert_chain(work: Work, identity: ChainIdentity) -> int | None:
    """Record a chain as the one in use; ``None`` if another worker was first."""
    return work.connection.execute(
        pg.insert(chains)
        .values(
            chain_id=identity.chain_id,
            genesis_hash=identity.genesis_hash,
            bridge_address=identity.bridge_address,
            bridge_code_hash=identity.bridge_code_hash,
            recorded_at=work.now,
        )
        .on_conflict_do_nothing()
        .returning(chains.c.chain_key)
    ).scalar_one_or_none()


def retire_chain(work: Work, chain_key: int) -> bool:
    """Work with this chain no more; ``False`` if that was so already."""
    changed = work.connection.execute(
        chains.update()
        .where(chains.c.chain_key == chain_key, chains.c.retired_at.is_(None))
        .values(retired_at=work.now)
    )
    return changed.rowcount == 1


def checkpoint(work: Work, chain_key: int) -> Checkpoint | None:
    """How far this chain is read; ``None`` before its first block is."""
    row = (
        work.connection.execute(
            sa.select(chain_checkpoints).where(chain_checkpoints.c.chain_key == chain_key)
        )
        .mappings()
        .one_or_none()
    )
    if row is None:
        return None
    return Checkpoint(row["block_number"], bytes(row["block_hash"]), row["block_number_final"])


def insert_checkpoint(work: Work, chain_key: int, start: Checkpoint) -> None:
    """Where reading begins; whoever is second leaves the first one's."""
    work.connection.execute(
        pg.insert(chain_checkpoints)
        .values(
            chain_key=chain_key,
            block_number=start.block_number,
            block_hash=start.block_hash,
            block_number_final=start.block_number_final,
            updated_at=work.now,
        )
        .on_conflict_do_nothing()
    )


def replace_checkpoint(work: Work, chain_key: int, old: Checkpoint, new: Checkpoint) -> bool:
    """Compare and set; ``False`` if somebody else has moved it."""
    changed = work.connection.execute(
        chain_checkpoints.update()
        .where(
            chain_checkpoints.c.chain_key == chain_key,
            chain_checkpoints.c.block_number == old.block_number,
            chain_checkpoints.c.block_hash == old.block_hash,
            chain_checkpoints.c.block_number_final == old.block_number_final,
        )
        .values(
            block_number=new.block_number,
            block_hash=new.block_hash,
            block_number_final=new.block_number_final,
            updated_at=work.now,
        )
    )
    return changed.rowcount == 1


def insert_blocks(work: Work, chain_key: int, blocks: Sequence[BlockHeader]) -> None:
    """Keep headers, seen now."""
    if blocks:
        work.connection.execute(
            chain_blocks.insert(),
            [
                {
                    "chain_key": chain_key,
                    "block_number": block.number,
                    "block_hash": block.block_hash,
                    "parent_hash": block.parent_hash,
                    "block_time": datetime.fromtimestamp(block.timestamp_s, UTC),
                    "seen_at": work.now,
                }
                for block in blocks
            ],
        )


def seen_blocks_newest_first(
    work: Work, chain_key: int, number_from: int, limit: int
) -> list[SeenBlock]:
    """Stored headers from the newest down to ``number_from`` (inclusive), at most ``limit``."""
    query = (
        sa.select(chain_blocks)
        .where(chain_blocks.c.chain_key == chain_key, chain_blocks.c.block_number >= number_from)
        .order_by(chain_blocks.c.block_number.desc())
        .limit(limit)
    )
    return [_seen(row) for row in work.connection.execute(query).mappings()]


def block_at(work: Work, chain_key: int, number: int) -> BlockHeader | None:
    """The stored header of this number."""
    row = (
        work.connection.execute(
            sa.select(chain_blocks).where(
                chain_blocks.c.chain_key == chain_key, chain_blocks.c.block_number == number
            )
        )
        .mappings()
        .one_or_none()
    )
    return None if row is None else _seen(row).header


def delete_blocks_above(work: Work, chain_key: int, number: int) -> None:
    """Forget blocks of a branch that is no more."""
    work.connection.execute(
        chain_blocks.delete().where(
            chain_blocks.c.chain_key == chain_key, chain_blocks.c.block_number > number
        )
    )


def delete_blocks_below(work: Work, chain_key: int, number: int) -> None:
    """Forget headers that no reorg can reach."""
    work.connection.execute(
        chain_blocks.delete().where(
            chain_blocks.c.chain_key == chain_key, chain_blocks.c.block_number < number
        )
    )


def insert_events(work: Work, chain_key: int, events: Sequence[ChainEvent]) -> None:
    """Keep decoded logs; one that is there already (chain, block hash, log index) stays."""
    if events:
        work.connection.execute(
            pg.insert(chain_events).on_conflict_do_nothing(),
            [
                {
                    "chain_key": chain_key,
                    "block_hash": event.block_hash,
                    "log_index": event.log_index,
                    "block_number": event.block_number,
                    "block_time": event.block_time,
                    "transaction_hash": event.transaction_hash,
                    "contract": event.contract,
                    "address": event.address,
                    "name": event.name,
                    "topics": b"".join(event.topics),
                    "payload": event.payload,
                }
                for event in events
            ],
        )


def delete_events_above(work: Work, chain_key: int, number: int) -> None:
    """Forget logs of a branch that is no more; none of them was ever acted on."""
    work.connection.execute(
        chain_events.delete().where(
            chain_events.c.chain_key == chain_key,
            chain_events.c.block_number > number,
            chain_events.c.handled_at.is_(None),
        )
    )


def events_waiting(
    work: Work, chain_key: int, number_max: int, limit: int, without: Collection[str] = ()
) -> list[ChainEvent]:
    """Logs up to ``number_max`` (inclusive) that were not acted on, in chain order.

    ``without``: contracts whose logs are left out.
    """
    return _events(
        work,
        sa.select(chain_events)
        .where(
            chain_events.c.chain_key == chain_key,
            chain_events.c.block_number <= number_max,
            chain_events.c.handled_at.is_(None),
            chain_events.c.contract.not_in(without),
        )
        .limit(limit),
    )


def events_between(
    work: Work, chain_key: int, number_from: int, number_to: int
) -> list[ChainEvent]:
    """Every log of these blocks, both inclusive, acted on or not, in chain order."""
    return _events(
        work,
        sa.select(chain_events).where(
            chain_events.c.chain_key == chain_key,
            chain_events.c.block_number.between(number_from, number_to),
        ),
    )


def events_named(
    work: Work, chain_key: int, contract: str, name: str, number_from: int = 0
) -> list[ChainEvent]:
    """Logs of one kind as the chain has them now, final or not, in chain order."""
    return _events(
        work,
        sa.select(chain_events).where(
            chain_events.c.chain_key == chain_key,
            chain_events.c.contract == contract,
            chain_events.c.name == name,
            chain_events.c.block_number >= number_from,
        ),
    )


def events_about(
    work: Work, chain_key: int, contract: str, name: str, first_words: Collection[int]
) -> list[ChainEvent]:
    """Logs of one kind whose data begins with one of these numbers, in chain order."""
    heads = [word.to_bytes(32, "big") for word in first_words]
    return _events(
        work,
        sa.select(chain_events).where(
            chain_events.c.chain_key == chain_key,
            chain_events.c.contract == contract,
            chain_events.c.name == name,
            sa.func.substring(chain_events.c.payload, 1, 32).in_(heads),
        ),
    )


def newest_events(
    work: Work, chain_key: int, kinds: Collection[tuple[str, str]], limit: int
) -> list[ChainEvent]:
    """Logs of these kinds (contract, name) as the chain has them now, the newest first."""
    kind = sa.tuple_(chain_events.c.contract, chain_events.c.name)
    return _events(
        work,
        sa.select(chain_events)
        .where(chain_events.c.chain_key == chain_key, kind.in_(list(kinds)))
        .order_by(chain_events.c.block_number.desc(), chain_events.c.log_index.desc())
        .limit(limit),
    )


def count_waiting(work: Work, chain_key: int) -> int:
    """Logs that were read and not acted on yet."""
    query = sa.select(sa.func.count()).where(
        chain_events.c.chain_key == chain_key, chain_events.c.handled_at.is_(None)
    )
    return int(work.connection.execute(query).scalar_one())


def mark_handled(work: Work, chain_key: int, event: ChainEvent) -> bool:
    """Compare and set; ``False`` if another worker acted on it or a reorg took it away."""
    changed = work.connection.execute(
        chain_events.update()
        .where(
            chain_events.c.chain_key == chain_key,
            chain_events.c.block_hash == event.block_hash,
            chain_events.c.log_index == event.log_index,
            chain_events.c.handled_at.is_(None),
        )
        .values(handled_at=work.now)
    )
    return changed.rowcount == 1


def _events(work: Work, query: sa.Select[tuple[object, ...]]) -> list[ChainEvent]:
    ordered = query.order_by(chain_events.c.block_number, chain_events.c.log_index)
    return [
        ChainEvent(
            contract=row["contract"],
            name=row["name"],
            address=Address(row["address"]),
            topics=_split_topics(bytes(row["topics"])),
            payload=bytes(row["payload"]),
            block_number=row["block_number"],
            block_hash=bytes(row["block_hash"]),
            block_time=row["block_time"],
            log_index=row["log_index"],
            transaction_hash=bytes(row["transaction_hash"]),
        )
        for row in work.connection.execute(ordered).mappings()
    ]


def _seen(row: sa.RowMapping) -> SeenBlock:
    header = BlockHeader(
        number=row["block_number"],
        block_hash=bytes(row["block_hash"]),
        parent_hash=bytes(row["parent_hash"]),
        timestamp_s=int(row["block_time"].timestamp()),
    )
    return SeenBlock(header, row["seen_at"])


def _split_topics(joined: bytes) -> tuple[bytes, ...]:
    return tuple(joined[start : start + 32] for start in range(0, len(joined), 32))
