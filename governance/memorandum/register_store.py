"""SQL of the register: entries, who signed them by what, and forgetting who that was."""

from __future__ import annotations

import hashlib
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from governance.memorandum.register import Act, Entry, Kind, Signer, Statement, register_start
from governance.memorandum.tables import (
    memorandum_comments,
    memorandum_entries,
    memorandum_evidence,
    memorandum_registers,
    memorandum_signers,
    memorandum_versions,
)
from ledger.kernel.transaction import Work

_ENTRY: Final = memorandum_entries.c


def lock_register(work: Work) -> bytes:
    """The register's id; nobody else adds an entry or decides a version until the commit.

    It is begun, with 32 random bytes, when it is first asked for.
    """
    made = hashlib.sha256(work.ids.secret().encode()).digest()
    work.connection.execute(
        pg.insert(memorandum_registers)
        .values(register=made, only_one=True, begun_at=work.now)
        .on_conflict_do_nothing()
    )
    query = sa.select(memorandum_registers.c.register).with_for_update()
    return bytes(work.connection.execute(query).scalar_one())


def register(work: Work) -> bytes | None:
    """The register's id; ``None`` before it was begun."""
    found = work.connection.execute(sa.select(memorandum_registers.c.register)).scalar_one_or_none()
    return None if found is None else bytes(found)


def insert_entry(work: Work, version_id: UUID, entry: Entry, public_key: bytes | None) -> None:
    """Add an entry to the register; ``public_key`` is the device's, if one signed."""
    statement = entry.statement
    work.connection.execute(
        memorandum_entries.insert().values(
            number=entry.number,
            act=statement.act.value,
            version_id=version_id,
            content=statement.content,
            language=statement.language,
            member=statement.member,
            turn=statement.turn,
            signed_at=statement.signed_at,
            kind=entry.kind.value,
            evidence_digest=entry.evidence_digest,
            recorded_at=entry.recorded_at,
            head=entry.head,
        )
    )
    work.connection.execute(
        memorandum_evidence.insert().values(
            number=entry.number, public_key=public_key, evidence=entry.evidence
        )
    )


def head(work: Work) -> tuple[int, bytes] | None:
    """How many entries there are and the head over them; ``None`` before the register began."""
    query = sa.select(_ENTRY.number, _ENTRY.head).order_by(_ENTRY.number.desc()).limit(1)
    row = work.connection.execute(query).one_or_none()
    if row is not None:
        return row.number, bytes(row.head)
    begun = register(work)
    return None if begun is None else (0, register_start(begun))


def entries(
    work: Work, *, after: int = 0, limit: int | None = None, member: bytes | None = None
) -> list[Entry]:
    """Entries in order: all, a page of them, or one member's."""
    query = _query().where(_ENTRY.number > after).order_by(_ENTRY.number)
    if limit is not None:
        query = query.limit(limit)
    if member is not None:
        query = query.where(_ENTRY.member == member)
    return [_entry(row) for row in work.connection.execute(query)]


def tallies(work: Work, version_id: UUID | None = None) -> dict[bytes, dict[tuple[str, str], int]]:
    """Of each version, or one, by its hash: how many members' last act is what, in which language.

    Withdrawals are counted with the language in which they were read, too.
    """
    newest = (
        sa.select(_ENTRY.content, _ENTRY.act, _ENTRY.language)
        .ext(pg.distinct_on(_ENTRY.content, _ENTRY.member))
        .order_by(_ENTRY.content, _ENTRY.member, _ENTRY.number.desc())
    )
    if version_id is not None:
        newest = newest.where(_ENTRY.version_id == version_id)
    last = newest.subquery()
    query = sa.select(last.c.content, last.c.act, last.c.language, sa.func.count().label("many"))
    found: dict[bytes, dict[tuple[str, str], int]] = {}
    for row in work.connection.execute(query.group_by(last.c.content, last.c.act, last.c.language)):
        found.setdefault(bytes(row.content), {})[row.act, row.language] = row.many
    return found


def signer(work: Work, member_id: UUID) -> Signer | None:
    """As whom a member is in the register."""
    mine = memorandum_signers
    row = work.connection.execute(
        sa.select(mine).where(mine.c.member_id == member_id)
    ).one_or_none()
    return None if row is None else Signer(member_id, bytes(row.salt), bytes(row.pseudonym))


def signers(work: Work) -> list[Signer]:
    """Whoever still has a name in the register."""
    query = sa.select(memorandum_signers).order_by(memorandum_signers.c.pseudonym)
    return [
        Signer(row.member_id, bytes(row.salt), bytes(row.pseudonym))
        for row in work.connection.execute(query)
    ]


def insert_signer(work: Work, found: Signer) -> None:
    """Keep as whom a member is in the register."""
    work.connection.execute(
        memorandum_signers.insert().values(
            member_id=found.member_id, salt=found.salt, pseudonym=found.pseudonym
        )
    )


def key_of_another(work: Work, public_key: bytes, member: bytes) -> bool:
    """Whether another member has signed with this device key."""
    query = sa.select(
        sa.exists().where(
            memorandum_evidence.c.public_key == public_key,
            memorandum_evidence.c.number == _ENTRY.number,
            _ENTRY.member != member,
        )
    )
    return bool(work.connection.execute(query).scalar_one())


def forget(work: Work, member_id: UUID) -> None:
    """Delete who a pseudonym was, what signed its entries, and the member's comments.

    The entries stay, under a pseudonym that nobody can tell whose it was.
    """
    names = sa.select(memorandum_signers.c.pseudonym).where(
        memorandum_signers.c.member_id == member_id
    )
    theirs = sa.select(_ENTRY.number).where(_ENTRY.member.in_(names))
    work.connection.execute(
        memorandum_evidence.delete().where(memorandum_evidence.c.number.in_(theirs))
    )
    for table in (memorandum_signers, memorandum_comments):
        work.connection.execute(table.delete().where(table.c.member_id == member_id))


def _query() -> sa.Select[Any]:
    return (
        sa.select(
            memorandum_entries,
            memorandum_registers.c.register,
            memorandum_versions.c.number.label("version_number"),
            memorandum_evidence.c.evidence,
        )
        .select_from(memorandum_entries)
        .join(memorandum_registers, sa.true())
        .join(memorandum_versions, memorandum_versions.c.version_id == _ENTRY.version_id)
        .outerjoin(memorandum_evidence, memorandum_evidence.c.number == _ENTRY.number)
    )


def _entry(row: sa.Row[Any]) -> Entry:
    statement = Statement(
        act=Act(row.act),
        content=bytes(row.content),
        number=row.version_number,
        language=row.language,
        member=bytes(row.member),
        register=bytes(row.register),
        turn=row.turn,
        signed_at=row.signed_at,
    )
    return Entry(
        number=row.number,
        statement=statement,
        kind=Kind(row.kind),
        evidence_digest=bytes(row.evidence_digest),
        evidence=row.evidence,
        recorded_at=row.recorded_at,
        head=bytes(row.head),
    )
