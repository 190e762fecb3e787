"""Where proposals and their last known standing are kept."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from governance.proposals.model import (
    SIGNATURE_LIFE_S,
    TERMINAL,
    Action,
    Proposal,
    ProposalKind,
    ProposalState,
    Standing,
)
from governance.tables import proposal_standings, proposals, wei
from ledger.kernel.transaction import Work
from ledger.kernel.units import TokenUnits
from oracle.contracts.abi import Address
from oracle.sender.model import IntentState
from oracle.sender.tables import intents

GOOD_FOR: Final = timedelta(seconds=2 * SIGNATURE_LIFE_S)
"""Longer than any signed proposal can be brought on chain."""


def insert_proposal(work: Work, chain_key: int, proposal: Proposal) -> bool:
    """Keep a signed proposal; False if the same one is there already."""
    result = work.connection.execute(
        pg.insert(proposals)
        .values(
            chain_key=chain_key,
            proposal_id=proposal.proposal_id,
            kind=proposal.kind,
            title=proposal.title,
            body=proposal.body,
            description=proposal.description,
            actions=[
                [action.target, str(action.value_wei), action.calldata.hex()]
                for action in proposal.actions
            ],
            member_id=proposal.member_id,
            proposer_address=proposal.proposer,
            programme_hash=proposal.programme_hash,
            declared_effective_at=proposal.declared_effective_at,
            intent_key=proposal.intent_key,
            submitted_at=proposal.submitted_at,
            order_hash=proposal.order_hash,
            preview_digest=proposal.preview_digest,
        )
        .on_conflict_do_nothing()
        .returning(proposals.c.proposal_id)
    )
    return result.first() is not None


def find(work: Work, chain_key: int, proposal_id: int) -> Proposal | None:
    """One proposal with its standing."""
    row = work.connection.execute(
        _query(chain_key).where(proposals.c.proposal_id == wei(proposal_id))
    ).one_or_none()
    return None if row is None else _proposal(row)


def newest(work: Work, chain_key: int, limit: int) -> list[Proposal]:
    """Proposals, newest first."""
    rows = work.connection.execute(
        _query(chain_key)
        .order_by(proposals.c.submitted_at.desc(), proposals.c.proposal_id)
        .limit(limit)
    )
    return [_proposal(row) for row in rows]


def touching(
    work: Work,
    chain_key: int,
    between: tuple[datetime, datetime],
    also: Collection[int],
    limit: int,
) -> list[Proposal]:
    """Proposals with a date from a moment, inclusive, to another, and those of these ids.

    The newest ``limit`` of all of them.
    """
    start, end = between
    dates = (
        proposals.c.submitted_at,
        proposal_standings.c.snapshot_at,
        proposal_standings.c.deadline_at,
        proposal_standings.c.executable_at,
    )
    touched = [sa.and_(each >= start, each < end) for each in dates]
    named = proposals.c.proposal_id.in_([wei(each) for each in also])
    rows = work.connection.execute(
        _query(chain_key)
        .where(sa.or_(*touched, named))
        .order_by(proposals.c.submitted_at.desc(), proposals.c.proposal_id)
        .limit(limit)
    )
    return [_proposal(row) for row in rows]


def unfinished(work: Work, chain_key: int, limit: int) -> list[Proposal]:
    """Proposals whose standing may still change, those not looked at for longest first.

    One that our relayer could not bring on chain may be brought there by others for as long as its
    signature is good, so it is finished only then.
    """
    failed = sa.exists().where(
        intents.c.chain_key == proposals.c.chain_key,
        intents.c.key == proposals.c.intent_key,
        intents.c.state == IntentState.FAILED,
    )
    may_still_come = sa.or_(~failed, proposals.c.submitted_at > work.now - GOOD_FOR)
    standing = proposal_standings.c.state
    rows = work.connection.execute(
        _query(chain_key)
        .where(
            sa.case(
                (standing.is_(None), may_still_come),
                else_=standing.not_in([state.value for state in TERMINAL]),
            )
        )
        .order_by(proposal_standings.c.read_at.asc().nulls_first(), proposals.c.submitted_at)
        .limit(limit)
    )
    return [_proposal(row) for row in rows]


def write_standings(work: Work, chain_key: int, found: Sequence[tuple[int, Standing]]) -> None:
    """Replace what is known by what was read at a block that is not older."""
    if not found:
        return
    statement = pg.insert(proposal_standings)
    replaced = {
        column.name: statement.excluded[column.name]
        for column in proposal_standings.c
        if not column.primary_key
    }
    work.connection.execute(
        statement.on_conflict_do_update(
            index_elements=[proposal_standings.c.chain_key, proposal_standings.c.proposal_id],
            set_=replaced,
        ),
        [
            {
                "chain_key": chain_key,
                "proposal_id": proposal_id,
                "state": standing.state,
                "snapshot_at": standing.snapshot_at,
                "deadline_at": standing.deadline_at,
                "executable_at": standing.executable_at,
                "against_votes": standing.against.amount,
                "for_votes": standing.in_favour.amount,
                "abstain_votes": standing.abstain.amount,
                "voters": standing.voters,
                "quorum_votes": None if standing.quorum is None else standing.quorum.amount,
                "quorum_voters": standing.quorum_voters,
                "block_number": standing.block_number,
                "read_at": work.now,
            }
            for proposal_id, standing in found
        ],
    )


def _query(chain_key: int) -> sa.Select[*tuple[Any, ...]]:
    same = sa.and_(
        proposal_standings.c.chain_key == proposals.c.chain_key,
        proposal_standings.c.proposal_id == proposals.c.proposal_id,
    )
    shown = [column for column in proposal_standings.c if not column.primary_key]
    return (
        sa.select(*proposals.c, *shown)
        .outerjoin(proposal_standings, same)
        .where(proposals.c.chain_key == chain_key)
    )


def _proposal(row: sa.Row[*tuple[Any, ...]]) -> Proposal:
    return Proposal(
        proposal_id=int(row.proposal_id),
        kind=ProposalKind(row.kind),
        title=row.title,
        body=row.body,
        description=row.description,
        actions=tuple(
            Action(Address(target), int(value), bytes.fromhex(calldata))
            for target, value, calldata in row.actions
        ),
        member_id=row.member_id,
        proposer=Address(row.proposer_address),
        programme_hash=None if row.programme_hash is None else bytes(row.programme_hash),
        declared_effective_at=row.declared_effective_at,
        intent_key=row.intent_key,
        submitted_at=row.submitted_at,
        order_hash=None if row.order_hash is None else bytes(row.order_hash),
        preview_digest=None if row.preview_digest is None else bytes(row.preview_digest),
        standing=None if row.state is None else _standing(row),
    )


def _standing(row: sa.Row[*tuple[Any, ...]]) -> Standing:
    return Standing(
        state=ProposalState(row.state),
        snapshot_at=row.snapshot_at,
        deadline_at=row.deadline_at,
        executable_at=row.executable_at,
        against=TokenUnits(int(row.against_votes)),
        in_favour=TokenUnits(int(row.for_votes)),
        abstain=TokenUnits(int(row.abstain_votes)),
        voters=row.voters,
        quorum=None if row.quorum_votes is None else TokenUnits(int(row.quorum_votes)),
        quorum_voters=row.quorum_voters,
        block_number=row.block_number,
    )
