"""Statements over touches of visitors and members."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.funnel.model import Channel, Touches
from ledger.funnel.tables import funnel_touches
from ledger.kernel.arrays import any_uuid
from ledger.kernel.transaction import Work
from ledger.members.persons.store import PERSON, of_person
from ledger.members.tables import identity_links, members

_MINE: Final = funnel_touches.c


def is_known(work: Work, visitor: bytes) -> bool:
    """Whether this visitor agreed and has not signed in since."""
    query = sa.select(sa.literal(1)).where(_MINE.visitor_digest == visitor, _MINE.is_first)
    return work.connection.execute(query).one_or_none() is not None


def upsert(work: Work, visitor: bytes, channel: Channel, *, is_first: bool) -> None:
    """Write a visitor's first touch if there is none, or their last one whatever it was."""
    statement = pg.insert(funnel_touches).values(
        touch_id=work.new_id(),
        visitor_digest=visitor,
        is_first=is_first,
        touched_at=work.now,
        source=channel.source,
        medium=channel.medium,
        campaign=channel.campaign,
    )
    one = ["visitor_digest", "is_first"]
    if is_first:
        work.connection.execute(statement.on_conflict_do_nothing(index_elements=one))
        return
    names = ("touched_at", "source", "medium", "campaign")
    work.connection.execute(
        statement.on_conflict_do_update(
            index_elements=one, set_={name: statement.excluded[name] for name in names}
        )
    )


def signed_up_at(work: Work, member_id: UUID) -> datetime | None:
    """When the first identity of the person was linked."""
    query = sa.select(sa.func.min(identity_links.c.recorded_at)).where(
        of_person(identity_links.c.member_id, member_id), identity_links.c.action == "linked"
    )
    found: datetime | None = work.connection.execute(query).scalar_one()
    return found


def link(work: Work, visitor: bytes, member_id: UUID, until: datetime) -> None:
    """Make a visitor's touches up to ``until`` the member's."""
    work.connection.execute(
        funnel_touches.update()
        .where(_MINE.visitor_digest == visitor, _MINE.touched_at <= until)
        .values(visitor_digest=None, member_id=member_id)
    )


def delete_visitor(work: Work, visitor: bytes) -> None:
    """Forget what a visitor came by."""
    work.connection.execute(funnel_touches.delete().where(_MINE.visitor_digest == visitor))


def forget(work: Work, member_id: UUID) -> None:
    """Forget what a member came by."""
    work.connection.execute(funnel_touches.delete().where(_MINE.member_id == member_id))


def delete_later(work: Work, before: datetime) -> None:
    """Of visitors who first came before then, forget all but the first touch."""
    first = funnel_touches.alias("first")
    old = sa.select(first.c.visitor_digest).where(
        first.c.is_first, first.c.touched_at <= before, first.c.visitor_digest.is_not(None)
    )
    work.connection.execute(
        funnel_touches.delete().where(~_MINE.is_first, _MINE.visitor_digest.in_(old))
    )


def make_anonymous(work: Work, before: datetime) -> int:
    """Forget whose these first touches were, and at which hour; how many."""
    return work.connection.execute(
        funnel_touches.update()
        .where(_MINE.visitor_digest.is_not(None), _MINE.is_first, _MINE.touched_at <= before)
        .values(visitor_digest=None, touched_at=sa.func.date_trunc("day", _MINE.touched_at, "UTC"))
    ).rowcount


def delete_anonymous(work: Work, before: datetime) -> int:
    """Stop counting first visits of nobody's from before then; how many."""
    return work.connection.execute(
        funnel_touches.delete().where(
            _MINE.visitor_digest.is_(None), _MINE.member_id.is_(None), _MINE.touched_at <= before
        )
    ).rowcount


def visits(work: Work) -> list[tuple[datetime, Channel, Channel, int]]:
    """Of everybody who has not signed in: month (UTC), first and last touch, how many those are."""
    last = funnel_touches.alias("last")
    month = sa.func.date_trunc("month", _MINE.touched_at, "UTC").label("month")
    first_words = _words(_MINE)
    last_words = [
        sa.func.coalesce(then, word).label(f"last_{word.name}")
        for then, word in zip(_words(last.c), first_words, strict=True)
    ]
    told = [month, *first_words, *last_words]
    query = (
        sa.select(*told, sa.func.count())
        .outerjoin(last, sa.and_(last.c.visitor_digest == _MINE.visitor_digest, ~last.c.is_first))
        .where(_MINE.is_first, _MINE.member_id.is_(None))
        .group_by(*told)
        .order_by(*told)
    )
    return [
        (at, Channel(*words[:3]), Channel(*words[3:]), count)
        for at, *words, count in work.connection.execute(query)
    ]


def touches_of(work: Work, member_ids: Collection[UUID] | None = None) -> dict[UUID, Touches]:
    """What members came by, by who stands for them; of all members, or of these persons."""
    query = (
        sa.select(PERSON.label("person"), *_words(_MINE))
        .join(members, members.c.member_id == _MINE.member_id)
        .order_by(PERSON, _MINE.touched_at, _MINE.is_first.desc(), _MINE.touch_id)
    )
    if member_ids is not None:
        query = query.where(any_uuid("persons", member_ids) == PERSON)
    found: dict[UUID, Touches] = {}
    for row in work.connection.execute(query):
        channel = Channel(row.source, row.medium, row.campaign)
        before = found.get(row.person)
        found[row.person] = Touches(before.first if before else channel, channel)
    return found


def touches_of_person(work: Work, member_id: UUID) -> list[tuple[UUID, datetime, Channel]]:
    """Every touch that is kept of one person, the first one first."""
    query = (
        sa.select(_MINE.touch_id, _MINE.touched_at, *_words(_MINE))
        .where(of_person(_MINE.member_id, member_id))
        .order_by(_MINE.touched_at, _MINE.touch_id)
    )
    return [
        (row.touch_id, row.touched_at, Channel(row.source, row.medium, row.campaign))
        for row in work.connection.execute(query)
    ]


def _words(columns: Any) -> Sequence[sa.Column[str]]:
    return columns.source, columns.medium, columns.campaign
