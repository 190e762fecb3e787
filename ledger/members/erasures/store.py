"""Statements of forgetting: the list, and the places where words about a person may stand."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.arrays import any_uuid
from ledger.kernel.idempotency import idempotency_keys
from ledger.kernel.outbox import outbox
from ledger.kernel.transaction import Work
from ledger.members.erasures.model import Erasure
from ledger.members.erasures.tables import erasures
from ledger.members.erasures.words_store import holds_any, json_holds_any
from ledger.members.tables import (
    identities,
    identity_links,
    one_time_links,
    personal_identities,
    personal_profiles,
)

ERASED_ANSWER = {"erased": True}


def insert_erasure(work: Work, erasure: Erasure) -> None:
    """Write an erasure down; a second one of the same member changes nothing."""
    work.connection.execute(
        pg.insert(erasures)
        .values(
            member_id=erasure.member_id,
            reference_ids=list(erasure.references),
            requested_by=erasure.requested_by,
            erased_at=erasure.erased_at,
        )
        .on_conflict_do_nothing()
    )


def all_erasures(work: Work) -> list[Erasure]:
    """Every erasure, oldest first."""
    query = sa.select(erasures).order_by(erasures.c.erased_at, erasures.c.member_id)
    return [
        Erasure(row.member_id, tuple(row.reference_ids), row.requested_by, row.erased_at)
        for row in work.connection.execute(query)
    ]


def references_ever(work: Work, member_id: UUID) -> list[UUID]:
    """Identities linked to a member, now or before, unless somebody else's by now."""
    ever = sa.select(identity_links.c.reference).where(identity_links.c.member_id == member_id)
    query = (
        sa.select(identities.c.reference)
        .where(
            sa.or_(
                identities.c.member_id == member_id,
                identities.c.member_id.is_(None) & identities.c.reference.in_(ever),
            )
        )
        .order_by(identities.c.reference)
    )
    return list(work.connection.execute(query).scalars())


def words_about(work: Work, member_id: UUID, references: Collection[UUID]) -> list[str]:
    """Name and subjects, as they still stand."""
    name = sa.select(personal_profiles.c.display_name).where(
        personal_profiles.c.member_id == member_id
    )
    subjects = sa.select(personal_identities.c.subject).where(
        personal_identities.c.reference == any_uuid("refs", references)
    )
    return [
        *work.connection.execute(name).scalars(),
        *work.connection.execute(subjects).scalars(),
    ]


def delete_keys(work: Work, references: Collection[UUID]) -> None:
    """Delete who these identities are."""
    mine = personal_identities.c.reference == any_uuid("refs", references)
    work.connection.execute(personal_identities.delete().where(mine))


def forget_words(work: Work, words: Sequence[str]) -> None:
    """Blank stored answers, failures and links in which any of these words stands by itself.

    A stored answer stays as a mark, so that its key has its effect once still.
    """
    if not words:
        return
    answered = json_holds_any(idempotency_keys.c.answer, words)
    work.connection.execute(idempotency_keys.update().where(answered).values(answer=ERASED_ANSWER))
    failed = holds_any(outbox.c.last_error, words)
    work.connection.execute(outbox.update().where(failed).values(last_error=None))
    said = sa.or_(json_holds_any(outbox.c.payload, words), holds_any(outbox.c.key, words))
    work.connection.execute(outbox.delete().where(outbox.c.done_at.is_not(None), said))
    carried = json_holds_any(one_time_links.c.payload, words)
    work.connection.execute(one_time_links.delete().where(carried))
