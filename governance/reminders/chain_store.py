"""Who could vote, who did, and for whom: read from the token's and the Governor's final events.

Everything is as of a proposal's snapshot, as the Governor counts it: what a block of that second
did counts. Accounts are small hexadecimal, as linked wallets are.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from governance.reminders.model import Cast
from ledger.kernel.transaction import Work
from oracle.indexer import store as indexer_store
from oracle.indexer.tables import chain_checkpoints, chain_events

CASTS: Final = ("VoteCast", "VoteCastWithParams")
_EVENT: Final = chain_events.c
_FIRST: Final = sa.func.substring(_EVENT.topics, 33, 32)
"""The first indexed argument; the name of the event is before it."""
_SECOND: Final = sa.func.substring(_EVENT.topics, 65, 32)
_LAST: Final = sa.func.substring(_EVENT.topics, 97, 32)
_PROPOSAL: Final = sa.func.substring(_EVENT.payload, 1, 32)


def final_until(work: Work, chain_key: int) -> datetime | None:
    """The time of the last final block; what is later may still change. ``None`` before one."""
    checkpoint = indexer_store.checkpoint(work, chain_key)
    if checkpoint is None:
        return None
    header = indexer_store.block_at(work, chain_key, checkpoint.block_number_final)
    return None if header is None else datetime.fromtimestamp(header.timestamp_s, UTC)


def casts_since(work: Work, chain_key: int, since: datetime, limit: int) -> list[Cast]:
    """Final ballots from then on, the oldest first: of each account and proposal the first."""
    rows = work.connection.execute(
        sa.select(_EVENT.topics, _EVENT.payload, _EVENT.block_time)
        .join(chain_checkpoints, chain_checkpoints.c.chain_key == _EVENT.chain_key)
        .where(
            _EVENT.chain_key == chain_key,
            _EVENT.contract == "VklGovernor",
            _EVENT.name.in_(CASTS),
            _EVENT.block_number <= chain_checkpoints.c.block_number_final,
            _EVENT.block_time >= since,
        )
        .order_by(_EVENT.block_number, _EVENT.log_index)
        .limit(limit)
    )
    found: dict[tuple[int, str], Cast] = {}
    for row in rows:
        proposal_id, support = _word(row.payload, 0), _word(row.payload, 1)
        cast = Cast(proposal_id, _account(row.topics[32:64]), support, row.block_time)
        found.setdefault((proposal_id, cast.voter), cast)
    return list(found.values())


def voters(work: Work, chain_key: int, proposal_id: int) -> set[str]:
    """Whose ballots on a proposal the chain has, final or not."""
    query = sa.select(_FIRST.label("voter")).where(
        _EVENT.chain_key == chain_key,
        _EVENT.contract == "VklGovernor",
        _EVENT.name.in_(CASTS),
        _PROPOSAL.in_([proposal_id.to_bytes(32, "big")]),
    )
    return {_account(voter) for voter in work.connection.execute(query).scalars()}


def powerful(work: Work, chain_key: int, snapshot_at: datetime) -> set[str]:
    """Accounts that had votes then, their own or others'."""
    query = (
        sa.select(_FIRST.label("delegate"), _EVENT.payload)
        .ext(pg.distinct_on(_FIRST))
        .where(*_of_token(chain_key, "DelegateVotesChanged", snapshot_at))
        .order_by(_FIRST, _EVENT.block_number.desc(), _EVENT.log_index.desc())
    )
    rows = work.connection.execute(query)
    return {_account(row.delegate) for row in rows if _word(row.payload, 1)}


def delegators(work: Work, chain_key: int, delegate: str, snapshot_at: datetime) -> set[str]:
    """Other accounts whose tokens voted through this one then, those without tokens included."""
    last = (
        sa.select(_FIRST.label("delegator"), _LAST.label("delegate"))
        .ext(pg.distinct_on(_FIRST))
        .where(*_of_token(chain_key, "DelegateChanged", snapshot_at))
        .order_by(_FIRST, _EVENT.block_number.desc(), _EVENT.log_index.desc())
        .subquery()
    )
    query = sa.select(last.c.delegator).where(last.c.delegate == _topic(delegate))
    found = {_account(each) for each in work.connection.execute(query).scalars()}
    return found - {delegate}


def holders(
    work: Work, chain_key: int, accounts: Collection[str], snapshot_at: datetime
) -> set[str]:
    """Which of these accounts had tokens then."""
    topics = [_topic(each) for each in accounts]
    query = sa.select(_FIRST.label("source"), _SECOND.label("target"), _EVENT.payload).where(
        *_of_token(chain_key, "Transfer", snapshot_at),
        sa.or_(_FIRST.in_(topics), _SECOND.in_(topics)),
    )
    balances = dict.fromkeys(accounts, 0)
    for row in work.connection.execute(query):
        units = _word(row.payload, 0)
        for account, change in ((_account(row.source), -units), (_account(row.target), units)):
            if account in balances:
                balances[account] += change
    return {account for account, units in balances.items() if units}


def _of_token(chain_key: int, name: str, until: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        _EVENT.chain_key == chain_key,
        _EVENT.contract == "VklToken",
        _EVENT.name == name,
        _EVENT.block_time <= until,
    )


def _account(topic: bytes) -> str:
    return f"0x{bytes(topic)[-20:].hex()}"


def _topic(account: str) -> bytes:
    return bytes.fromhex(account[2:]).rjust(32, b"\0")


def _word(payload: bytes, number: int) -> int:
    return int.from_bytes(payload[32 * number : 32 * number + 32], "big")
