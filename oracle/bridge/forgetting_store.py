"""Whose wallet it was: what the chain keeps for ever, and forgetting our own record of it.

Copies of public transactions (batches, intents, events) stay: they are what everybody has. They
name a wallet and no member. Our rows that say which member it was are blanked.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

import sqlalchemy as sa

from ledger.kernel.transaction import Work
from oracle.bridge.model import RequestState
from oracle.bridge.tables import bridge_redemptions, bridge_references, bridge_requests

NOBODY: Final = "0x" + "0" * 40
_NO_SALT: Final = bytes(32)
_OPEN: Final = (RequestState.ESCROWED, RequestState.BATCHED)


def in_flight(work: Work, member_id: UUID) -> int:
    """Requests whose points are on their way: a batch that pays them still has to be checked."""
    mine = bridge_requests.c
    query = sa.select(sa.func.count()).where(
        mine.member_id == member_id, mine.state.in_([state.value for state in _OPEN])
    )
    return int(work.connection.execute(query).scalar_one())


def on_chain(work: Work, member_id: UUID) -> dict[str, int]:
    """How often the member's wallets were paid tokens, and burnt some."""
    requests, burns = bridge_requests.c, bridge_redemptions.c
    minted = sa.select(sa.func.count()).where(
        requests.member_id == member_id,
        requests.state == RequestState.MINTED,
        requests.wallet != NOBODY,
    )
    burnt = sa.select(sa.func.count()).where(burns.member_id == member_id, burns.holder != NOBODY)
    return {
        "mints": int(work.connection.execute(minted).scalar_one()),
        "burns": int(work.connection.execute(burnt).scalar_one()),
    }


def forget(work: Work, member_id: UUID) -> None:
    """Blank the wallet wherever a row of ours says whose it is, and what opens its digest."""
    for table, values in (
        (bridge_requests, {"wallet": NOBODY, "salt": _NO_SALT}),
        (bridge_references, {"holder": NOBODY}),
        (bridge_redemptions, {"holder": NOBODY}),
    ):
        work.connection.execute(
            table.update().where(table.c.member_id == member_id).values(**values)
        )
