"""The stages of a journey whose facts lie above the ledger: points carried on chain, and votes.

A ballot in a poll is told with the end of that poll and once it is counted: the time at which it
was cast would say which of the ballots in the poll's register is whose.
"""

from __future__ import annotations

import sqlalchemy as sa

from governance.polls.tables import poll_ballots, poll_names, polls
from governance.tables import ballots
from ledger.funnel.model import Stage
from ledger.funnel.stages_store import Query, firsts
from oracle.bridge.tables import bridge_requests


def community_stages() -> list[Query]:
    """The queries of ``ledger/funnel/stages_store`` for these stages."""
    voted = sa.and_(
        poll_ballots.c.poll_id == poll_names.c.poll_id,
        poll_ballots.c.pseudonym == poll_names.c.pseudonym,
    )
    return [
        firsts(
            Stage.BRIDGE,
            bridge_requests.c.member_id,
            bridge_requests.c.settled_at,
            lambda query: query.where(bridge_requests.c.state == "minted"),
        ),
        firsts(
            Stage.VOTE,
            ballots.c.member_id,
            ballots.c.settled_at,
            lambda query: query.where(ballots.c.state == "recorded"),
        ),
        firsts(
            Stage.VOTE,
            poll_names.c.member_id,
            polls.c.closes_at,
            lambda query: query.join(polls, polls.c.poll_id == poll_names.c.poll_id).where(
                polls.c.counted_at.is_not(None), sa.exists().where(voted)
            ),
        ),
    ]
