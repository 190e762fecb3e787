"""Statements over sources, changes to them and their secrets."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.events.credentials.model import Credential
from ledger.events.model import Source
from ledger.events.sources.model import (
    SecretSummary,
    SourceChange,
    SourceSpec,
    authority_content,
    read_authority,
    read_spec,
)
from ledger.events.tables import (
    source_acts,
    source_changes,
    source_credentials,
    source_secrets,
    sources,
)
from ledger.kernel.transaction import Work

SECRETS_NOT_GOOD_MAX: Final = 5
"""How many of the newest secrets that do not work are looked at."""


def insert_change(work: Work, change_id: UUID, spec: SourceSpec, proposed_by: str) -> None:
    """Keep a proposal."""
    work.connection.execute(
        source_changes.insert().values(
            change_id=change_id,
            name=spec.name,
            content=spec.content(),
            content_digest=spec.content_digest(),
            state="draft",
            proposed_by=proposed_by,
            proposed_at=work.now,
        )
    )


def lock_change(work: Work, change_id: UUID) -> SourceChange | None:
    """One proposal, locked."""
    query = sa.select(source_changes).where(source_changes.c.change_id == change_id)
    row = work.connection.execute(query.with_for_update()).one_or_none()
    return None if row is None else _change(row)


def list_changes(work: Work, limit: int) -> list[SourceChange]:
    """Proposals, newest first."""
    query = sa.select(source_changes).order_by(source_changes.c.change_id.desc()).limit(limit)
    return [_change(row) for row in work.connection.execute(query)]


def decide_change(
    work: Work, change_id: UUID, state: Literal["approved", "rejected"], decided_by: str
) -> None:
    """Write a decision."""
    work.connection.execute(
        source_changes.update()
        .where(source_changes.c.change_id == change_id)
        .values(state=state, decided_by=decided_by, decided_at=work.now)
    )


def upsert_source(work: Work, source_id: UUID, spec: SourceSpec) -> None:
    """Register a source, or change the one of this name; its address never changes."""
    row = _insert(work, source_id, spec)
    changed = ("profile", "state", "authority", "lateness_days", "hourly_budget", "changed_at")
    work.connection.execute(
        row.on_conflict_do_update(
            index_elements=["name"], set_={name: row.excluded[name] for name in changed}
        )
    )


def insert_source_once(work: Work, source_id: UUID, spec: SourceSpec) -> None:
    """Register a source unless its address is registered."""
    row = _insert(work, source_id, spec)
    work.connection.execute(row.on_conflict_do_nothing())


def set_state(work: Work, name: str, state: Literal["active", "suspended"]) -> None:
    """Switch a source on or off."""
    work.connection.execute(
        sources.update().where(sources.c.name == name).values(state=state, changed_at=work.now)
    )


def insert_act(
    work: Work,
    act_id: UUID,
    uri: str,
    act: Literal["suspended", "secrets_ended"],
    done_by: UUID | None,
) -> None:
    """Keep what one person did to a source alone."""
    work.connection.execute(
        source_acts.insert().values(
            act_id=act_id, source=uri, act=act, done_by=done_by, recorded_at=work.now
        )
    )


def source_by_name(work: Work, name: str) -> Source | None:
    """The source of this name."""
    return _one(work, sources.c.name == name)


def source_by_uri(work: Work, uri: str) -> Source | None:
    """The source of this address."""
    return _one(work, sources.c.uri == uri)


def list_sources(work: Work) -> list[Source]:
    """Every source, by name."""
    return [_source(row) for row in work.connection.execute(sa.select(sources).order_by("name"))]


def insert_secret(work: Work, source_id: UUID, credential: Credential, sealed: bytes) -> None:
    """Keep one more secret."""
    work.connection.execute(
        source_secrets.insert().values(
            secret_id=credential.credential_id,
            source_id=source_id,
            sealed=sealed,
            issued_by=credential.proposed_by,
            created_at=work.now,
        )
    )


def end_secrets(work: Work, uri: str, ends_at: datetime) -> None:
    """Let every approved secret that would outlive ``ends_at`` end then."""
    live = source_secrets.c.expires_at.is_(None) | (source_secrets.c.expires_at > ends_at)
    work.connection.execute(
        source_secrets.update()
        .where(
            source_credentials.c.credential_id == source_secrets.c.secret_id,
            source_credentials.c.source == uri,
            source_credentials.c.state == "approved",
            live,
        )
        .values(expires_at=ends_at)
    )


def sealed_secrets(work: Work, source_id: UUID) -> list[bytes]:
    """Secrets accepted now, which two persons issued, newest first."""
    live = source_secrets.c.expires_at.is_(None) | (source_secrets.c.expires_at > work.now)
    rows = work.connection.execute(
        sa.select(source_secrets.c.sealed)
        .join(source_credentials, source_credentials.c.credential_id == source_secrets.c.secret_id)
        .where(
            source_secrets.c.source_id == source_id,
            source_credentials.c.state == "approved",
            live,
        )
        .order_by(source_secrets.c.secret_id.desc())
    )
    return [bytes(sealed) for sealed in rows.scalars()]


def sealed_but_not_good(work: Work, source_id: UUID) -> list[tuple[bytes, str]]:
    """The newest secrets that nobody may sign with now, and why not; to tell a mistake by."""
    state = source_credentials.c.state
    why = sa.case(
        (state == "draft", "secret_waits"),
        (state == "rejected", "secret_rejected"),
        else_="secret_ended",
    )
    ended = source_secrets.c.expires_at <= work.now
    rows = work.connection.execute(
        sa.select(source_secrets.c.sealed, why)
        .join(source_credentials, source_credentials.c.credential_id == source_secrets.c.secret_id)
        .where(source_secrets.c.source_id == source_id, (state != "approved") | ended)
        .order_by(source_secrets.c.secret_id.desc())
        .limit(SECRETS_NOT_GOOD_MAX)
    )
    return [(bytes(sealed), reason) for sealed, reason in rows]


def list_secrets(work: Work, source_id: UUID) -> list[SecretSummary]:
    """A source's secrets without the secrets, newest first."""
    rows = work.connection.execute(
        sa.select(
            source_secrets.c.secret_id,
            source_secrets.c.issued_by,
            source_secrets.c.created_at,
            source_secrets.c.expires_at,
            source_credentials.c.state,
            source_credentials.c.decided_by,
        )
        .join(source_credentials, source_credentials.c.credential_id == source_secrets.c.secret_id)
        .where(source_secrets.c.source_id == source_id)
        .order_by(source_secrets.c.secret_id.desc())
    )
    return [SecretSummary(*row) for row in rows]


def _insert(work: Work, source_id: UUID, spec: SourceSpec) -> pg.Insert:
    return pg.insert(sources).values(
        source_id=source_id,
        uri=spec.uri,
        name=spec.name,
        profile=spec.profile,
        state=spec.state,
        authority=authority_content(spec.authority),
        lateness_days=spec.lateness_days,
        hourly_budget=spec.hourly_budget,
        created_at=work.now,
        changed_at=work.now,
    )


def _one(work: Work, condition: sa.ColumnElement[bool]) -> Source | None:
    row = work.connection.execute(sa.select(sources).where(condition)).one_or_none()
    return None if row is None else _source(row)


def _source(row: sa.Row[Any]) -> Source:
    return Source(
        source_id=row.source_id,
        uri=row.uri,
        name=row.name,
        profile=row.profile,
        state=row.state,
        authority=read_authority(row.authority),
        lateness_days=row.lateness_days,
        hourly_budget=row.hourly_budget,
    )


def _change(row: sa.Row[Any]) -> SourceChange:
    return SourceChange(
        change_id=row.change_id,
        spec=read_spec(row.content),
        content_digest=bytes(row.content_digest),
        state=row.state,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )
