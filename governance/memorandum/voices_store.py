"""SQL of what people say of the text: comments, interest, answers; and who said too much."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from governance.memorandum.saying import Comment, Interest, Outsider
from governance.memorandum.tables import (
    memorandum_answers,
    memorandum_comments,
    memorandum_interests,
    memorandum_networks,
)
from ledger.kernel.transaction import Work

_COMMENT: Final = memorandum_comments.c
_INTEREST: Final = memorandum_interests.c


def insert_comment(work: Work, comment: Comment, statement: bytes | None) -> bool:
    """Keep a comment; whether its statement was not told before."""
    found = work.connection.execute(
        pg.insert(memorandum_comments)
        .values(
            comment_id=comment.comment_id,
            version_id=comment.version_id,
            section_id=comment.section_id,
            member_id=comment.member_id,
            public_key=comment.public_key,
            name=comment.name,
            language=comment.language,
            said=comment.said,
            statement=statement,
            written_at=comment.written_at,
        )
        .on_conflict_do_nothing(index_elements=["statement"])
        .returning(_COMMENT.comment_id)
    )
    return found.one_or_none() is not None


def lock_comment(work: Work, comment_id: UUID) -> Comment | None:
    """One comment, which nobody else changes until the commit."""
    query = sa.select(memorandum_comments).where(_COMMENT.comment_id == comment_id)
    row = work.connection.execute(query.with_for_update()).one_or_none()
    return None if row is None else _comment(row)


def comments(work: Work, version_id: UUID, limit: int, *, shown: bool = True) -> list[Comment]:
    """Comments on a version, the oldest first; of ``shown`` only what everybody reads."""
    query = (
        sa.select(memorandum_comments)
        .where(_COMMENT.version_id == version_id)
        .order_by(_COMMENT.comment_id.desc())
        .limit(limit)
    )
    if shown:
        query = query.where(_COMMENT.withdrawn_at.is_(None), _COMMENT.hidden_at.is_(None))
    return [_comment(row) for row in work.connection.execute(query)][::-1]


def comments_page(work: Work, before: UUID | None, limit: int) -> list[Comment]:
    """Comments on every version, the newest first, hidden ones too; ``before`` is exclusive."""
    query = (
        sa.select(memorandum_comments)
        .where(_COMMENT.withdrawn_at.is_(None))
        .order_by(_COMMENT.comment_id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(_COMMENT.comment_id < before)
    return [_comment(row) for row in work.connection.execute(query)]


def count_comments(work: Work, since: datetime, *, member_id: UUID) -> int:
    """How many comments a member has written since a moment."""
    mine = sa.and_(_COMMENT.written_at > since, _COMMENT.member_id == member_id)
    return _count(work, memorandum_comments, mine)


def set_withdrawn(work: Work, comment_id: UUID) -> None:
    """Blank a comment that its author takes back."""
    work.connection.execute(
        memorandum_comments.update()
        .where(_COMMENT.comment_id == comment_id)
        .values(said="", name="", withdrawn_at=work.now)
    )


def set_hidden(work: Work, comment_id: UUID, by: UUID, reason: str) -> None:
    """Show a comment no more."""
    work.connection.execute(
        memorandum_comments.update()
        .where(_COMMENT.comment_id == comment_id)
        .values(hidden_by=by, hidden_at=work.now, hidden_reason=reason)
    )


def keep_interest(work: Work, interest: Interest, outsider: Outsider, consent: bytes) -> bool:
    """Keep that somebody is interested; whether it is news. A later word replaces the first."""
    values = {
        "name": interest.name,
        "contact": interest.contact,
        "language": interest.language,
        "consent": consent,
        "told_at": outsider.said_at,
    }
    found = work.connection.execute(
        pg.insert(memorandum_interests)
        .values(
            interest_id=interest.interest_id,
            public_key=outsider.public_key,
            registered_at=interest.registered_at,
            **values,
        )
        .on_conflict_do_update(
            index_elements=["public_key"],
            set_=values,
            where=_INTEREST.told_at < outsider.said_at,
        )
        .returning(_INTEREST.interest_id)
    )
    return found.one_or_none() is not None


def interests_page(work: Work, before: UUID | None, limit: int) -> list[Interest]:
    """Who is interested, the newest first; ``before`` is exclusive."""
    query = sa.select(memorandum_interests).order_by(_INTEREST.interest_id.desc()).limit(limit)
    if before is not None:
        query = query.where(_INTEREST.interest_id < before)
    return [
        Interest(row.interest_id, row.name, row.contact, row.language, row.registered_at)
        for row in work.connection.execute(query)
    ]


def count_interests(work: Work) -> int:
    """How many have registered interest."""
    return _count(work, memorandum_interests, sa.true())


def delete_interest(work: Work, interest_id: UUID) -> bool:
    """Delete a registration; whether there was one."""
    found = work.connection.execute(
        memorandum_interests.delete()
        .where(_INTEREST.interest_id == interest_id)
        .returning(_INTEREST.interest_id)
    )
    return found.one_or_none() is not None


def keep_answers(
    work: Work, version_id: UUID, outsider: Outsider, answers: Mapping[str, int], language: str
) -> bool:
    """Keep a browser's answers; whether they are news. Later ones replace the first."""
    values = {"answers": dict(answers), "language": language, "told_at": outsider.said_at}
    mine = memorandum_answers.c
    found = work.connection.execute(
        pg.insert(memorandum_answers)
        .values(version_id=version_id, public_key=outsider.public_key, **values)
        .on_conflict_do_update(
            index_elements=["version_id", "public_key"],
            set_=values,
            where=mine.told_at < outsider.said_at,
        )
        .returning(mine.version_id)
    )
    return found.one_or_none() is not None


def count_answers(work: Work, version_id: UUID) -> tuple[int, dict[tuple[str, int], int]]:
    """How many browsers answered, and how often each option was chosen: (question, option)."""
    mine = memorandum_answers.c
    browsers = _count(work, memorandum_answers, mine.version_id == version_id)
    chosen = sa.func.jsonb_each_text(mine.answers).table_valued("key", "value")
    query = (
        sa.select(chosen.c.key, chosen.c.value, sa.func.count().label("many"))
        .select_from(memorandum_answers)
        .join(chosen, sa.true())
        .where(mine.version_id == version_id)
        .group_by(chosen.c.key, chosen.c.value)
    )
    counted = {(row.key, int(row.value)): row.many for row in work.connection.execute(query)}
    return browsers, counted


def forget_key(work: Work, public_key: bytes) -> int:
    """Delete everything that a browser's key left; how many rows."""
    deleted = 0
    for table in (memorandum_comments, memorandum_interests, memorandum_answers):
        found = work.connection.execute(
            table.delete().where(table.c.public_key == public_key).returning(sa.literal(1))
        )
        deleted += len(found.all())
    return deleted


def lock_saying(work: Work) -> None:
    """Let outsiders speak one after another, so that counting them counts."""
    work.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SAYING_LOCK)))


_SAYING_LOCK: Final = 0x6D656D6F


def insert_seen(work: Work, act: str, digests: list[bytes]) -> None:
    """Keep that somebody of these networks and keys spoke."""
    work.connection.execute(
        memorandum_networks.insert(),
        [
            {"seen_id": work.ids.new(work.now), "digest": each, "act": act, "seen_at": work.now}
            for each in digests
        ],
    )


def count_seen(work: Work, act: str, digest: bytes) -> int:
    """How often it spoke, of what is not forgotten yet."""
    mine = memorandum_networks.c
    where = sa.and_(mine.digest == digest, mine.act == act)
    return _count(work, memorandum_networks, where)


def forget_seen(work: Work, until: datetime) -> None:
    """Forget from where anybody spoke before a moment."""
    mine = memorandum_networks
    work.connection.execute(mine.delete().where(mine.c.seen_at <= until))


def _count(work: Work, table: sa.Table, where: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.count()).select_from(table).where(where)
    return int(work.connection.execute(query).scalar_one())


def _comment(row: sa.Row[Any]) -> Comment:
    return Comment(
        comment_id=row.comment_id,
        version_id=row.version_id,
        section_id=row.section_id,
        member_id=row.member_id,
        public_key=None if row.public_key is None else bytes(row.public_key),
        name=row.name,
        language=row.language,
        said=row.said,
        written_at=row.written_at,
        withdrawn_at=row.withdrawn_at,
        hidden_by=row.hidden_by,
        hidden_at=row.hidden_at,
        hidden_reason=row.hidden_reason,
    )
