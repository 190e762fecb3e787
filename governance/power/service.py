"""Reading the token up to the indexer's final block, range by range.

    indexer's final block ─────────────────────────────┐
    token_checkpoints ──range──▶ ──range──▶ … ─────────▶┘   rows and checkpoint in one transaction

The indexer reads contracts whose events have effects, each in a transaction of its own; the token's
are many and have none, so they are kept apart, many in one statement, and never hold a credit up.
Only final blocks are read: nothing is ever unwound. Nothing here is credited or decided.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from governance.power import store
from governance.power.model import KINDS, ReadTo, change_of
from ledger.kernel.transaction import Database, Work, execute
from oracle.chain.port import BlockHeader, Chain, LogQuery
from oracle.contracts.abi import Address
from oracle.indexer import store as indexer_store
from oracle.indexer.model import RANGE_BLOCKS_MAX, RANGES_PER_TICK_MAX, ChainMoved
from oracle.turns.store import hold_turn

_TURN: Final = "token"


def is_behind(work: Work) -> bool:
    """Whether there are final blocks in which the token was not read."""
    known = indexer_store.chain_in_use(work)
    checkpoint = None if known is None else indexer_store.checkpoint(work, known.chain_key)
    if known is None or checkpoint is None:
        return False
    at = store.read_to(work, known.chain_key)
    return at is None or at.block_number < checkpoint.block_number_final


def held_by_treasury(work: Work) -> int | None:
    """Token units that the timelock has, up to the block read; ``None`` without a chain."""
    known = indexer_store.chain_in_use(work)
    if known is None:
        return None
    timelock = store.address_of(work, known.chain_key, "VklTimelock")
    return 0 if timelock is None else store.units_held(work, known.chain_key, timelock)


def read_token(database: Database, chain: Chain, token: Address, number_first: int) -> int:
    """Read what is new and final of the token's events; how many blocks.

    ``number_first``: where reading begins on a chain seen first. One worker at a time.

    Raises:
        ChainMoved: the node has another branch than the indexer read.
    """
    with hold_turn(database, _TURN) as mine:
        if not mine:
            return 0
        with database.read() as work:
            known = indexer_store.chain_in_use(work)
            if known is None:
                return 0
            key = known.chain_key
            checkpoint = indexer_store.checkpoint(work, key)
            at = store.read_to(work, key)
        final = -1 if checkpoint is None else checkpoint.block_number_final
        begun = number_first - 1 if at is None else at.block_number
        number = begun
        for _ in range(RANGES_PER_TICK_MAX):
            if number >= final:
                break
            number_to = min(final, number + RANGE_BLOCKS_MAX)
            at = _read(database, key, chain, LogQuery(number + 1, number_to, (token,)), at)
            number = number_to
        return number - begun


def _read(
    database: Database, chain_key: int, chain: Chain, query: LogQuery, at: ReadTo | None
) -> ReadTo:
    logs = [log for log in chain.logs(query) if log.topics and log.topics[0] in KINDS]
    headers = {
        number: _header(chain, number)
        for number in sorted({log.block_number for log in logs} | {query.number_to})
    }
    for log in logs:
        if log.block_hash != headers[log.block_number].block_hash:
            raise ChainMoved(
                "The token's logs are of another branch.", block_number=log.block_number
            )
    reached = ReadTo(query.number_to, _time(headers[query.number_to]))
    found = [change_of(log, _time(headers[log.block_number])) for log in logs]

    def keep(work: Work, _: None) -> None:
        same = indexer_store.block_at(work, chain_key, reached.block_number)
        if same is not None and same.block_hash != headers[reached.block_number].block_hash:
            raise ChainMoved("The node left the branch read.", block_number=reached.block_number)
        if not store.move_checkpoint(work, chain_key, at, reached):
            raise ChainMoved("Another worker has read on.", block_number=reached.block_number)
        store.insert_changes(work, chain_key, found)

    execute(database, keep, None)
    return reached


def _header(chain: Chain, number: int) -> BlockHeader:
    found = chain.block(number)
    if found is None:
        raise ChainMoved("A final block is not there.", block_number=number)
    return found


def _time(header: BlockHeader) -> datetime:
    return datetime.fromtimestamp(header.timestamp_s, UTC)
