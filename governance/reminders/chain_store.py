"""Whose ballots the Governor has, as the indexer keeps its events.

Accounts are small hexadecimal, as linked wallets are.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from governance.reminders.model import Cast
from ledger.kernel.transaction import Work
from oracle.indexer.tables import chain_checkpoints, chain_events

CASTS: Final = ("VoteCast", "VoteCastWithParams")
_EVENT: Final = chain_events.c
_FIRST: Final = sa.func.substring(_EVENT.topics, 33, 32)
"""The first indexed argument; the name of the event is before it."""
_PROPOSAL: Final = sa.func.substring(_EVENT.payload, 1, 32)


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


def _account(topic: bytes) -> str:
    return f"0x{bytes(topic)[-20:].hex()}"


def _word(payload: bytes, number: int) -> int:
    return int.from_bytes(payload[32 * number : 32 * number + 32], "big")
