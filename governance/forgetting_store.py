"""Who voted and delegated: what the chain keeps for ever, and forgetting our own record of it."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import sqlalchemy as sa

from governance.permits.tables import permits
from governance.tables import ballots, delegations, proposals
from ledger.kernel.transaction import Work

NOBODY: Final = "0x" + "0" * 40
_OPEN: Final = ("received", "relayed")


def in_flight(work: Work, member_id: UUID) -> int:
    """Ballots that are signed and not on chain yet."""
    mine = ballots.c
    query = sa.select(sa.func.count()).where(mine.member_id == member_id, mine.state.in_(_OPEN))
    return int(work.connection.execute(query).scalar_one())


def on_chain(work: Work, member_id: UUID) -> dict[str, int]:
    """How many ballots with their reasons, delegations, permits and proposals the chain has."""
    votes = sa.select(sa.func.count()).where(
        ballots.c.member_id == member_id, ballots.c.state == "recorded"
    )
    delegated = sa.select(sa.func.count()).where(
        delegations.c.member_id == member_id, delegations.c.delegator_address != NOBODY
    )
    permitted = sa.select(sa.func.count()).where(
        permits.c.member_id == member_id, permits.c.owner_address != NOBODY
    )
    proposed = sa.select(sa.func.count()).where(proposals.c.member_id == member_id)
    return {
        "ballots": int(work.connection.execute(votes).scalar_one()),
        "delegations": int(work.connection.execute(delegated).scalar_one()),
        "permits": int(work.connection.execute(permitted).scalar_one()),
        "proposals": int(work.connection.execute(proposed).scalar_one()),
    }


def forget(work: Work, member_id: UUID) -> None:
    """Delete settled ballots, blank delegations and permits; a proposal is the community's."""
    settled = ballots.c.state.not_in(_OPEN)
    work.connection.execute(ballots.delete().where(ballots.c.member_id == member_id, settled))
    work.connection.execute(
        delegations.update()
        .where(delegations.c.member_id == member_id)
        .values(
            delegator_address=NOBODY,
            delegatee_address=NOBODY,
            # The key of the intent has the address in it.
            intent_key=sa.literal("erased:") + sa.cast(delegations.c.delegation_id, sa.Text),
        )
    )
    work.connection.execute(
        permits.update()
        .where(permits.c.member_id == member_id)
        .values(
            owner_address=NOBODY,
            spender_address=NOBODY,
            units=0,
            intent_key=sa.literal("erased:") + sa.cast(permits.c.permit_id, sa.Text),
        )
    )
