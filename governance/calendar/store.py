"""What the Governor said of proposals, final, as the indexer keeps it.

One statement, one function. Events that carry the proposal's id in their data and the one that
carries it as a topic are read alike.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from governance.calendar.model import Happened, Happening
from ledger.kernel.transaction import Work
from oracle.indexer.tables import chain_checkpoints, chain_events

GOVERNOR: Final = "VklGovernor"
_ID: Final = sa.case(
    (
        chain_events.c.name == Happening.EXTENDED.value,
        sa.func.substring(chain_events.c.topics, 33, 32),
    ),
    else_=sa.func.substring(chain_events.c.payload, 1, 32),
)
"""``ProposalExtended`` has the id as its first indexed topic, the others as their first word."""


def happened_to(work: Work, chain_key: int, proposal_ids: Collection[int]) -> list[Happened]:
    """Every final event about these proposals."""
    ids = [each.to_bytes(32, "big") for each in proposal_ids]
    return _happened(work, chain_key, _ID.in_(ids))


def happened_between(
    work: Work, chain_key: int, start: datetime, end: datetime, limit: int
) -> list[Happened]:
    """Every final event of blocks from a time, inclusive, to another; the newest ``limit``."""
    when = chain_events.c.block_time
    return _happened(work, chain_key, sa.and_(when >= start, when < end), limit)


def _happened(
    work: Work, chain_key: int, which: sa.ColumnElement[bool], limit: int | None = None
) -> list[Happened]:
    rows = work.connection.execute(
        sa.select(chain_events.c.name, chain_events.c.block_time, _ID.label("proposal_id"))
        .join(chain_checkpoints, chain_checkpoints.c.chain_key == chain_events.c.chain_key)
        .where(
            chain_events.c.chain_key == chain_key,
            chain_events.c.contract == GOVERNOR,
            chain_events.c.name.in_([each.value for each in Happening]),
            chain_events.c.block_number <= chain_checkpoints.c.block_number_final,
            which,
        )
        .order_by(chain_events.c.block_number.desc(), chain_events.c.log_index.desc())
        .limit(limit)
    )
    return [
        Happened(int.from_bytes(row.proposal_id, "big"), Happening(row.name), row.block_time)
        for row in rows
    ]
