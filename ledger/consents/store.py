"""Statements about terms and consents."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.consents.model import Purpose, Terms, TermsDraft
from ledger.consents.tables import consents, minors, terms_versions
from ledger.kernel.transaction import Work
from ledger.members.persons.store import of_person


def insert_terms(work: Work, terms: Terms) -> bool:
    """Keep a version; ``False`` if these words were published before."""
    statement = pg.insert(terms_versions).values(
        terms_id=terms.terms_id,
        digest=terms.digest,
        text_ru=terms.draft.text_ru,
        text_en=terms.draft.text_en,
        in_force_from=terms.draft.in_force_from,
        published_by=terms.published_by,
        published_at=terms.published_at,
    )
    fresh = statement.on_conflict_do_nothing(index_elements=["digest"]).returning(sa.literal(1))
    return work.connection.execute(fresh).one_or_none() is not None


def versions(work: Work) -> list[Terms]:
    """Every version, the newest first."""
    query = sa.select(terms_versions).order_by(terms_versions.c.in_force_from.desc())
    return [_terms(row) for row in work.connection.execute(query)]


def in_force(work: Work, at: datetime) -> Terms | None:
    """The version in force at a moment."""
    query = (
        sa.select(terms_versions)
        .where(terms_versions.c.in_force_from <= at)
        .order_by(terms_versions.c.in_force_from.desc())
        .limit(1)
    )
    row = work.connection.execute(query).one_or_none()
    return None if row is None else _terms(row)


def insert_consent(
    work: Work, member_id: UUID, about: UUID | Purpose, by: UUID, *, gives: bool
) -> None:
    """Write down what was said about a version of the terms, or a purpose."""
    work.connection.execute(
        consents.insert().values(
            consent_id=work.new_id(),
            member_id=member_id,
            terms_id=None if isinstance(about, Purpose) else about,
            purpose=about.value if isinstance(about, Purpose) else None,
            gives=gives,
            said_by=by,
            said_at=work.now,
        )
    )


def said_last(
    work: Work, member_id: UUID, about: UUID | Purpose, *, by_member: bool
) -> tuple[bool, datetime] | None:
    """What was said last, and when: by the person, or by others for them."""
    subject = consents.c.purpose if isinstance(about, Purpose) else consents.c.terms_id
    query = (
        sa.select(consents.c.gives, consents.c.said_at)
        .where(
            of_person(consents.c.member_id, member_id),
            subject == (about.value if isinstance(about, Purpose) else about),
            (consents.c.said_by == consents.c.member_id) == by_member,
        )
        .order_by(consents.c.consent_id.desc())
        .limit(1)
    )
    row = work.connection.execute(query).one_or_none()
    return None if row is None else (row.gives, row.said_at)


def set_minor(work: Work, member_id: UUID, of_age_on: date | None) -> None:
    """Until when a member is under age; ``None`` forgets it."""
    if of_age_on is None:
        work.connection.execute(minors.delete().where(minors.c.member_id == member_id))
        return
    statement = pg.insert(minors).values(member_id=member_id, of_age_on=of_age_on)
    work.connection.execute(
        statement.on_conflict_do_update(
            index_elements=["member_id"], set_={"of_age_on": statement.excluded.of_age_on}
        )
    )


def of_age_on(work: Work, member_id: UUID) -> date | None:
    """The latest day on which the person comes of age, if that was told."""
    query = sa.select(sa.func.max(minors.c.of_age_on)).where(
        of_person(minors.c.member_id, member_id)
    )
    found: date | None = work.connection.execute(query).scalar_one()
    return found


def forget(work: Work, member_id: UUID) -> None:
    """Delete when a member comes of age; what was said stays, under a random id."""
    set_minor(work, member_id, None)


def _terms(row: sa.Row[Any]) -> Terms:
    draft = TermsDraft(row.text_ru, row.text_en, row.in_force_from)
    return Terms(row.terms_id, draft, row.published_by, row.published_at)
