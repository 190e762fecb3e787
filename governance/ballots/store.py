"""Where ballots are kept on their way to the chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from governance.ballots.model import Ballot, BallotState, Choice, Division, Support
from governance.tables import ballots, wei
from ledger.kernel.transaction import Work
from ledger.kernel.units import TokenUnits
from oracle.contracts.abi import Address


def insert_ballot(work: Work, chain_key: int, ballot: Ballot) -> bool:
    """Keep a ballot; False if the voter has one on this proposal that is not rejected."""
    result = work.connection.execute(
        pg.insert(ballots)
        .values(
            ballot_id=ballot.ballot_id,
            chain_key=chain_key,
            proposal_id=ballot.proposal_id,
            member_id=ballot.member_id,
            voter_address=ballot.voter,
            support=int(ballot.support),
            reason=ballot.reason,
            params=ballot.choice.params,
            nonce=ballot.nonce,
            signature=ballot.signature,
            weight=ballot.weight.amount,
            received_at=ballot.received_at,
            state=ballot.state,
        )
        .on_conflict_do_nothing()
        .returning(ballots.c.ballot_id)
    )
    return result.first() is not None


def received(work: Work, chain_key: int, limit: int) -> list[Ballot]:
    """Ballots that wait for a batch, oldest first, locked; others skip them."""
    rows = work.connection.execute(
        sa.select(ballots)
        .where(ballots.c.chain_key == chain_key, ballots.c.state == BallotState.RECEIVED)
        .order_by(ballots.c.received_at, ballots.c.ballot_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [_ballot(row) for row in rows]


def open_voters(work: Work, chain_key: int) -> frozenset[Address]:
    """Voters with a ballot in a transaction that is not settled."""
    rows = work.connection.execute(
        sa.select(ballots.c.voter_address).where(
            ballots.c.chain_key == chain_key, ballots.c.state == BallotState.RELAYED
        )
    )
    return frozenset(Address(row.voter_address) for row in rows)


def has_open(work: Work, chain_key: int, proposal_id: int, voter: Address) -> bool:
    """Whether a voter has a ballot on a proposal that is not rejected."""
    query = sa.select(ballots.c.ballot_id).where(
        ballots.c.chain_key == chain_key,
        ballots.c.proposal_id == wei(proposal_id),
        ballots.c.voter_address == voter,
        ballots.c.state != BallotState.REJECTED,
    )
    return work.connection.execute(query).first() is not None


def count_ahead(work: Work, chain_key: int, voter: Address, nonce: int) -> int:
    """Ballots of a voter on their way whose number the chain has not seen yet."""
    query = sa.select(sa.func.count()).where(
        ballots.c.chain_key == chain_key,
        ballots.c.voter_address == voter,
        ballots.c.state.in_([BallotState.RECEIVED, BallotState.RELAYED]),
        ballots.c.nonce >= wei(nonce),
    )
    return int(work.connection.execute(query).scalar_one())


def mark_relayed(work: Work, ballot_ids: Sequence[UUID], intent_key: str) -> None:
    """These ballots go with that intent."""
    work.connection.execute(
        ballots.update()
        .where(ballots.c.ballot_id.in_(ballot_ids))
        .values(state=BallotState.RELAYED, intent_key=intent_key)
    )


def of_intent(work: Work, intent_key: str) -> list[Ballot]:
    """The ballots that went with an intent and are not settled."""
    rows = work.connection.execute(
        sa.select(ballots)
        .where(ballots.c.intent_key == intent_key, ballots.c.state == BallotState.RELAYED)
        .order_by(ballots.c.ballot_id)
        .with_for_update()
    )
    return [_ballot(row) for row in rows]


def settle(work: Work, ballot_id: UUID, rejection: str | None, weight: TokenUnits | None) -> None:
    """The chain recorded the ballot with this weight, or rejected it with this reason."""
    state = BallotState.RECORDED if rejection is None else BallotState.REJECTED
    counted = {} if weight is None else {"weight": weight.amount}
    work.connection.execute(
        ballots.update()
        .where(ballots.c.ballot_id == ballot_id)
        .values(state=state, rejection=rejection, settled_at=work.now, **counted)
    )


def of_member(
    work: Work, chain_key: int, member_id: UUID, proposal_id: int | None = None
) -> list[Ballot]:
    """A member's ballots, newest first; on one proposal if given."""
    query = sa.select(ballots).where(
        ballots.c.chain_key == chain_key, ballots.c.member_id == member_id
    )
    if proposal_id is not None:
        query = query.where(ballots.c.proposal_id == wei(proposal_id))
    rows = work.connection.execute(query.order_by(ballots.c.received_at.desc()).limit(200))
    return [_ballot(row) for row in rows]


def find(work: Work, ballot_id: UUID) -> Ballot | None:
    """One ballot."""
    row = work.connection.execute(
        sa.select(ballots).where(ballots.c.ballot_id == ballot_id)
    ).one_or_none()
    return None if row is None else _ballot(row)


def count_open(work: Work, chain_key: int) -> int:
    """Ballots that are not settled."""
    query = sa.select(sa.func.count()).where(
        ballots.c.chain_key == chain_key,
        ballots.c.state.in_([BallotState.RECEIVED, BallotState.RELAYED]),
    )
    return int(work.connection.execute(query).scalar_one())


def _ballot(row: sa.Row[*tuple[Any, ...]]) -> Ballot:
    return Ballot(
        ballot_id=row.ballot_id,
        proposal_id=int(row.proposal_id),
        member_id=row.member_id,
        voter=Address(row.voter_address),
        choice=_choice(row),
        reason=row.reason,
        nonce=int(row.nonce),
        signature=bytes(row.signature),
        weight=TokenUnits(int(row.weight)),
        received_at=row.received_at,
        state=BallotState(row.state),
        intent_key=row.intent_key,
        rejection=row.rejection,
    )


def _choice(row: sa.Row[*tuple[Any, ...]]) -> Choice:
    support = Support(row.support)
    divided = support is Support.DIVIDED
    return Choice(support, Division.unpacked(bytes(row.params)) if divided else None)
