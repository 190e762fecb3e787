"""Rows of requests and batches."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.members.persons.store import of_person
from oracle.bridge.model import Batch, BatchState, Request, RequestState
from oracle.bridge.tables import bridge_batches, bridge_requests


def insert_request(work: Work, request: Request) -> None:
    """Keep a request whose points are in escrow now."""
    work.connection.execute(
        bridge_requests.insert().values(
            request_id=request.request_id,
            chain_key=request.chain_key,
            member_id=request.member_id,
            wallet=request.wallet,
            points=request.points.amount,
            salt=request.salt,
            entry_id=request.entry_id,
            journal_sequence=request.journal_sequence,
            state=request.state,
            created_at=request.created_at,
        )
    )


def find_request(work: Work, request_id: UUID) -> Request | None:
    """A request by its id."""
    found = _requests(
        work, sa.select(bridge_requests).where(bridge_requests.c.request_id == request_id)
    )
    return found[0] if found else None


def requests_of_member(
    work: Work, member_id: UUID, *, before: UUID | None, limit: int
) -> list[Request]:
    """A member's requests, newest first; those older than ``before`` if given."""
    query = sa.select(bridge_requests).where(of_person(bridge_requests.c.member_id, member_id))
    if before is not None:
        query = query.where(bridge_requests.c.request_id < before)
    return _requests(work, query.order_by(bridge_requests.c.request_id.desc()).limit(limit))


def waiting_requests(work: Work, chain_key: int, limit: int) -> list[Request]:
    """Requests without a batch, in the order of the journal."""
    query = (
        sa.select(bridge_requests)
        .where(
            bridge_requests.c.chain_key == chain_key,
            bridge_requests.c.state == RequestState.ESCROWED,
        )
        .order_by(bridge_requests.c.journal_sequence)
        .limit(limit)
    )
    return _requests(work, query)


def open_requests(work: Work, chain_key: int) -> list[Request]:
    """A chain's requests whose points did not come back, in the order of the journal."""
    query = (
        sa.select(bridge_requests)
        .where(
            bridge_requests.c.chain_key == chain_key,
            bridge_requests.c.state != RequestState.RETURNED,
        )
        .order_by(bridge_requests.c.journal_sequence)
    )
    return _requests(work, query)


def requests_of_batch(work: Work, batch_id: UUID) -> list[Request]:
    """A batch's requests in the order of its records."""
    query = (
        sa.select(bridge_requests)
        .where(bridge_requests.c.batch_id == batch_id)
        .order_by(bridge_requests.c.journal_sequence)
    )
    return _requests(work, query)


def minted_claims(work: Work, chain_key: int, member_id: UUID) -> frozenset[UUID]:
    """A member's requests that became tokens on this chain."""
    query = sa.select(bridge_requests.c.request_id).where(
        bridge_requests.c.chain_key == chain_key,
        of_person(bridge_requests.c.member_id, member_id),
        bridge_requests.c.state == RequestState.MINTED,
    )
    return frozenset(work.connection.execute(query).scalars())


def put_in_batch(work: Work, request_ids: Collection[UUID], batch_id: UUID) -> int:
    """Take waiting requests into a batch; how many were still waiting."""
    changed = work.connection.execute(
        bridge_requests.update()
        .where(
            bridge_requests.c.request_id.in_(request_ids),
            bridge_requests.c.state == RequestState.ESCROWED,
        )
        .values(state=RequestState.BATCHED, batch_id=batch_id)
    )
    return changed.rowcount


def take_out_of_batch(work: Work, batch_id: UUID) -> None:
    """Let a batch's requests wait for another one."""
    work.connection.execute(
        bridge_requests.update()
        .where(
            bridge_requests.c.batch_id == batch_id,
            bridge_requests.c.state == RequestState.BATCHED,
        )
        .values(state=RequestState.ESCROWED, batch_id=None)
    )


def mark_minted(work: Work, batch_id: UUID) -> None:
    """A batch's tokens exist."""
    work.connection.execute(
        bridge_requests.update()
        .where(
            bridge_requests.c.batch_id == batch_id,
            bridge_requests.c.state == RequestState.BATCHED,
        )
        .values(state=RequestState.MINTED, settled_at=work.now)
    )


def mark_returned(work: Work, request: Request, reason: str, entry_id: UUID) -> bool:
    """Its points are back in their lots; ``False`` if its state is another by now."""
    changed = work.connection.execute(
        bridge_requests.update()
        .where(
            bridge_requests.c.request_id == request.request_id,
            bridge_requests.c.state == request.state,
        )
        .values(
            state=RequestState.RETURNED,
            return_reason=reason,
            return_entry_id=entry_id,
            settled_at=work.now,
        )
    )
    return changed.rowcount == 1


def return_reason(work: Work, request_id: UUID) -> str | None:
    """Why a request's points came back; ``None`` while they did not."""
    query = sa.select(bridge_requests.c.return_reason).where(
        bridge_requests.c.request_id == request_id
    )
    reason: str | None = work.connection.execute(query).scalar_one_or_none()
    return reason


def points_by_state(work: Work, chain_key: int) -> dict[RequestState, Points]:
    """Points of all requests of a chain by state."""
    query = (
        sa.select(bridge_requests.c.state, sa.func.sum(bridge_requests.c.points))
        .where(bridge_requests.c.chain_key == chain_key)
        .group_by(bridge_requests.c.state)
    )
    found = {RequestState(row[0]): Points(int(row[1])) for row in work.connection.execute(query)}
    return {state: found.get(state, Points(0)) for state in RequestState}


def insert_batch(work: Work, batch: Batch) -> None:
    """Keep a new batch."""
    work.connection.execute(
        bridge_batches.insert().values(
            batch_id=batch.batch_id,
            chain_key=batch.chain_key,
            sequence=batch.sequence,
            state=batch.state,
            records=batch.records,
            records_hash=batch.records_hash,
            points=batch.points.amount,
            ledger_position=batch.ledger_position,
            escrowed_points=batch.escrowed_points.amount,
            attempt=batch.attempt,
            created_at=batch.created_at,
        )
    )


def find_batch(work: Work, batch_id: UUID) -> Batch | None:
    """A batch by its id."""
    return _one_batch(work, sa.select(bridge_batches).where(bridge_batches.c.batch_id == batch_id))


def batch_of_sequence(work: Work, chain_key: int, sequence: int) -> Batch | None:
    """The batch that has this number on chain."""
    return _one_batch(
        work,
        sa.select(bridge_batches).where(
            bridge_batches.c.chain_key == chain_key,
            bridge_batches.c.sequence == sequence,
            bridge_batches.c.state != BatchState.REFUSED,
        ),
    )


def newest_batch(work: Work, chain_key: int, *, refused: bool) -> Batch | None:
    """The batch made last, among the refused or among all others."""
    is_refused = bridge_batches.c.state == BatchState.REFUSED
    return _one_batch(
        work,
        sa.select(bridge_batches)
        .where(bridge_batches.c.chain_key == chain_key, is_refused if refused else ~is_refused)
        .order_by(bridge_batches.c.created_at.desc(), bridge_batches.c.batch_id.desc())
        .limit(1),
    )


def batches_in(work: Work, chain_key: int, states: Sequence[BatchState]) -> list[Batch]:
    """Batches in these states, by number."""
    query = (
        sa.select(bridge_batches)
        .where(bridge_batches.c.chain_key == chain_key, bridge_batches.c.state.in_(states))
        .order_by(bridge_batches.c.sequence)
    )
    return [_batch(row) for row in work.connection.execute(query).mappings()]


def batches_to_return(work: Work, chain_key: int) -> list[Batch]:
    """Vetoed or expired batches some of whose points are not back in their lots."""
    unreturned = (
        sa.select(bridge_requests.c.request_id)
        .where(
            bridge_requests.c.batch_id == bridge_batches.c.batch_id,
            bridge_requests.c.state == RequestState.BATCHED,
        )
        .exists()
    )
    query = sa.select(bridge_batches).where(
        bridge_batches.c.chain_key == chain_key,
        bridge_batches.c.state.in_([BatchState.VETOED, BatchState.EXPIRED]),
        unreturned,
    )
    return [_batch(row) for row in work.connection.execute(query).mappings()]


def change_batch(work: Work, batch: Batch, **values: Any) -> bool:
    """Change a batch that is still in the state we read; ``False`` if it is not."""
    changed = work.connection.execute(
        bridge_batches.update()
        .where(
            bridge_batches.c.batch_id == batch.batch_id,
            bridge_batches.c.state == batch.state,
        )
        .values(**values)
    )
    return changed.rowcount == 1


def begin_attempt(work: Work, batch: Batch, attempt: int) -> bool:
    """Count one more execution or expiry; ``False`` if another worker did, or it is settled."""
    changed = work.connection.execute(
        bridge_batches.update()
        .where(
            bridge_batches.c.batch_id == batch.batch_id,
            bridge_batches.c.state == batch.state,
            bridge_batches.c.attempt == batch.attempt,
        )
        .values(attempt=attempt)
    )
    return changed.rowcount == 1


def _requests(work: Work, query: sa.Select[Any]) -> list[Request]:
    return [_request(row) for row in work.connection.execute(query).mappings()]


def _request(row: sa.RowMapping) -> Request:
    return Request(
        request_id=row["request_id"],
        chain_key=row["chain_key"],
        member_id=row["member_id"],
        wallet=row["wallet"],
        points=Points(row["points"]),
        salt=bytes(row["salt"]),
        entry_id=row["entry_id"],
        journal_sequence=row["journal_sequence"],
        state=RequestState(row["state"]),
        batch_id=row["batch_id"],
        created_at=row["created_at"],
    )


def _one_batch(work: Work, query: sa.Select[Any]) -> Batch | None:
    row = work.connection.execute(query).mappings().one_or_none()
    return None if row is None else _batch(row)


def _batch(row: sa.RowMapping) -> Batch:
    return Batch(
        batch_id=row["batch_id"],
        chain_key=row["chain_key"],
        sequence=row["sequence"],
        state=BatchState(row["state"]),
        records=bytes(row["records"]),
        records_hash=bytes(row["records_hash"]),
        points=Points(row["points"]),
        ledger_position=row["ledger_position"],
        escrowed_points=Points(row["escrowed_points"]),
        executable_at=row["executable_at"],
        expires_at=row["expires_at"],
        attempt=row["attempt"],
        created_at=row["created_at"],
    )
