"""SQL of guest passes. Each function is one statement, or one row's worth."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.events.model import StoredFact
from ledger.events.store import FACT_COLUMNS, is_retracted, read_fact
from ledger.events.tables import event_participants, events
from ledger.kernel.transaction import Work
from ledger.kernel.units import Money
from ledger.members.model import IdentityKey
from ledger.members.persons.store import PERSON, of_person, stands_for
from ledger.members.tables import identities, identity_links, members, personal_identities
from ledger.programme.model_referral import ORDER_PAID, ORDER_REFUNDED
from ledger.referral.fingerprints import Identifier
from ledger.referral.model import Payment, Reason, Referral, ReferralState, Waits
from ledger.referral.tables import (
    referral_identifiers,
    referral_networks,
    referral_reviews,
    referrals,
)

ERASED: Final = "erased"
_MOVING: Final = ("claimed", "qualifying", "qualified", "rewarded")


def insert(work: Work, referral: Referral, digest: bytes) -> None:
    """Write a fresh pass down."""
    work.connection.execute(
        referrals.insert().values(
            referral_id=referral.referral_id,
            inviter=referral.inviter,
            digest=digest,
            programme_hash=referral.programme_hash,
            issued_at=referral.issued_at,
            lapses_at=referral.lapses_at,
            **_changing(referral),
        )
    )


def update(work: Work, referral: Referral) -> None:
    """Write down how a pass stands now."""
    work.connection.execute(
        referrals.update()
        .where(referrals.c.referral_id == referral.referral_id)
        .values(**_changing(referral))
    )


def find(work: Work, referral_id: UUID) -> Referral | None:
    """One pass."""
    return _one(work, referrals.c.referral_id == referral_id, lock=False)


def lock(work: Work, referral_id: UUID) -> Referral | None:
    """One pass, locked."""
    return _one(work, referrals.c.referral_id == referral_id, lock=True)


def lock_by_digest(work: Work, digest: bytes) -> Referral | None:
    """The pass of a code, locked."""
    return _one(work, referrals.c.digest == digest, lock=True)


def live_claim_of(work: Work, guest: UUID) -> Referral | None:
    """The pass by which somebody is a guest, whatever became of it but a rejection."""
    live = sa.and_(of_person(referrals.c.guest, guest), referrals.c.state != ReferralState.REJECTED)
    return _one(work, live, lock=False)


def was_guest_before(work: Work, referral: Referral, person: UUID) -> bool:
    """Whether a person had used another pass, not rejected, before this one of theirs."""
    other = sa.tuple_(referrals.c.claimed_at, referrals.c.referral_id)
    query = sa.select(referrals.c.referral_id).where(
        of_person(referrals.c.guest, person),
        referrals.c.state != ReferralState.REJECTED,
        other < sa.tuple_(sa.literal(referral.claimed_at), sa.literal(referral.referral_id)),
    )
    return bool(work.connection.execute(sa.select(query.exists())).scalar_one())


def open_count(work: Work, inviter: UUID) -> int:
    """How many passes of a member are out, unused and not over."""
    query = sa.select(sa.func.count()).where(
        of_person(referrals.c.inviter, inviter),
        referrals.c.state == ReferralState.ISSUED,
        referrals.c.lapses_at > work.now,
    )
    return int(work.connection.execute(query).scalar_one())


def of_inviter(work: Work, inviter: UUID, before: UUID | None, limit: int) -> list[Referral]:
    """A member's passes, newest first."""
    query = sa.select(referrals).where(of_person(referrals.c.inviter, inviter))
    if before is not None:
        query = query.where(referrals.c.referral_id < before)
    rows = work.connection.execute(query.order_by(referrals.c.referral_id.desc()).limit(limit))
    return [_referral(row) for row in rows]


def to_review(work: Work, after: UUID | None, limit: int) -> list[Referral]:
    """Passes that wait for a person, oldest first."""
    query = sa.select(referrals).where(
        referrals.c.under_review, referrals.c.state == ReferralState.CLAIMED
    )
    if after is not None:
        query = query.where(referrals.c.referral_id > after)
    rows = work.connection.execute(query.order_by(referrals.c.referral_id).limit(limit))
    return [_referral(row) for row in rows]


def count_waiting(work: Work, waits: Waits) -> int:
    """How many passes wait for this."""
    query = sa.select(sa.func.count()).where(referrals.c.waits == waits)
    return int(work.connection.execute(query).scalar_one())


def moving(work: Work, after: UUID, limit: int) -> list[Referral]:
    """Passes that time or facts may move on, by id."""
    due = sa.or_(
        sa.and_(referrals.c.state == ReferralState.ISSUED, referrals.c.lapses_at <= work.now),
        referrals.c.state.in_(_MOVING),
    )
    query = sa.select(referrals).where(due, referrals.c.referral_id > after)
    rows = work.connection.execute(query.order_by(referrals.c.referral_id).limit(limit))
    return [_referral(row) for row in rows]


def every(work: Work, after: UUID, limit: int) -> list[Referral]:
    """All passes, by id."""
    query = sa.select(referrals).where(referrals.c.referral_id > after)
    rows = work.connection.execute(query.order_by(referrals.c.referral_id).limit(limit))
    return [_referral(row) for row in rows]


def facts_of(work: Work, member_id: UUID, attribute_type: str | None) -> list[StoredFact]:
    """A member's payments and refunds, and what is stated of the attribute; in order."""
    types = [ORDER_PAID, ORDER_REFUNDED, *([attribute_type] if attribute_type else [])]
    query = (
        sa.select(*FACT_COLUMNS)
        .join(event_participants, event_participants.c.event_id == events.c.event_id)
        .join(identities, identities.c.reference == event_participants.c.reference)
        .where(
            identities.c.member_id == stands_for(member_id),
            event_participants.c.role == "subject",
            events.c.type.in_(types),
            sa.not_(is_retracted()),
        )
        .order_by(
            events.c.occurred_at,
            events.c.occurred_fraction,
            events.c.source,
            events.c.source_event_id,
        )
    )
    return [read_fact(row) for row in work.connection.execute(query)]


def has_paid_or_claimed(work: Work, persons: Collection[UUID]) -> bool:
    """Whether one of these, each standing for a person, ever paid for something or used a pass."""
    paid = (
        sa.select(events.c.event_id)
        .join(event_participants, event_participants.c.event_id == events.c.event_id)
        .join(identities, identities.c.reference == event_participants.c.reference)
        .where(
            identities.c.member_id.in_(list(persons)),
            event_participants.c.role == "subject",
            events.c.type == ORDER_PAID,
            sa.not_(is_retracted()),
        )
    )
    claimed = (
        sa.select(referrals.c.referral_id)
        .join(members, members.c.member_id == referrals.c.guest)
        .where(PERSON.in_(list(persons)))
    )
    query = sa.select(sa.or_(paid.exists(), claimed.exists()))
    return bool(work.connection.execute(query).scalar_one())


def identity_keys_ever(work: Work, member_id: UUID) -> list[IdentityKey]:
    """Every account that was ever linked to a member and is not erased."""
    query = (
        sa.select(
            personal_identities.c.provider,
            personal_identities.c.issuer,
            personal_identities.c.subject,
        )
        .join(identity_links, identity_links.c.reference == personal_identities.c.reference)
        .where(identity_links.c.member_id == member_id)
        .distinct()
    )
    return [IdentityKey(*row) for row in work.connection.execute(query)]


def remember(work: Work, member_id: UUID, told: Iterable[Identifier]) -> None:
    """Keep what tells a member."""
    rows = [
        {"member_id": member_id, "digest": each.digest, "kind": each.kind}
        for each in sorted(told, key=lambda each: each.digest)
    ]
    if rows:
        work.connection.execute(pg.insert(referral_identifiers).on_conflict_do_nothing(), rows)


def told_of(work: Work, member_id: UUID) -> frozenset[Identifier]:
    """What is kept of a member's person."""
    query = sa.select(referral_identifiers.c.kind, referral_identifiers.c.digest).where(
        of_person(referral_identifiers.c.member_id, member_id)
    )
    return frozenset(
        Identifier(row.kind, bytes(row.digest)) for row in work.connection.execute(query)
    )


def sharing(work: Work, member_id: UUID) -> set[UUID]:
    """The persons of whom something is kept that is kept of this member's person, and they."""
    mine = referral_identifiers.alias("mine")
    query = (
        sa.select(PERSON)
        .select_from(referral_identifiers)
        .join(mine, mine.c.digest == referral_identifiers.c.digest)
        .join(members, members.c.member_id == referral_identifiers.c.member_id)
        .where(of_person(mine.c.member_id, member_id))
    )
    return set(work.connection.execute(query).scalars())


def seen_from(work: Work, network: bytes, since: datetime) -> tuple[datetime, ...]:
    """When passes were used from a network, oldest first."""
    query = (
        sa.select(referral_networks.c.seen_at)
        .where(referral_networks.c.digest == network, referral_networks.c.seen_at > since)
        .order_by(referral_networks.c.seen_at)
    )
    return tuple(work.connection.execute(query).scalars())


def insert_network(work: Work, referral_id: UUID, network: bytes) -> None:
    """Keep where a pass was used from, for the window."""
    work.connection.execute(
        referral_networks.insert().values(referral_id=referral_id, digest=network, seen_at=work.now)
    )


def forget_networks(work: Work, until: datetime) -> int:
    """Delete what was seen until then; how many rows."""
    return work.connection.execute(
        referral_networks.delete().where(referral_networks.c.seen_at <= until)
    ).rowcount


def insert_review(work: Work, referral_id: UUID, by: UUID, reason: str, *, accepted: bool) -> None:
    """Keep what a moderator decided."""
    work.connection.execute(
        referral_reviews.insert().values(
            referral_id=referral_id,
            decided_by=by,
            accepted=accepted,
            reason=reason,
            decided_at=work.now,
        )
    )


def forget(work: Work, member_id: UUID) -> None:
    """Forget what tells a member and words about them; open passes end."""
    theirs = sa.or_(referrals.c.inviter == member_id, referrals.c.guest == member_id)
    open_states = ("issued", "claimed", "qualifying", "qualified")
    work.connection.execute(
        referrals.update()
        .where(theirs, referrals.c.state.in_(open_states))
        .values(state=ReferralState.REJECTED, reason=Reason.PERSON_ERASED, waits=None)
    )
    ids = sa.select(referrals.c.referral_id).where(theirs)
    work.connection.execute(
        referral_networks.delete().where(referral_networks.c.referral_id.in_(ids))
    )
    work.connection.execute(
        referral_reviews.update()
        .where(referral_reviews.c.referral_id.in_(ids))
        .values(reason=ERASED)
    )
    work.connection.execute(
        referral_identifiers.delete().where(referral_identifiers.c.member_id == member_id)
    )


def _changing(referral: Referral) -> dict[str, Any]:
    payment = referral.payment
    return {
        "state": referral.state,
        "guest": referral.guest,
        "claimed_at": referral.claimed_at,
        "under_review": referral.under_review,
        "payment_event": None if payment is None else payment.event_id,
        "currency": None if payment is None else payment.paid.currency,
        "paid_minor": None if payment is None else payment.paid.amount_minor,
        "refunded_minor": None if payment is None else payment.refunded.amount_minor,
        "paid_at": None if payment is None else payment.paid_at,
        "reason": referral.reason,
        "waits": referral.waits,
    }


def _one(work: Work, condition: sa.ColumnElement[bool], *, lock: bool) -> Referral | None:
    query = sa.select(referrals).where(condition).order_by(referrals.c.referral_id).limit(1)
    row = work.connection.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else _referral(row)


def _referral(row: sa.Row[Any]) -> Referral:
    payment = None
    if row.payment_event is not None:
        payment = Payment(
            row.payment_event,
            Money(row.paid_minor, row.currency),
            Money(row.refunded_minor, row.currency),
            row.paid_at,
        )
    return Referral(
        referral_id=row.referral_id,
        inviter=row.inviter,
        programme_hash=bytes(row.programme_hash),
        state=ReferralState(row.state),
        issued_at=row.issued_at,
        lapses_at=row.lapses_at,
        guest=row.guest,
        claimed_at=row.claimed_at,
        under_review=row.under_review,
        payment=payment,
        reason=None if row.reason is None else Reason(row.reason),
        waits=None if row.waits is None else Waits(row.waits),
    )
