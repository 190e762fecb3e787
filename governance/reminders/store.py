"""SQL of choices, rounds and notices. One statement, one function."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from governance.calendar.model import Subject
from governance.polls.tables import poll_ballots, poll_names
from governance.reminders.model import Due, Notice, ReminderKind
from governance.reminders.tables import notices, reminder_choices, reminder_rounds
from governance.tables import ballots, wei
from ledger.kernel.transaction import Work
from ledger.members.model import MemberStatus
from ledger.members.tables import members
from ledger.wallets.tables import wallets

_ROWS_AT_ONCE: Final = 5_000


def choices(work: Work, member_id: UUID) -> frozenset[ReminderKind]:
    """What a member wants to be reminded of."""
    query = sa.select(reminder_choices.c.kind).where(reminder_choices.c.member_id == member_id)
    return frozenset(ReminderKind(kind) for kind in work.connection.execute(query).scalars())


def insert_choices(work: Work, member_id: UUID, kinds: Collection[ReminderKind]) -> None:
    """Want these from now on; one that is wanted already keeps its time."""
    if kinds:
        work.connection.execute(
            pg.insert(reminder_choices).on_conflict_do_nothing(),
            [
                {"member_id": member_id, "kind": kind.value, "chosen_at": work.now}
                for kind in sorted(kinds)
            ],
        )


def delete_choices(work: Work, member_id: UUID, kinds: Collection[ReminderKind]) -> None:
    """Want these no more."""
    work.connection.execute(
        reminder_choices.delete().where(
            reminder_choices.c.member_id == member_id,
            reminder_choices.c.kind.in_([kind.value for kind in kinds]),
        )
    )


def made(work: Work, keys: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of these moments and kinds everybody was reminded of."""
    table = reminder_rounds.c
    query = sa.select(table.moment, table.kind).where(
        sa.tuple_(table.moment, table.kind).in_(list(keys))
    )
    return {(row.moment, row.kind) for row in work.connection.execute(query)}


def insert_round(work: Work, due: Due, count: int) -> bool:
    """Say that everybody was reminded; ``False`` if that was said before, by whomever."""
    result = work.connection.execute(
        pg.insert(reminder_rounds)
        .values(moment=due.moment, kind=due.kind.value, notices=count, made_at=work.now)
        .on_conflict_do_nothing()
        .returning(reminder_rounds.c.moment)
    )
    return result.first() is not None


def wanting(work: Work, due: Due) -> list[UUID]:
    """Members who take part and want this kind, by id.

    Their choices are locked, so that nobody is given a notice after they were forgotten.
    """
    chosen = reminder_choices.c
    rows = work.connection.execute(
        sa.select(chosen.member_id)
        .join(members, members.c.member_id == chosen.member_id)
        .where(
            chosen.kind == due.kind.value,
            members.c.status == MemberStatus.ACTIVE.value,
        )
        .order_by(chosen.member_id)
        .with_for_update(read=True, of=reminder_choices)
    )
    return list(rows.scalars())


def linked_wallets(work: Work) -> dict[UUID, str]:
    """Every member's linked wallet."""
    query = sa.select(wallets.c.member_id, wallets.c.address).where(wallets.c.unlinked_at.is_(None))
    return {row.member_id: row.address for row in work.connection.execute(query)}


def poll_members(work: Work, poll_id: UUID) -> set[UUID]:
    """Who votes in a poll."""
    query = sa.select(poll_names.c.member_id).where(poll_names.c.poll_id == poll_id)
    return set(work.connection.execute(query).scalars())


def poll_voted(work: Work, poll_id: UUID) -> set[UUID]:
    """Who has cast a ballot in a poll."""
    query = (
        sa.select(poll_names.c.member_id)
        .join(
            poll_ballots,
            sa.and_(
                poll_ballots.c.poll_id == poll_names.c.poll_id,
                poll_ballots.c.pseudonym == poll_names.c.pseudonym,
            ),
        )
        .where(poll_names.c.poll_id == poll_id)
    )
    return set(work.connection.execute(query).scalars())


def ballots_on_their_way(work: Work, chain_key: int, proposal_id: int) -> set[UUID]:
    """Who signed a ballot on a proposal with us that was not rejected."""
    query = sa.select(ballots.c.member_id).where(
        ballots.c.chain_key == chain_key,
        ballots.c.proposal_id == wei(proposal_id),
        ballots.c.state != "rejected",
    )
    return set(work.connection.execute(query).scalars())


def insert_notices(work: Work, due: Due, to: Sequence[UUID], support: int | None) -> None:
    """Keep a notice for each of these members."""
    for start in range(0, len(to), _ROWS_AT_ONCE):
        work.connection.execute(
            notices.insert(),
            [
                {
                    "notice_id": work.new_id(),
                    "member_id": member_id,
                    "kind": due.kind.value,
                    "moment": due.moment,
                    "subject": due.subject.value,
                    "subject_id": due.subject_id,
                    "at": due.at,
                    "support": support,
                    "made_at": work.now,
                }
                for member_id in to[start : start + _ROWS_AT_ONCE]
            ],
        )


def page(
    work: Work, member_id: UUID, before: UUID | None, limit: int, *, unread: bool
) -> list[Notice]:
    """A member's notices, the newest first; only those not read, if ``unread``."""
    query = sa.select(notices).where(notices.c.member_id == member_id)
    if before is not None:
        query = query.where(notices.c.notice_id < before)
    if unread:
        query = query.where(notices.c.read_at.is_(None))
    rows = work.connection.execute(query.order_by(notices.c.notice_id.desc()).limit(limit))
    return [_notice(row) for row in rows.mappings()]


def count_unread(work: Work, member_id: UUID) -> int:
    """How many notices a member has not read."""
    query = sa.select(sa.func.count()).where(
        notices.c.member_id == member_id, notices.c.read_at.is_(None)
    )
    return int(work.connection.execute(query).scalar_one())


def set_read(work: Work, member_id: UUID, notice_id: UUID | None) -> None:
    """Say that one notice was read, or all; one that was keeps its time."""
    query = notices.update().where(notices.c.member_id == member_id, notices.c.read_at.is_(None))
    if notice_id is not None:
        query = query.where(notices.c.notice_id == notice_id)
    work.connection.execute(query.values(read_at=work.now))


def find(work: Work, member_id: UUID, notice_id: UUID) -> Notice | None:
    """One notice of a member's."""
    row = (
        work.connection.execute(
            sa.select(notices).where(
                notices.c.member_id == member_id, notices.c.notice_id == notice_id
            )
        )
        .mappings()
        .one_or_none()
    )
    return None if row is None else _notice(row)


def forget(work: Work, member_id: UUID) -> None:
    """Delete what a member wanted to be told of, and what they were told."""
    for table in (reminder_choices, notices):
        work.connection.execute(table.delete().where(table.c.member_id == member_id))


def _notice(row: sa.RowMapping) -> Notice:
    return Notice(
        notice_id=row["notice_id"],
        member_id=row["member_id"],
        kind=ReminderKind(row["kind"]),
        moment=row["moment"],
        subject=Subject(row["subject"]),
        subject_id=row["subject_id"],
        at=row["at"],
        support=row["support"],
        made_at=row["made_at"],
        read_at=row["read_at"],
    )
