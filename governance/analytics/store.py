"""What the figures are made of beside the token's events: the Governor's ballots, polls' weights.

One statement, one function. Accounts are what the chain shows to everybody; of polls there are
pseudonyms only. Nothing here says which member anybody is.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from governance.polls.tables import poll_ballots, poll_voters, polls
from governance.tables import proposal_standings, proposals
from ledger.kernel.transaction import Work
from oracle.indexer.tables import chain_events

CASTS: Final = ("VoteCast", "VoteCastWithParams")
OURS: Final = ("PointsBridge", "VklGovernor", "VklTimelock", "VklToken")
"""Contracts of the deployment: what they hold is the community's, and no holder's."""


def casts(
    work: Work, chain_key: int, number_max: int, proposal_ids: Collection[int]
) -> dict[int, dict[str, int]]:
    """Of each proposal the weight that every account has cast by a block, parts of it added up."""
    event = chain_events.c
    heads = [each.to_bytes(32, "big") for each in proposal_ids]
    rows = work.connection.execute(
        sa.select(event.topics, event.payload).where(
            event.chain_key == chain_key,
            event.contract == "VklGovernor",
            event.name.in_(CASTS),
            event.block_number <= number_max,
            sa.func.substring(event.payload, 1, 32).in_(heads),
        )
    )
    found: dict[int, dict[str, int]] = {each: {} for each in proposal_ids}
    for row in rows:
        proposal_id, _, weight = _words(row.payload[:96])
        voter = f"0x{bytes(row.topics[-20:]).hex()}"
        of_proposal = found[proposal_id]
        of_proposal[voter] = of_proposal.get(voter, 0) + weight
    return found


def our_contracts(work: Work, chain_key: int) -> set[str]:
    """The addresses of the deployment's contracts that have said anything."""
    event = chain_events.c
    query = sa.select(sa.func.lower(event.address)).where(
        event.chain_key == chain_key, event.contract.in_(OURS)
    )
    return set(work.connection.execute(query.distinct()).scalars())


def newest(work: Work, chain_key: int | None) -> tuple[object, ...]:
    """How many proposals there are, when one's standing was read last, and a poll counted last."""
    standing = sa.select(sa.func.max(proposal_standings.c.read_at)).where(
        proposal_standings.c.chain_key == chain_key
    )
    count = sa.select(sa.func.count()).where(proposals.c.chain_key == chain_key)
    counted = sa.select(sa.func.max(polls.c.counted_at))
    parts = [each.scalar_subquery() for each in (count, standing, counted)]
    return tuple(work.connection.execute(sa.select(*parts)).one())


def counted_polls(work: Work, limit: int) -> list[UUID]:
    """The newest polls that are counted, newest first."""
    query = (
        sa.select(polls.c.poll_id)
        .where(polls.c.counted_at.is_not(None))
        .order_by(polls.c.closes_at.desc(), polls.c.poll_id.desc())
        .limit(limit)
    )
    return list(work.connection.execute(query).scalars())


def poll_weights(work: Work, poll_id: UUID) -> list[tuple[int, bool]]:
    """The weight of everybody who could vote in a poll, and whether they did."""
    voted = sa.exists().where(
        poll_ballots.c.poll_id == poll_voters.c.poll_id,
        poll_ballots.c.pseudonym == poll_voters.c.pseudonym,
    )
    query = sa.select(poll_voters.c.weight, voted.label("voted")).where(
        poll_voters.c.poll_id == poll_id
    )
    return [(int(row.weight), bool(row.voted)) for row in work.connection.execute(query)]


def _words(payload: bytes) -> tuple[int, ...]:
    return tuple(
        int.from_bytes(payload[start : start + 32], "big") for start in range(0, len(payload), 32)
    )
