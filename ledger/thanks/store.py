"""Statements over thanks. Members go by whoever holds the identities of a gift now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from ledger.events.store import is_retracted
from ledger.events.tables import events
from ledger.kernel.transaction import Work
from ledger.members.tables import identities
from ledger.thanks.model import Decision, Ring, Thanks, Used
from ledger.thanks.tables import thanks, thanks_words

_GIVER: Final = identities.alias("giver")
_RECEIVER: Final = identities.alias("receiver")


def insert(work: Work, gift: Thanks, giver: UUID, receiver: UUID) -> None:
    """Keep a gift between two references, and its words apart."""
    decision = gift.decision
    work.connection.execute(
        thanks.insert().values(
            thanks_id=gift.thanks_id,
            event_id=gift.event_id,
            giver=giver,
            receiver=receiver,
            month=gift.month,
            number=decision.number,
            points=gift.points,
            counted=decision.counted,
            allowance=decision.allowance,
            allowance_left=decision.left,
            ring=decision.ring,
            given_at=gift.given_at,
        )
    )
    work.connection.execute(
        thanks_words.insert().values(thanks_id=gift.thanks_id, reason=gift.reason, link=gift.link)
    )


def used(work: Work, giver: UUID, receiver: UUID | None, month: str) -> Used:
    """What a member has given in a month, also of what was taken back."""
    to_receiver = sa.func.coalesce(
        sa.func.sum(thanks.c.points).filter(_RECEIVER.c.member_id == receiver), 0
    )
    given = sa.func.coalesce(sa.func.sum(thanks.c.points), 0)
    row = work.connection.execute(
        sa.select(sa.func.coalesce(sa.func.max(thanks.c.number), 0), given, to_receiver)
        .select_from(_joined())
        .where(_GIVER.c.member_id == giver, thanks.c.month == month)
    ).one()
    return Used(row[0], int(row[1]), int(row[2]))


def ring(work: Work, giver: UUID, receiver: UUID, since: datetime) -> Ring | None:
    """The shortest ring that a gift from ``giver`` to ``receiver`` would close."""
    there = _gifts(since).subquery("there")
    back = _gifts(since).subquery("back")
    pair = sa.exists().where(there.c.giver == receiver, there.c.receiver == giver)
    three = sa.exists().where(
        there.c.giver == receiver, there.c.receiver == back.c.giver, back.c.receiver == giver
    )
    row = work.connection.execute(sa.select(pair, three)).one()
    if row[0]:
        return "pair"
    return "three" if row[1] else None


def find(work: Work, thanks_id: UUID) -> Thanks | None:
    """One gift."""
    query = _query().where(thanks.c.thanks_id == thanks_id)
    row = work.connection.execute(query).one_or_none()
    return None if row is None else _thanks(row)


def page(work: Work, member_id: UUID | None, before: UUID | None, limit: int) -> list[Thanks]:
    """Gifts that a member gave or got, newest first; of everybody with ``None``."""
    query = _query().order_by(thanks.c.thanks_id.desc()).limit(limit)
    if member_id is not None:
        query = query.where(
            (_GIVER.c.member_id == member_id) | (_RECEIVER.c.member_id == member_id)
        )
    if before is not None:
        query = query.where(thanks.c.thanks_id < before)
    return [_thanks(row) for row in work.connection.execute(query)]


def forget(work: Work, member_id: UUID) -> None:
    """Delete the words of what a member gave or got."""
    theirs = (
        sa.select(thanks.c.thanks_id)
        .select_from(_joined())
        .where((_GIVER.c.member_id == member_id) | (_RECEIVER.c.member_id == member_id))
    )
    work.connection.execute(thanks_words.delete().where(thanks_words.c.thanks_id.in_(theirs)))


def lines(work: Work) -> Iterator[sa.Row[Any]]:
    """Every gift with the data of its fact, by giver, month and number."""
    yield from work.connection.execute(
        sa.select(thanks, events.c.data, events.c.occurred_at)
        .join(events, events.c.event_id == thanks.c.event_id)
        .order_by(thanks.c.giver, thanks.c.month, thanks.c.number)
    )


def _joined() -> sa.FromClause:
    return thanks.join(_GIVER, _GIVER.c.reference == thanks.c.giver).join(
        _RECEIVER, _RECEIVER.c.reference == thanks.c.receiver
    )


def _gifts(since: datetime) -> sa.Select[Any]:
    return (
        sa.select(_GIVER.c.member_id.label("giver"), _RECEIVER.c.member_id.label("receiver"))
        .select_from(_joined().join(events, events.c.event_id == thanks.c.event_id))
        .where(thanks.c.given_at >= since, sa.not_(is_retracted()))
    )


def _query() -> sa.Select[Any]:
    return sa.select(
        thanks,
        _GIVER.c.member_id.label("giver_id"),
        _RECEIVER.c.member_id.label("receiver_id"),
        thanks_words.c.reason,
        thanks_words.c.link,
        is_retracted().label("is_taken_back"),
    ).select_from(
        _joined()
        .join(events, events.c.event_id == thanks.c.event_id)
        .outerjoin(thanks_words, thanks_words.c.thanks_id == thanks.c.thanks_id)
    )


def _thanks(row: sa.Row[Any]) -> Thanks:
    return Thanks(
        row.thanks_id,
        row.event_id,
        row.giver_id,
        row.receiver_id,
        row.month,
        row.points,
        Decision(row.number, row.counted, row.allowance, row.allowance_left, row.ring),
        row.given_at,
        row.reason,
        row.link,
        row.is_taken_back,
    )
