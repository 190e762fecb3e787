"""Rows of the sender; every change of state compares the state it replaces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import Work
from oracle.contracts.abi import Address
from oracle.sender.backlog import OpenIntents
from oracle.sender.model import (
    SETTLED,
    Attempt,
    Fees,
    Intent,
    IntentState,
    Mined,
    SenderRole,
)
from oracle.sender.tables import intent_nonces, intent_transactions, intents

_HELD = intent_nonces.c.lost_at.is_(None)
_INTENT_AND_NONCE = sa.select(
    intents, intent_nonces.c.sender.label("sender"), intent_nonces.c.nonce.label("nonce")
).select_from(
    intents.outerjoin(intent_nonces, (intent_nonces.c.intent_id == intents.c.intent_id) & _HELD)
)


def insert_intent(work: Work, row: dict[str, Any]) -> bool:
    """Add a queued intent; ``False`` if its (chain, key) is there already."""
    statement = (
        pg.insert(intents)
        .values(**row, created_at=work.now, updated_at=work.now)
        .on_conflict_do_nothing(index_elements=["chain_key", "key"])
        .returning(intents.c.intent_id)
    )
    return work.connection.execute(statement).one_or_none() is not None


def intent_by_key(work: Work, chain_key: int, key: str) -> Intent | None:
    """The intent of this key on this chain."""
    query = _INTENT_AND_NONCE.where(intents.c.chain_key == chain_key, intents.c.key == key)
    found = _load(work, query)
    return found[0] if found else None


def failure_of(work: Work, intent_id: UUID) -> str | None:
    """Why an intent failed; ``None`` if it did not."""
    query = sa.select(intents.c.failure).where(intents.c.intent_id == intent_id)
    failure: str | None = work.connection.execute(query).scalar_one()
    return failure


def in_flight(work: Work, chain_key: int, role: SenderRole) -> list[Intent]:
    """Intents that hold a nonce and are not settled, by nonce."""
    query = _INTENT_AND_NONCE.where(
        intents.c.chain_key == chain_key,
        intents.c.role == role,
        intents.c.state.not_in(SETTLED),
        intents.c.state != IntentState.QUEUED,
    ).order_by(intent_nonces.c.nonce)
    return _load(work, query)


def queued(work: Work, chain_key: int, role: SenderRole, limit: int) -> list[Intent]:
    """Intents that wait for a nonce, oldest first."""
    query = (
        _INTENT_AND_NONCE.where(
            intents.c.chain_key == chain_key,
            intents.c.role == role,
            intents.c.state == IntentState.QUEUED,
        )
        .order_by(intents.c.created_at, intents.c.intent_id)
        .limit(limit)
    )
    return _load(work, query)


def count_open(work: Work, chain_key: int) -> int:
    """Intents of this chain that are not settled."""
    query = sa.select(sa.func.count()).where(
        intents.c.chain_key == chain_key, intents.c.state.not_in(SETTLED)
    )
    return int(work.connection.execute(query).scalar_one())


def open_by_state(work: Work, chain_key: int) -> list[OpenIntents]:
    """Intents of this chain that are not settled, counted by state."""
    query = (
        sa.select(intents.c.state, sa.func.count(), sa.func.min(intents.c.created_at))
        .where(intents.c.chain_key == chain_key, intents.c.state.not_in(SETTLED))
        .group_by(intents.c.state)
    )
    found = work.connection.execute(query)
    return [OpenIntents(IntentState(state), count, oldest) for state, count, oldest in found]


def nonces_held(work: Work, chain_key: int, sender: Address, nonce_from: int) -> frozenset[int]:
    """Nonces at or above ``nonce_from`` that some intent holds."""
    query = sa.select(intent_nonces.c.nonce).where(
        intent_nonces.c.chain_key == chain_key,
        intent_nonces.c.sender == sender,
        intent_nonces.c.nonce >= nonce_from,
        _HELD,
    )
    return frozenset(work.connection.execute(query).scalars())


def insert_nonce(work: Work, chain_key: int, sender: Address, nonce: int, intent_id: UUID) -> None:
    """Give a nonce to an intent, for ever: the primary key refuses a second one."""
    work.connection.execute(
        intent_nonces.insert().values(
            chain_key=chain_key,
            sender=sender,
            nonce=nonce,
            intent_id=intent_id,
            reserved_at=work.now,
        )
    )


def lose_nonce(work: Work, intent_id: UUID) -> None:
    """Write down that the intent's nonce is no more its own."""
    work.connection.execute(
        intent_nonces.update()
        .where(intent_nonces.c.intent_id == intent_id, _HELD)
        .values(lost_at=work.now)
    )


def insert_attempt(work: Work, intent: Intent, attempt: Attempt) -> None:
    """Keep signed bytes before they go anywhere; older ones of this nonce are replaced."""
    work.connection.execute(
        intent_transactions.update()
        .where(
            intent_transactions.c.intent_id == intent.intent_id,
            intent_transactions.c.nonce == intent.nonce,
            intent_transactions.c.replaced_at.is_(None),
        )
        .values(replaced_at=work.now)
    )
    work.connection.execute(
        intent_transactions.insert().values(
            transaction_hash=attempt.transaction_hash,
            intent_id=intent.intent_id,
            nonce=intent.nonce,
            number=attempt.number,
            raw=attempt.raw,
            max_fee_wei=attempt.fees.max_fee_wei,
            priority_fee_wei=attempt.fees.priority_fee_wei,
            signed_at=work.now,
        )
    )


def mark_broadcast(work: Work, intent: Intent, attempt: Attempt) -> None:
    """The bytes were handed to a node now."""
    work.connection.execute(
        intent_transactions.update()
        .where(
            intent_transactions.c.intent_id == intent.intent_id,
            intent_transactions.c.nonce == intent.nonce,
            intent_transactions.c.number == attempt.number,
        )
        .values(broadcast_at=work.now)
    )


def change_state(
    work: Work,
    intent: Intent,
    state: IntentState,
    *,
    mined: Mined | None = None,
    failure: str | None = None,
) -> bool:
    """Move an intent on; ``False`` if it is no longer in the state we read."""
    changed = work.connection.execute(
        intents.update()
        .where(intents.c.intent_id == intent.intent_id, intents.c.state == intent.state)
        .values(
            state=state,
            mined_transaction_hash=mined.transaction_hash if mined else None,
            mined_block_number=mined.block_number if mined else None,
            mined_block_hash=mined.block_hash if mined else None,
            succeeded=mined.succeeded if mined else None,
            failure=failure,
            updated_at=work.now,
        )
    )
    return changed.rowcount == 1


def note_refusal(work: Work, intent_id: UUID, refusal: str | None) -> None:
    """Keep what the node said when it would not take our call or our bytes; ``None``: no more."""
    work.connection.execute(
        intents.update()
        .where(intents.c.intent_id == intent_id)
        .values(refusal=refusal and refusal[:500], updated_at=work.now)
    )


def note_hold(work: Work, chain_key: int, role: SenderRole, reason: str) -> int:
    """Keep why a role's queued intents are not begun; how many did not say so yet."""
    changed = work.connection.execute(
        intents.update()
        .where(
            intents.c.chain_key == chain_key,
            intents.c.role == role,
            intents.c.state == IntentState.QUEUED,
            intents.c.refusal.is_distinct_from(reason),
        )
        .values(refusal=reason, updated_at=work.now)
    )
    return changed.rowcount


def fail_open(work: Work, chain_key: int, failure: str) -> int:
    """Fail every intent of a chain that is no more; how many."""
    changed = work.connection.execute(
        intents.update()
        .where(intents.c.chain_key == chain_key, intents.c.state.not_in(SETTLED))
        .values(state=IntentState.FAILED, failure=failure, updated_at=work.now)
    )
    return changed.rowcount


def _load(work: Work, query: sa.Select[Any]) -> list[Intent]:
    rows = work.connection.execute(query).mappings().all()
    attempts = _attempts(work, [row["intent_id"] for row in rows])
    return [_intent(row, attempts.get((row["intent_id"], row["nonce"]), ())) for row in rows]


def _attempts(
    work: Work, intent_ids: Sequence[UUID]
) -> dict[tuple[UUID, int], tuple[Attempt, ...]]:
    if not intent_ids:
        return {}
    query = (
        sa.select(intent_transactions)
        .where(intent_transactions.c.intent_id.in_(intent_ids))
        .order_by(intent_transactions.c.number)
    )
    found: dict[tuple[UUID, int], tuple[Attempt, ...]] = {}
    for row in work.connection.execute(query).mappings():
        attempt = Attempt(
            number=row["number"],
            transaction_hash=bytes(row["transaction_hash"]),
            raw=bytes(row["raw"]),
            fees=Fees(int(row["max_fee_wei"]), int(row["priority_fee_wei"])),
            broadcast_at=row["broadcast_at"],
        )
        place = (row["intent_id"], row["nonce"])
        found[place] = (*found.get(place, ()), attempt)
    return found


def _intent(row: sa.RowMapping, attempts: tuple[Attempt, ...]) -> Intent:
    mined = None
    if row["mined_transaction_hash"] is not None:
        mined = Mined(
            transaction_hash=bytes(row["mined_transaction_hash"]),
            block_number=row["mined_block_number"],
            block_hash=bytes(row["mined_block_hash"]),
            succeeded=row["succeeded"],
        )
    return Intent(
        intent_id=row["intent_id"],
        key=row["key"],
        kind=row["kind"],
        role=SenderRole(row["role"]),
        to=Address(row["to_address"]),
        calldata=bytes(row["calldata"]),
        value_wei=int(row["value_wei"]),
        gas_limit=row["gas_limit"],
        state=IntentState(row["state"]),
        sender=Address(row["sender"]) if row["sender"] else None,
        nonce=row["nonce"],
        attempts=attempts,
        mined=mined,
        refusal=row["refusal"],
    )
