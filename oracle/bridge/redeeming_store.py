"""Rows of references, redemptions and stops."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.members.persons.store import of_person
from oracle.bridge.model import (
    ParkedReason,
    Redemption,
    RedemptionState,
    Reference,
    Stop,
    StopReason,
)
from oracle.bridge.tables import bridge_redemptions, bridge_references, bridge_stops
from oracle.sender.tables import intents


def insert_reference(work: Work, reference: Reference) -> None:
    """Keep under which words a member will be found."""
    work.connection.execute(
        bridge_references.insert().values(
            reference=reference.reference,
            chain_key=reference.chain_key,
            member_id=reference.member_id,
            holder=reference.holder,
            points=reference.points.amount,
            holder_nonce=reference.holder_nonce,
            deadline=reference.deadline_s,
            created_at=reference.created_at,
        )
    )


def find_reference(work: Work, reference: bytes) -> Reference | None:
    """Whose reference this is."""
    row = (
        work.connection.execute(
            sa.select(bridge_references).where(bridge_references.c.reference == reference)
        )
        .mappings()
        .one_or_none()
    )
    return None if row is None else _reference(row)


def set_relay_key(work: Work, reference: bytes, relay_key: str) -> None:
    """The holder has signed: by which intent it is sent."""
    work.connection.execute(
        bridge_references.update()
        .where(bridge_references.c.reference == reference)
        .values(relay_key=relay_key)
    )


def count_relays(work: Work, member_id: UUID, key_prefix: str, since: datetime) -> int:
    """Redemptions sent for a member since a moment, each signature counted."""
    of_member = sa.exists().where(
        of_person(bridge_references.c.member_id, member_id),
        intents.c.key.startswith(
            sa.func.concat(key_prefix, sa.func.encode(bridge_references.c.reference, "hex"), ":")
        ),
    )
    query = sa.select(sa.func.count()).where(
        intents.c.key.startswith(key_prefix), intents.c.created_at > since, of_member
    )
    return int(work.connection.execute(query).scalar_one())


def references_of_member(work: Work, member_id: UUID, limit: int) -> list[Reference]:
    """A member's references, newest first."""
    query = (
        sa.select(bridge_references)
        .where(of_person(bridge_references.c.member_id, member_id))
        .order_by(bridge_references.c.created_at.desc(), bridge_references.c.reference)
        .limit(limit)
    )
    return [_reference(row) for row in work.connection.execute(query).mappings()]


def insert_redemption(work: Work, redemption: Redemption, bridge_address: str) -> None:
    """Keep a burn under (chain, sequence): a second one is refused by the key."""
    work.connection.execute(
        bridge_redemptions.insert().values(
            chain_key=redemption.chain_key,
            sequence=redemption.sequence,
            bridge_address=bridge_address,
            reference=redemption.reference,
            holder=redemption.holder,
            points=redemption.points.amount,
            state=redemption.state,
            parked_reason=redemption.parked_reason,
            member_id=redemption.member_id,
            entry_id=redemption.entry_id,
            block_number=redemption.block_number,
            transaction_hash=redemption.transaction_hash,
            recorded_at=redemption.recorded_at,
        )
    )


def last_redemption(work: Work, chain_key: int) -> int:
    """The highest number among the burns of a chain, 0 without any."""
    query = sa.select(sa.func.coalesce(sa.func.max(bridge_redemptions.c.sequence), 0)).where(
        bridge_redemptions.c.chain_key == chain_key
    )
    return int(work.connection.execute(query).scalar_one())


def burnt_under(work: Work, reference: Reference) -> Redemption | None:
    """The first burn under a reference by whom it was given to, whatever became of it."""
    found = _redemptions(
        work,
        sa.select(bridge_redemptions)
        .where(
            bridge_redemptions.c.reference == reference.reference,
            sa.func.lower(bridge_redemptions.c.holder) == reference.holder.lower(),
        )
        .order_by(bridge_redemptions.c.chain_key, bridge_redemptions.c.sequence)
        .limit(1),
    )
    return found[0] if found else None


def credited_under(work: Work, reference: bytes) -> Redemption | None:
    """The burn that was credited under a reference."""
    found = _redemptions(
        work,
        sa.select(bridge_redemptions).where(
            bridge_redemptions.c.reference == reference,
            bridge_redemptions.c.state == RedemptionState.CREDITED,
        ),
    )
    return found[0] if found else None


def redemptions_of_member(work: Work, member_id: UUID, limit: int) -> list[Redemption]:
    """Burns credited to a member, newest first."""
    query = (
        sa.select(bridge_redemptions)
        .where(of_person(bridge_redemptions.c.member_id, member_id))
        .order_by(bridge_redemptions.c.recorded_at.desc())
        .limit(limit)
    )
    return _redemptions(work, query)


def parked_redemptions(work: Work, limit: int) -> list[Redemption]:
    """Burns that nobody could be credited for, newest first."""
    query = (
        sa.select(bridge_redemptions)
        .where(bridge_redemptions.c.state == RedemptionState.PARKED)
        .order_by(bridge_redemptions.c.recorded_at.desc())
        .limit(limit)
    )
    return _redemptions(work, query)


def points_by_state(work: Work, chain_key: int) -> dict[RedemptionState, Points]:
    """Burnt points of a chain by what became of them."""
    query = (
        sa.select(bridge_redemptions.c.state, sa.func.sum(bridge_redemptions.c.points))
        .where(bridge_redemptions.c.chain_key == chain_key)
        .group_by(bridge_redemptions.c.state)
    )
    found = {RedemptionState(row[0]): Points(int(row[1])) for row in work.connection.execute(query)}
    return {state: found.get(state, Points(0)) for state in RedemptionState}


def insert_stop(work: Work, stop: Stop) -> None:
    """Stop for a reason; a stop of the same reason stays as it is."""
    work.connection.execute(
        pg.insert(bridge_stops)
        .values(
            stop_id=work.ids.new(work.now),
            reason=stop.reason,
            message=stop.message,
            stopped_at=stop.stopped_at,
        )
        .on_conflict_do_nothing()
    )


def stops(work: Work) -> list[Stop]:
    """Why the bridge stands still, oldest reason first; empty if it does not."""
    query = (
        sa.select(bridge_stops)
        .where(bridge_stops.c.lifted_at.is_(None))
        .order_by(bridge_stops.c.stopped_at)
    )
    return [
        Stop(StopReason(row["reason"]), row["message"], row["stopped_at"])
        for row in work.connection.execute(query).mappings()
    ]


def lift_stops(work: Work, reasons: list[StopReason], lifted_by: UUID | None) -> None:
    """Go on; ``None`` if the reason has gone away by itself."""
    work.connection.execute(
        bridge_stops.update()
        .where(bridge_stops.c.reason.in_(reasons), bridge_stops.c.lifted_at.is_(None))
        .values(lifted_at=work.now, lifted_by=lifted_by)
    )


def _reference(row: sa.RowMapping) -> Reference:
    return Reference(
        reference=bytes(row["reference"]),
        chain_key=row["chain_key"],
        member_id=row["member_id"],
        holder=row["holder"],
        points=Points(row["points"]),
        holder_nonce=row["holder_nonce"],
        deadline_s=row["deadline"],
        created_at=row["created_at"],
        relay_key=row["relay_key"],
    )


def _redemptions(work: Work, query: sa.Select[Any]) -> list[Redemption]:
    return [
        Redemption(
            chain_key=row["chain_key"],
            sequence=row["sequence"],
            reference=bytes(row["reference"]),
            holder=row["holder"],
            points=Points(row["points"]),
            state=RedemptionState(row["state"]),
            parked_reason=ParkedReason(row["parked_reason"]) if row["parked_reason"] else None,
            member_id=row["member_id"],
            entry_id=row["entry_id"],
            block_number=row["block_number"],
            transaction_hash=bytes(row["transaction_hash"]),
            recorded_at=row["recorded_at"],
        )
        for row in work.connection.execute(query).mappings()
    ]
