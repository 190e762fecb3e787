"""Statements over merges and splits of members."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ledger.kernel.transaction import Work
from ledger.members.tables import identities, member_roles, role_changes
from ledger.merges.model import Merge, MergeState
from ledger.merges.tables import (
    member_merge_decisions,
    member_merge_entries,
    member_merge_identities,
    member_merge_words,
    member_merges,
)
from ledger.quarantine.model import LIVE
from ledger.quarantine.tables import review_cases, review_members


def insert(work: Work, merge: Merge) -> None:
    """Write a proposal down, its words apart."""
    assert merge.reason is not None, "words are erased later"
    work.connection.execute(
        member_merges.insert().values(
            merge_id=merge.merge_id,
            survivor=merge.survivor,
            absorbed=merge.absorbed,
            undoes=merge.undoes,
            proposed_by=merge.proposed_by,
            proposed_at=merge.proposed_at,
            reason_digest=merge.reason_digest,
            content_digest=merge.content_digest,
        )
    )
    work.connection.execute(
        member_merge_words.insert().values(merge_id=merge.merge_id, reason=merge.reason)
    )


def decide(work: Work, merge: Merge, state: MergeState, by: UUID) -> None:
    """Write down what was decided."""
    work.connection.execute(
        member_merge_decisions.insert().values(
            merge_id=merge.merge_id,
            decision=state,
            content_digest=merge.content_digest,
            decided_by=by,
            decided_at=work.now,
        )
    )


def find(work: Work, merge_id: UUID) -> Merge | None:
    """One merge or split."""
    row = work.connection.execute(
        merges_query().where(member_merges.c.merge_id == merge_id)
    ).one_or_none()
    return None if row is None else read_merge(row)


def page(work: Work, *, before: UUID | None, limit: int) -> list[Merge]:
    """Merges and splits, the newest first."""
    query = merges_query().order_by(member_merges.c.merge_id.desc()).limit(limit)
    if before is not None:
        query = query.where(member_merges.c.merge_id < before)
    return [read_merge(row) for row in work.connection.execute(query)]


def standing(work: Work) -> list[Merge]:
    """Merges that were approved and are not undone, the oldest first."""
    split = member_merges.alias("split")
    undone = (
        sa.select(split.c.undoes)
        .join(member_merge_decisions, member_merge_decisions.c.merge_id == split.c.merge_id)
        .where(split.c.undoes.is_not(None), member_merge_decisions.c.decision == "approved")
    )
    query = (
        merges_query()
        .where(
            member_merge_decisions.c.decision == "approved",
            member_merges.c.undoes.is_(None),
            member_merges.c.merge_id.not_in(undone),
        )
        .order_by(member_merge_decisions.c.decided_at, member_merges.c.merge_id)
    )
    return [read_merge(row) for row in work.connection.execute(query)]


def keep_identities(work: Work, merge_id: UUID, references: Collection[UUID]) -> None:
    """Which identities went over."""
    rows = [{"merge_id": merge_id, "reference": each} for each in sorted(references)]
    if rows:
        work.connection.execute(member_merge_identities.insert(), rows)


def identities_gone_over(work: Work, merge_id: UUID, owner: UUID) -> list[UUID]:
    """Those identities that went over with a merge and are ``owner``'s still."""
    query = (
        sa.select(member_merge_identities.c.reference)
        .join(identities, identities.c.reference == member_merge_identities.c.reference)
        .where(member_merge_identities.c.merge_id == merge_id, identities.c.member_id == owner)
        .order_by(member_merge_identities.c.reference)
    )
    return list(work.connection.execute(query).scalars())


def keep_entries(work: Work, merge_id: UUID, entry_ids: Sequence[UUID]) -> None:
    """The entries by which points changed hands."""
    rows = [{"merge_id": merge_id, "entry_id": each} for each in entry_ids]
    if rows:
        work.connection.execute(member_merge_entries.insert(), rows)


def entries_of(work: Work, merge_id: UUID) -> list[UUID]:
    """The entries of a merge or split."""
    query = sa.select(member_merge_entries.c.entry_id).where(
        member_merge_entries.c.merge_id == merge_id
    )
    return list(work.connection.execute(query).scalars())


def had_a_role(work: Work, member_id: UUID) -> bool:
    """Whether a member has, had, or is proposed for any role."""
    has = sa.exists().where(member_roles.c.member_id == member_id)
    had = sa.exists().where(role_changes.c.member_id == member_id)
    return bool(work.connection.execute(sa.select(sa.or_(has, had))).scalar_one())


def under_review(work: Work, member_ids: Collection[UUID]) -> bool:
    """Whether facts of one of these are under review."""
    query = (
        sa.select(sa.literal(1))
        .select_from(
            review_members.join(review_cases, review_cases.c.case_id == review_members.c.case_id)
        )
        .where(
            review_members.c.member_id.in_(list(member_ids)),
            review_cases.c.state.in_(LIVE),
        )
        .limit(1)
    )
    return work.connection.execute(query).first() is not None


def forget(work: Work, member_id: UUID) -> None:
    """Delete the words about a member; that it happened stays, under random ids."""
    theirs = sa.select(member_merges.c.merge_id).where(
        sa.or_(member_merges.c.survivor == member_id, member_merges.c.absorbed == member_id)
    )
    work.connection.execute(
        member_merge_words.delete().where(member_merge_words.c.merge_id.in_(theirs))
    )


def merges_query() -> sa.Select[Any]:
    """Merges and splits with their words and decisions."""
    decisions = member_merge_decisions
    return (
        sa.select(
            member_merges,
            member_merge_words.c.reason,
            decisions.c.decision,
            decisions.c.decided_by,
            decisions.c.decided_at,
            decisions.c.content_digest.label("approved_digest"),
        )
        .select_from(member_merges)
        .outerjoin(member_merge_words, member_merge_words.c.merge_id == member_merges.c.merge_id)
        .outerjoin(decisions, decisions.c.merge_id == member_merges.c.merge_id)
    )


def read_merge(row: sa.Row[Any]) -> Merge:
    """A merge from a row of :func:`merges_query`."""
    return Merge(
        merge_id=row.merge_id,
        survivor=row.survivor,
        absorbed=row.absorbed,
        undoes=row.undoes,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        reason=row.reason,
        reason_digest=bytes(row.reason_digest),
        content_digest=bytes(row.content_digest),
        state=MergeState.PROPOSED if row.decision is None else MergeState(row.decision),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )
