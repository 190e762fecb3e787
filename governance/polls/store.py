"""SQL of polls. One statement, one function."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from governance.polls.counting import Method
from governance.polls.model import Definition, Named, Opening, Poll, Voter, Weighing
from governance.polls.tables import poll_names, poll_voters, polls
from ledger.kernel.canonical import Json
from ledger.kernel.transaction import Work
from ledger.members.model import MemberStatus
from ledger.members.persons.store import PERSON
from ledger.members.tables import members
from ledger.scoring.tables import awards
from ledger.wallets.tables import wallets

_UNDECIDED: Final = sa.and_(polls.c.counted_at.is_(None), polls.c.withdrawn_at.is_(None))
_ROWS_AT_ONCE: Final = 5_000


def insert_poll(work: Work, poll: Poll) -> None:
    """Keep a poll that was just announced."""
    definition, opening = poll.definition, poll.opening
    work.connection.execute(
        polls.insert().values(
            poll_id=poll.poll_id,
            author_id=poll.author_id,
            title=definition.title,
            body=definition.body,
            options=list(definition.options),
            method=definition.method.value,
            weighing=definition.weighing.value,
            credits=definition.credits,
            standing_min=definition.standing_min,
            opens_at=definition.opens_at,
            closes_at=definition.closes_at,
            definition_digest=definition.digest(),
            eligible=opening.eligible,
            weight=opening.weight,
            eligibility_root=opening.root,
            snapshot=opening.snapshot,
            announced_at=opening.announced_at,
        )
    )


def insert_voters(work: Work, poll_id: UUID, named: Sequence[Named]) -> None:
    """Keep who votes, and apart from that who they are."""
    for start in range(0, len(named), _ROWS_AT_ONCE):
        some = named[start : start + _ROWS_AT_ONCE]
        work.connection.execute(
            poll_voters.insert(),
            [
                {
                    "poll_id": poll_id,
                    "pseudonym": each.voter.pseudonym,
                    "weight": each.voter.weight,
                }
                for each in some
            ],
        )
        work.connection.execute(
            poll_names.insert(),
            [
                {
                    "poll_id": poll_id,
                    "member_id": each.member_id,
                    "pseudonym": each.voter.pseudonym,
                    "salt": each.salt,
                }
                for each in some
            ],
        )


def find(work: Work, poll_id: UUID) -> Poll | None:
    """One poll."""
    row = work.connection.execute(sa.select(polls).where(polls.c.poll_id == poll_id)).one_or_none()
    return None if row is None else _poll(row)


def lock(work: Work, poll_id: UUID) -> Poll | None:
    """One poll, whose ballots nobody else adds to until the commit."""
    row = work.connection.execute(
        sa.select(polls).where(polls.c.poll_id == poll_id).with_for_update(key_share=True)
    ).one_or_none()
    return None if row is None else _poll(row)


def page(work: Work, before: UUID | None, limit: int) -> list[Poll]:
    """Polls, the newest first."""
    query = sa.select(polls).order_by(polls.c.poll_id.desc()).limit(limit)
    if before is not None:
        query = query.where(polls.c.poll_id < before)
    return [_poll(row) for row in work.connection.execute(query)]


def touching(work: Work, start: datetime, end: datetime, limit: int) -> list[Poll]:
    """Polls with a moment from ``start``, inclusive, to ``end``; the newest ``limit``."""
    dates = (polls.c.announced_at, polls.c.opens_at, polls.c.closes_at, polls.c.counted_at)
    touched = [sa.and_(each >= start, each < end) for each in (*dates, polls.c.withdrawn_at)]
    query = sa.select(polls).where(sa.or_(*touched)).order_by(polls.c.poll_id.desc()).limit(limit)
    return [_poll(row) for row in work.connection.execute(query)]


def count_undecided(work: Work, author_id: UUID) -> int:
    """How many polls of a member are neither counted nor withdrawn."""
    query = sa.select(sa.func.count()).where(polls.c.author_id == author_id, _UNDECIDED)
    return int(work.connection.execute(query).scalar_one())


def due(work: Work, limit: int) -> list[UUID]:
    """Polls whose voting is over and that are not counted, the longest waiting first."""
    query = (
        sa.select(polls.c.poll_id)
        .where(_UNDECIDED, polls.c.closes_at <= work.now)
        .order_by(polls.c.closes_at, polls.c.poll_id)
        .limit(limit)
    )
    return list(work.connection.execute(query).scalars())


def set_withdrawn(work: Work, poll_id: UUID, by: UUID) -> None:
    """Say that a poll does not take place."""
    work.connection.execute(
        polls.update()
        .where(polls.c.poll_id == poll_id)
        .values(withdrawn_by=by, withdrawn_at=work.now)
    )


def set_counted(work: Work, poll_id: UUID, counted_at: datetime, closing: Json) -> None:
    """Keep what a poll came to."""
    work.connection.execute(
        polls.update()
        .where(polls.c.poll_id == poll_id)
        .values(counted_at=counted_at, closing=closing)
    )


def voters(work: Work, poll_id: UUID) -> list[Voter]:
    """Everybody who votes in a poll, by pseudonym: the order of the tree's leaves."""
    query = (
        sa.select(poll_voters.c.pseudonym, poll_voters.c.weight)
        .where(poll_voters.c.poll_id == poll_id)
        .order_by(poll_voters.c.pseudonym)
    )
    return [Voter(bytes(row.pseudonym), int(row.weight)) for row in work.connection.execute(query)]


def named(work: Work, poll_id: UUID, member_id: UUID) -> Named | None:
    """As what a member votes in a poll."""
    query = (
        sa.select(poll_names.c.salt, poll_names.c.pseudonym, poll_voters.c.weight)
        .join(
            poll_voters,
            sa.and_(
                poll_voters.c.poll_id == poll_names.c.poll_id,
                poll_voters.c.pseudonym == poll_names.c.pseudonym,
            ),
        )
        .where(poll_names.c.poll_id == poll_id, poll_names.c.member_id == member_id)
    )
    row = work.connection.execute(query).one_or_none()
    if row is None:
        return None
    return Named(member_id, bytes(row.salt), Voter(bytes(row.pseudonym), int(row.weight)))


def names(work: Work, poll_id: UUID) -> list[Named]:
    """Whoever still has a name among those who vote in a poll, by pseudonym."""
    query = (
        sa.select(poll_names, poll_voters.c.weight)
        .join(
            poll_voters,
            sa.and_(
                poll_voters.c.poll_id == poll_names.c.poll_id,
                poll_voters.c.pseudonym == poll_names.c.pseudonym,
            ),
        )
        .where(poll_names.c.poll_id == poll_id)
        .order_by(poll_names.c.pseudonym)
    )
    return [
        Named(row.member_id, bytes(row.salt), Voter(bytes(row.pseudonym), int(row.weight)))
        for row in work.connection.execute(query)
    ]


def all_polls(work: Work) -> Iterator[tuple[Poll, bytes]]:
    """Every poll with the digest kept of its definition, in order."""
    for row in work.connection.execute(sa.select(polls).order_by(polls.c.poll_id)):
        yield _poll(row), bytes(row.definition_digest)


def persons(work: Work, limit: int) -> list[UUID]:
    """Members who take part and stand for themselves, by id."""
    query = (
        sa.select(members.c.member_id)
        .where(members.c.status == MemberStatus.ACTIVE.value, members.c.merged_into.is_(None))
        .order_by(members.c.member_id)
        .limit(limit)
    )
    return list(work.connection.execute(query).scalars())


def earners(work: Work) -> set[UUID]:
    """Persons to whom anything was ever awarded, in their own name or one merged into them."""
    query = sa.select(PERSON).where(sa.exists().where(awards.c.member_id == members.c.member_id))
    return set(work.connection.execute(query).scalars())


def linked_wallets(work: Work) -> dict[UUID, str]:
    """Member → address, of every wallet that is linked now."""
    query = sa.select(wallets.c.member_id, wallets.c.address).where(wallets.c.unlinked_at.is_(None))
    return {row.member_id: row.address for row in work.connection.execute(query)}


def _poll(row: sa.Row[Any]) -> Poll:
    definition = Definition(
        poll_id=row.poll_id,
        title=row.title,
        body=row.body,
        options=tuple(row.options),
        method=Method(row.method),
        weighing=Weighing(row.weighing),
        credits=row.credits,
        standing_min=row.standing_min,
        opens_at=row.opens_at,
        closes_at=row.closes_at,
    )
    opening = Opening(
        definition,
        row.eligible,
        int(row.weight),
        bytes(row.eligibility_root),
        row.snapshot,
        row.announced_at,
    )
    return Poll(opening, row.author_id, row.withdrawn_at, row.counted_at, row.closing)
