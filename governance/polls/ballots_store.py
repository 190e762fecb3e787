"""SQL of ballots, what signed them, and device keys; and forgetting who a voter was."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from governance.polls.model import Ballot, BallotKind
from governance.polls.tables import poll_ballots, poll_evidence, poll_keys, poll_names
from ledger.kernel.transaction import Work


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """A key that a voter registered for one poll."""

    key_id: UUID
    pseudonym: bytes
    public_key: bytes
    registered_at: datetime
    revoked_at: datetime | None


def insert_ballot(work: Work, poll_id: UUID, ballot: Ballot) -> None:
    """Add a ballot to the register."""
    work.connection.execute(
        poll_ballots.insert().values(
            poll_id=poll_id,
            number=ballot.number,
            pseudonym=ballot.pseudonym,
            version=ballot.version,
            choice=list(ballot.choice),
            salt=ballot.salt,
            kind=ballot.kind.value,
            evidence_digest=ballot.evidence_digest,
            commitment=ballot.commitment,
            register_head=ballot.register_head,
            cast_at=work.now,
        )
    )
    if ballot.evidence is not None:
        work.connection.execute(
            poll_evidence.insert().values(
                poll_id=poll_id, number=ballot.number, evidence=ballot.evidence
            )
        )


def last_in_register(work: Work, poll_id: UUID) -> tuple[int, bytes] | None:
    """The newest ballot's number and the register's head with it; ``None`` before the first."""
    query = (
        sa.select(poll_ballots.c.number, poll_ballots.c.register_head)
        .where(poll_ballots.c.poll_id == poll_id)
        .order_by(poll_ballots.c.number.desc())
        .limit(1)
    )
    row = work.connection.execute(query).one_or_none()
    return None if row is None else (row.number, bytes(row.register_head))


def commitments(
    work: Work, poll_id: UUID, after: int, limit: int
) -> list[tuple[int, bytes, bytes]]:
    """Number, commitment and register's head of ballots after a number, in order."""
    mine = poll_ballots.c
    query = (
        sa.select(mine.number, mine.commitment, mine.register_head)
        .where(mine.poll_id == poll_id, mine.number > after)
        .order_by(mine.number)
        .limit(limit)
    )
    return [
        (row.number, bytes(row.commitment), bytes(row.register_head))
        for row in work.connection.execute(query)
    ]


def ballots(work: Work, poll_id: UUID, pseudonym: bytes | None = None) -> list[Ballot]:
    """Every ballot of a poll, or of one voter in it, in the register's order."""
    query = (
        sa.select(poll_ballots, poll_evidence.c.evidence)
        .outerjoin(
            poll_evidence,
            sa.and_(
                poll_evidence.c.poll_id == poll_ballots.c.poll_id,
                poll_evidence.c.number == poll_ballots.c.number,
            ),
        )
        .where(poll_ballots.c.poll_id == poll_id)
        .order_by(poll_ballots.c.number)
    )
    if pseudonym is not None:
        query = query.where(poll_ballots.c.pseudonym == pseudonym)
    return [_ballot(row) for row in work.connection.execute(query)]


def insert_key(work: Work, poll_id: UUID, key: DeviceKey) -> None:
    """Keep a device key."""
    work.connection.execute(
        poll_keys.insert().values(
            key_id=key.key_id,
            poll_id=poll_id,
            pseudonym=key.pseudonym,
            public_key=key.public_key,
            registered_at=key.registered_at,
        )
    )


def keys(work: Work, poll_id: UUID, pseudonym: bytes) -> list[DeviceKey]:
    """The keys of a voter, the oldest first."""
    mine = poll_keys.c
    query = (
        sa.select(poll_keys)
        .where(mine.poll_id == poll_id, mine.pseudonym == pseudonym)
        .order_by(mine.key_id)
    )
    return [_key(row) for row in work.connection.execute(query)]


def find_key(work: Work, poll_id: UUID, public_key: bytes) -> DeviceKey | None:
    """Whose key it is in a poll."""
    mine = poll_keys.c
    query = sa.select(poll_keys).where(mine.poll_id == poll_id, mine.public_key == public_key)
    row = work.connection.execute(query).one_or_none()
    return None if row is None else _key(row)


def revoke_key(work: Work, key_id: UUID) -> None:
    """Take no more ballots of a key."""
    work.connection.execute(
        poll_keys.update()
        .where(poll_keys.c.key_id == key_id, poll_keys.c.revoked_at.is_(None))
        .values(revoked_at=work.now)
    )


def forget(work: Work, member_id: UUID) -> None:
    """Delete who a voter was, their keys, and signatures that name a wallet.

    Ballots and leaves stay under pseudonyms that nobody can tell whose they were.
    """
    mine = (
        sa.select(poll_names.c.poll_id, poll_names.c.pseudonym)
        .where(poll_names.c.member_id == member_id)
        .subquery()
    )

    def theirs(table: sa.Table) -> sa.ColumnElement[bool]:
        return sa.exists().where(
            table.c.poll_id == mine.c.poll_id, table.c.pseudonym == mine.c.pseudonym
        )

    work.connection.execute(
        poll_evidence.delete().where(
            sa.exists().where(
                poll_ballots.c.poll_id == poll_evidence.c.poll_id,
                poll_ballots.c.number == poll_evidence.c.number,
                poll_ballots.c.kind.in_((BallotKind.WALLET.value, BallotKind.CONTRACT.value)),
                theirs(poll_ballots),
            )
        )
    )
    work.connection.execute(poll_keys.delete().where(theirs(poll_keys)))
    work.connection.execute(poll_names.delete().where(poll_names.c.member_id == member_id))


def _ballot(row: sa.Row[Any]) -> Ballot:
    return Ballot(
        number=row.number,
        pseudonym=bytes(row.pseudonym),
        version=row.version,
        choice=tuple(row.choice),
        salt=bytes(row.salt),
        kind=BallotKind(row.kind),
        evidence_digest=None if row.evidence_digest is None else bytes(row.evidence_digest),
        evidence=row.evidence,
        commitment=bytes(row.commitment),
        register_head=bytes(row.register_head),
    )


def _key(row: sa.Row[Any]) -> DeviceKey:
    return DeviceKey(
        row.key_id, bytes(row.pseudonym), bytes(row.public_key), row.registered_at, row.revoked_at
    )
