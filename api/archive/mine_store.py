"""What of a member's only the archive asks for: everything of one person, room by room."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa

from governance.memorandum.tables import memorandum_comments
from governance.polls.tables import poll_names
from governance.projects.tables import project_payments, project_shares, project_tasks, projects
from governance.staking.tables import stakes
from governance.tables import ballots
from ledger.consents.tables import consents
from ledger.events.tables import event_participants
from ledger.kernel.arrays import any_uuid
from ledger.kernel.transaction import Work
from ledger.lots.tables import holds
from ledger.members.persons.store import of_person
from ledger.members.tables import identities
from ledger.wallets.tables import wallets


class SaidConsent(NamedTuple):
    """One yes or no; ``purpose`` is absent where it was about the terms."""

    consent_id: UUID
    purpose: str | None
    terms_id: UUID | None
    gives: bool
    by_member: bool
    said_at: datetime


class StakeEver(NamedTuple):
    """Points that stand or stood behind a project."""

    hold_id: UUID
    project_id: UUID
    state: str
    amount: int
    placed_at: datetime
    resolved_at: datetime | None


class LinkedEver(NamedTuple):
    """A wallet that speaks or spoke for the member."""

    wallet_id: UUID
    address: str
    linked_at: datetime
    unlinked_at: datetime | None


class Comment(NamedTuple):
    """What the member wrote about a section of the memorandum."""

    comment_id: UUID
    section_id: str
    said: str | None
    written_at: datetime
    withdrawn_at: datetime | None


class SignedBallot(NamedTuple):
    """A ballot that the member signed for the chain."""

    ballot_id: UUID
    proposal_id: int
    support: int
    reason: str
    state: str
    received_at: datetime


def taking_part(work: Work, member_id: UUID, event_ids: Collection[UUID]) -> set[UUID]:
    """Those of the events that name the member."""
    query = (
        sa.select(event_participants.c.event_id)
        .join(identities, identities.c.reference == event_participants.c.reference)
        .where(identities.c.member_id == member_id)
        .where(event_participants.c.event_id == any_uuid("events", event_ids))
    )
    return set(work.connection.execute(query).scalars())


def consents_said(work: Work, member_id: UUID) -> list[SaidConsent]:
    """Everything that was said, newest first."""
    c = consents.c
    query = (
        sa.select(
            *(c.consent_id, c.purpose, c.terms_id, c.gives),
            (c.said_by == c.member_id).label("by_member"),
            c.said_at,
        )
        .where(of_person(c.member_id, member_id))
        .order_by(c.consent_id.desc())
    )
    return [SaidConsent(*row) for row in work.connection.execute(query)]


def stakes_of(work: Work, member_id: UUID) -> list[StakeEver]:
    """Every stake, newest first."""
    h = holds.c
    query = (
        sa.select(
            *(h.hold_id, stakes.c.project_id, h.state, h.amount, h.placed_at, h.resolved_at),
        )
        .join_from(stakes, holds, h.hold_id == stakes.c.hold_id)
        .where(of_person(h.member_id, member_id))
        .order_by(h.hold_id.desc())
    )
    return [StakeEver(*row) for row in work.connection.execute(query)]


def wallets_of(work: Work, member_id: UUID) -> list[LinkedEver]:
    """Every wallet, newest first."""
    w = wallets.c
    query = (
        sa.select(w.wallet_id, w.address, w.linked_at, w.unlinked_at)
        .where(of_person(w.member_id, member_id))
        .order_by(w.wallet_id.desc())
    )
    return [LinkedEver(*row) for row in work.connection.execute(query)]


def polls_of(work: Work, member_id: UUID) -> list[UUID]:
    """Polls in which the member votes or voted, newest first."""
    query = (
        sa.select(poll_names.c.poll_id)
        .where(poll_names.c.member_id == member_id)
        .order_by(poll_names.c.poll_id.desc())
    )
    return list(work.connection.execute(query).scalars())


def projects_of(work: Work, member_id: UUID) -> list[UUID]:
    """Projects that the member proposed, has a task in or was paid by, newest first."""
    own = sa.select(projects.c.project_id).where(of_person(projects.c.author_id, member_id))
    worked = sa.select(project_tasks.c.project_id).where(
        project_tasks.c.task_id.in_(sa.select(_tasks(member_id).c.task_id))
    )
    union = sa.union(own, worked).subquery()
    query = sa.select(union.c.project_id).order_by(union.c.project_id.desc())
    return list(work.connection.execute(query).scalars())


def tasks_of(work: Work, member_id: UUID) -> list[UUID]:
    """Tasks that were given to the member or paid, newest first."""
    mine = _tasks(member_id)
    query = sa.select(mine.c.task_id).order_by(mine.c.task_id.desc())
    return list(work.connection.execute(query).scalars())


def comments_of(work: Work, member_id: UUID) -> list[Comment]:
    """Everything the member wrote about the memorandum, newest first."""
    c = memorandum_comments.c
    query = (
        sa.select(c.comment_id, c.section_id, c.said, c.written_at, c.withdrawn_at)
        .where(of_person(c.member_id, member_id))
        .order_by(c.comment_id.desc())
    )
    return [Comment(*row) for row in work.connection.execute(query)]


def ballots_of(work: Work, member_id: UUID) -> list[SignedBallot]:
    """Ballots on proposals, newest first, whatever chain they were for."""
    b = ballots.c
    query = (
        sa.select(b.ballot_id, b.proposal_id, b.support, b.reason, b.state, b.received_at)
        .where(of_person(b.member_id, member_id))
        .order_by(b.ballot_id.desc())
    )
    return [SignedBallot(row[0], int(row[1]), *row[2:]) for row in work.connection.execute(query)]


def _tasks(member_id: UUID) -> sa.Subquery:
    shares: sa.Select[Any] = sa.select(project_shares.c.task_id).where(
        of_person(project_shares.c.member_id, member_id)
    )
    paid = sa.select(project_payments.c.task_id).where(
        of_person(project_payments.c.member_id, member_id)
    )
    return sa.union(shares, paid).subquery()
