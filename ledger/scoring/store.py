"""Where awards and their revisions are kept.

Everything is written set-wise: one statement for all awards of a scoring run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.arrays import (
    COUNT,
    JSON_TEXT,
    TEXT,
    TIME,
    UUID_,
    any_text,
    any_uuid,
    given,
)
from ledger.kernel.canonical import Json
from ledger.kernel.outbox import outbox
from ledger.kernel.transaction import Work
from ledger.members.persons.store import PERSON, of_person
from ledger.members.tables import members
from ledger.scoring.tables import award_revisions, awards

_STREAM_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class AwardKey:
    """What an award is for: a rule and either an event or a period."""

    rule_id: str
    event_id: UUID | None
    period: str | None


@dataclass(frozen=True, slots=True)
class StoredAward:
    """An award as it stands: its last revision."""

    award_id: UUID
    member_id: UUID
    key: AwardKey
    earned_at: datetime
    revision: int
    points: int
    excess: int
    receipt: Json
    entry_id: UUID | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class NewRevision:
    """What an award is worth from now on, and the entry that brought the difference."""

    award_id: UUID
    revision: int
    points: int
    excess: int
    receipt: Json
    entry_id: UUID | None


@dataclass(frozen=True, slots=True)
class RevisionLine:
    """What an award became at one revision."""

    award_id: UUID
    revision: int
    points: int
    entry_id: UUID | None


@dataclass(frozen=True, slots=True)
class NewAward:
    """An award that did not exist before."""

    award_id: UUID
    member_id: UUID
    key: AwardKey
    earned_at: datetime


_NEW_AWARDS: Final = given(
    "new",
    award_id=UUID_,
    member_id=UUID_,
    rule_id=TEXT,
    event_id=UUID_,
    period=TEXT,
    earned_at=TIME,
)
_NEW_REVISIONS: Final = given(
    "new",
    award_id=UUID_,
    revision=COUNT,
    points=sa.BigInteger(),
    excess=sa.BigInteger(),
    receipt=JSON_TEXT,
    entry_id=UUID_,
)
_NOW: Final = sa.bindparam("now", type_=TIME)
_INSERT_AWARDS: Final = awards.insert().from_select(
    [*_NEW_AWARDS.names, "created_at"], sa.select(*_NEW_AWARDS.table.c, _NOW)
)
_INSERT_REVISIONS: Final = award_revisions.insert().from_select(
    [*_NEW_REVISIONS.names, "recorded_at"], sa.select(*_NEW_REVISIONS.table.c, _NOW)
)


def awards_of(work: Work, member_id: UUID) -> dict[AwardKey, StoredAward]:
    """Every award of a person as it stands; as :func:`standing_of` without the overtaken."""
    return standing_of(work, member_id)[0]


@dataclass(frozen=True, slots=True)
class ComparedFrom:
    """Awards earned from ``horizon`` on, and of these periods whenever earned."""

    horizon: datetime
    periods: Sequence[str]


def standing_of(
    work: Work, member_id: UUID, compared_from: ComparedFrom | None = None
) -> tuple[dict[AwardKey, StoredAward], list[StoredAward]]:
    """Every award of a person as it stands, and those overtaken by others of them.

    Two members who were merged may both have been awarded for the same, as for a week. One award
    stands for it then: the person's own, unless only another's is worth something.
    ``compared_from`` leaves out what is not compared.
    """
    mine = _current().where(of_person(awards.c.member_id, member_id))
    if compared_from is not None:
        later = awards.c.earned_at >= compared_from.horizon
        named = awards.c.period == any_text("periods", compared_from.periods)
        mine = mine.where(sa.or_(later, named) if compared_from.periods else later)
    found = [_award(row) for row in work.connection.execute(mine)]
    if any(award.member_id != member_id for award in found):
        found.sort(key=lambda a: (not (a.points or a.excess), a.member_id != member_id, a.award_id))
    standing: dict[AwardKey, StoredAward] = {}
    overtaken = [award for award in found if standing.setdefault(award.key, award) is not award]
    return standing, overtaken


def award_page(work: Work, member_id: UUID, before: UUID | None, limit: int) -> list[StoredAward]:
    """A member's awards, newest first by id, at most ``limit``, older than ``before``."""
    query = _current().where(of_person(awards.c.member_id, member_id))
    if before is not None:
        query = query.where(awards.c.award_id < before)
    rows = work.connection.execute(query.order_by(awards.c.award_id.desc()).limit(limit))
    return [_award(row) for row in rows]


def award(work: Work, award_id: UUID) -> StoredAward | None:
    """One award as it stands."""
    row = work.connection.execute(_current().where(awards.c.award_id == award_id)).one_or_none()
    return None if row is None else _award(row)


def awards_of_event(work: Work, event_id: UUID) -> list[StoredAward]:
    """What one event earned, for whom, as it stands."""
    rows = work.connection.execute(
        _current().where(awards.c.event_id == event_id).order_by(awards.c.award_id)
    )
    return [_award(row) for row in rows]


def points_by_event(work: Work, member_id: UUID, event_ids: Sequence[UUID]) -> dict[UUID, int]:
    """What each event earned a member by itself, all rules together, as it stands."""
    found: dict[UUID, int] = {}
    query = _current().where(
        of_person(awards.c.member_id, member_id),
        awards.c.event_id == any_uuid("events", event_ids),
    )
    for row in work.connection.execute(query):
        found[row.event_id] = found.get(row.event_id, 0) + row.points
    return found


def all_revisions(work: Work) -> Iterator[RevisionLine]:
    """Every revision, by award and revision, streamed."""
    rows = work.connection.execution_options(yield_per=_STREAM_ROWS).execute(
        sa.select(
            award_revisions.c.award_id,
            award_revisions.c.revision,
            award_revisions.c.points,
            award_revisions.c.entry_id,
        ).order_by(award_revisions.c.award_id, award_revisions.c.revision)
    )
    for row in rows:
        yield RevisionLine(row.award_id, row.revision, row.points, row.entry_id)


def insert_awards(work: Work, rows: Sequence[NewAward]) -> None:
    """Name new awards; their worth follows as revision 1."""
    if rows:
        new = _NEW_AWARDS.rows(
            (
                row.award_id,
                row.member_id,
                row.key.rule_id,
                row.key.event_id,
                row.key.period,
                row.earned_at,
            )
            for row in rows
        )
        work.connection.execute(_INSERT_AWARDS, {**new, "now": work.now})


def insert_revisions(work: Work, rows: Sequence[NewRevision]) -> None:
    """Append revisions."""
    if rows:
        new = _NEW_REVISIONS.rows(
            (
                row.award_id,
                row.revision,
                row.points,
                row.excess,
                orjson.dumps(row.receipt),
                row.entry_id,
            )
            for row in rows
        )
        work.connection.execute(_INSERT_REVISIONS, {**new, "now": work.now})


def ask_to_score_everybody(work: Work, topic: str) -> None:
    """A row on the outbox's ``topic`` for every member."""
    work.connection.execute(
        outbox.insert().from_select(
            ["topic", "key", "payload", "created_at", "not_before"],
            sa.select(
                sa.literal(topic),
                sa.cast(members.c.member_id, sa.Text),
                sa.cast(sa.literal("null"), pg.JSONB),
                sa.literal(work.now),
                sa.literal(work.now),
            ),
        )
    )


def members_waiting(work: Work, topic: str) -> dict[UUID, int]:
    """Members with scoring still to do, and how often that has failed."""
    rows = work.connection.execute(
        sa.select(outbox.c.key, sa.func.max(outbox.c.attempts).label("attempts"))
        .where(outbox.c.topic == topic, outbox.c.done_at.is_(None))
        .group_by(outbox.c.key)
        .order_by(outbox.c.key)
    )
    return {UUID(row.key): row.attempts for row in rows}


def members_with_awards(work: Work) -> list[UUID]:
    """Everybody who has an award, whatever it is worth now; of merged ones who stands for them."""
    query = (
        sa.select(PERSON.label("person"))
        .join_from(awards, members, members.c.member_id == awards.c.member_id)
        .distinct()
        .order_by("person")
    )
    return list(work.connection.execute(query).scalars())


def _current() -> sa.Select[*tuple[Any, ...]]:
    last = (
        sa.select(
            award_revisions.c.revision,
            award_revisions.c.points,
            award_revisions.c.excess,
            award_revisions.c.receipt,
            award_revisions.c.entry_id,
            award_revisions.c.recorded_at,
        )
        .where(award_revisions.c.award_id == awards.c.award_id)
        .order_by(award_revisions.c.revision.desc())
        .limit(1)
        .lateral("last")
    )
    return sa.select(
        awards.c.award_id,
        awards.c.member_id,
        awards.c.rule_id,
        awards.c.event_id,
        awards.c.period,
        awards.c.earned_at,
        last.c.revision,
        last.c.points,
        last.c.excess,
        last.c.receipt,
        last.c.entry_id,
        last.c.recorded_at,
    ).join(last, sa.true())


def _award(row: sa.Row[*tuple[Any, ...]]) -> StoredAward:
    return StoredAward(
        award_id=row.award_id,
        member_id=row.member_id,
        key=AwardKey(row.rule_id, row.event_id, row.period),
        earned_at=row.earned_at,
        revision=row.revision,
        points=row.points,
        excess=row.excess,
        receipt=row.receipt,
        entry_id=row.entry_id,
        recorded_at=row.recorded_at,
    )
