"""Statements about blocks."""

from __future__ import annotations

import hashlib
from uuid import UUID

import sqlalchemy as sa

from ledger.kernel.transaction import Work
from ledger.members.blocks.model import Action, BlockRecord
from ledger.members.blocks.tables import member_block_words, member_blocks


def insert(work: Work, member_id: UUID, action: Action, by: UUID, reason: str) -> None:
    """Write down what was done, and why apart from it."""
    block_id = work.new_id()
    work.connection.execute(
        member_blocks.insert().values(
            block_id=block_id,
            member_id=member_id,
            action=action,
            done_by=by,
            reason_digest=hashlib.sha256(reason.encode()).digest(),
            recorded_at=work.now,
        )
    )
    work.connection.execute(member_block_words.insert().values(block_id=block_id, reason=reason))


def history(work: Work, member_id: UUID) -> list[BlockRecord]:
    """What was done to a member, newest first."""
    query = (
        sa.select(member_blocks, member_block_words.c.reason)
        .join_from(member_blocks, member_block_words, isouter=True)
        .where(member_blocks.c.member_id == member_id)
        .order_by(member_blocks.c.recorded_at.desc(), member_blocks.c.block_id.desc())
    )
    return [
        BlockRecord(row.action, row.done_by, row.recorded_at, row.reason)
        for row in work.connection.execute(query)
    ]


def forget(work: Work, member_id: UUID) -> None:
    """Delete the words about a member; that it happened stays, under a random id."""
    theirs = sa.select(member_blocks.c.block_id).where(member_blocks.c.member_id == member_id)
    work.connection.execute(
        member_block_words.delete().where(member_block_words.c.block_id.in_(theirs))
    )
