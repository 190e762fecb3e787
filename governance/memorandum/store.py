"""SQL of the memorandum's versions. One statement, one function."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import sqlalchemy as sa

from governance.memorandum.model import (
    Decided,
    Text,
    Version,
    VersionState,
    Words,
    read_questions,
    read_sections,
    vote_hash,
)
from governance.memorandum.tables import memorandum_decisions, memorandum_versions
from ledger.kernel.transaction import Work

_DECIDED = memorandum_decisions.c


def insert_version(work: Work, version: Version) -> None:
    """Keep a version that was just proposed."""
    document = version.text.document()
    work.connection.execute(
        memorandum_versions.insert().values(
            version_id=version.version_id,
            number=version.text.number,
            previous=version.text.previous,
            title=document["title"],
            sections=document["sections"],
            summary=version.summary.document(),
            questions=[each.document() for each in version.questions],
            content=version.content,
            vote_hash=vote_hash(version.text),
            proposed_by=version.proposed_by,
            proposed_at=version.proposed_at,
            open_from=version.open_from,
        )
    )


def insert_decision(work: Work, version: Version, decided: Decided) -> None:
    """Write down how a proposal ended."""
    is_published = decided.state is VersionState.PUBLISHED
    work.connection.execute(
        memorandum_decisions.insert().values(
            version_id=version.version_id,
            state=decided.state.value,
            number=version.text.number if is_published else None,
            content=version.approval_digest,
            decided_by=decided.decided_by,
            decided_at=decided.decided_at,
            vote=None if decided.vote is None else dict(decided.vote),
        )
    )


def find(work: Work, version_id: UUID) -> Version | None:
    """One version."""
    query = _query().where(memorandum_versions.c.version_id == version_id)
    row = work.connection.execute(query).one_or_none()
    return None if row is None else _version(row)


def published(work: Work) -> list[Version]:
    """Every version that was ever in force, the first one first."""
    query = _query().where(_DECIDED.state == VersionState.PUBLISHED.value)
    ordered = query.order_by(memorandum_versions.c.number)
    return [_version(row) for row in work.connection.execute(ordered)]


def in_force(work: Work) -> Version | None:
    """The version published last."""
    query = (
        _query()
        .where(_DECIDED.state == VersionState.PUBLISHED.value)
        .order_by(memorandum_versions.c.number.desc())
        .limit(1)
    )
    row = work.connection.execute(query).one_or_none()
    return None if row is None else _version(row)


def waiting(work: Work) -> list[Version]:
    """What nobody has decided yet, oldest first."""
    query = _query().where(_DECIDED.state.is_(None))
    ordered = query.order_by(memorandum_versions.c.version_id)
    return [_version(row) for row in work.connection.execute(ordered)]


def waiting_for_vote(work: Work, hashed: bytes) -> Version | None:
    """The version that a vote on these words publishes: the oldest that waits."""
    query = (
        _query()
        .where(_DECIDED.state.is_(None), memorandum_versions.c.vote_hash == hashed)
        .order_by(memorandum_versions.c.version_id)
        .limit(1)
    )
    row = work.connection.execute(query).one_or_none()
    return None if row is None else _version(row)


def page(work: Work, before: UUID | None, limit: int) -> list[Version]:
    """Versions, the newest first; ``before`` is exclusive."""
    query = _query().order_by(memorandum_versions.c.version_id.desc()).limit(limit)
    if before is not None:
        query = query.where(memorandum_versions.c.version_id < before)
    return [_version(row) for row in work.connection.execute(query)]


def all_versions(work: Work) -> list[tuple[Version, bytes, bytes | None]]:
    """Every version with the vote's hash and the digest that its decision names, in order."""
    query = _query().order_by(memorandum_versions.c.version_id)
    return [
        (
            _version(row),
            bytes(row.vote_hash),
            None if row.approved is None else bytes(row.approved),
        )
        for row in work.connection.execute(query)
    ]


def _query() -> sa.Select[Any]:
    return sa.select(
        memorandum_versions,
        _DECIDED.state,
        _DECIDED.content.label("approved"),
        _DECIDED.decided_by,
        _DECIDED.decided_at,
        _DECIDED.vote,
    ).outerjoin(memorandum_decisions, _DECIDED.version_id == memorandum_versions.c.version_id)


def _version(row: sa.Row[Any]) -> Version:
    text = Text(
        number=row.number,
        previous=None if row.previous is None else bytes(row.previous),
        title=Words.read(row.title),
        sections=read_sections(row.sections),
    )
    decided = None
    if row.state is not None:
        state = VersionState(row.state)
        decided = Decided(state, row.decided_by, row.decided_at, row.vote)
    return Version(
        version_id=row.version_id,
        text=text,
        summary=Words.read(row.summary),
        questions=read_questions(row.questions),
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        open_from=row.open_from,
        content=bytes(row.content),
        decided=decided,
    )
