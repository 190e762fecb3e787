"""SQL of sign-in. One statement, one function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from api.auth.model import ApiKey, Session, SignInRow, WalletNonce
from api.auth.tables import access_tokens, api_keys, link_proofs, sessions, sign_ins, wallet_nonces
from ledger.events.tables import source_credentials
from ledger.kernel.transaction import Work


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A key as stored, with the digest its secret must have."""

    key: ApiKey
    secret_digest: bytes
    created_at: datetime
    created_by: UUID | None
    approved_by: UUID | None


def insert_session(work: Work, session: Session) -> None:
    """Keep a new session."""
    work.connection.execute(
        sessions.insert().values(
            session_digest=session.digest,
            member_id=session.member_id,
            csrf=session.csrf,
            opened_at=session.opened_at,
            seen_at=session.seen_at,
            expires_at=session.expires_at,
        )
    )


def session_by_digest(work: Work, digest: bytes) -> Session | None:
    """The session with this cookie digest, open or not."""
    row = work.connection.execute(
        sa.select(sessions).where(sessions.c.session_digest == digest)
    ).one_or_none()
    if row is None:
        return None
    return Session(
        bytes(row.session_digest),
        row.member_id,
        row.csrf,
        row.opened_at,
        row.seen_at,
        row.expires_at,
    )


def touch_session(work: Work, digest: bytes) -> None:
    """Note that a session was used now."""
    work.connection.execute(
        sessions.update().where(sessions.c.session_digest == digest).values(seen_at=work.now)
    )


def delete_session(work: Work, digest: bytes) -> None:
    """Forget one session."""
    work.connection.execute(sessions.delete().where(sessions.c.session_digest == digest))


def delete_sessions_of(work: Work, member_id: UUID) -> int:
    """Forget every session of a member; how many there were."""
    return work.connection.execute(
        sessions.delete().where(sessions.c.member_id == member_id)
    ).rowcount


def forget_member(work: Work, member_id: UUID) -> None:
    """Forget a member's sessions and what was asked of their wallets."""
    delete_sessions_of(work, member_id)
    work.connection.execute(wallet_nonces.delete().where(wallet_nonces.c.member_id == member_id))


def insert_key(work: Work, key: ApiKey, secret_digest: bytes, created_by: UUID | None) -> None:
    """Keep a new API key."""
    work.connection.execute(
        api_keys.insert().values(
            key_id=key.key_id,
            name=key.name,
            secret_digest=secret_digest,
            scopes=sorted(key.scopes),
            source=key.source,
            credential_id=None if key.source is None else key.key_id,
            created_by=created_by,
            created_at=work.now,
            expires_at=key.expires_at,
        )
    )


def key_by_id(work: Work, key_id: UUID) -> KeyRow | None:
    """The key with this id, live or not."""
    row = work.connection.execute(_keys().where(api_keys.c.key_id == key_id)).one_or_none()
    return None if row is None else _key(row)


def keys_after(work: Work, after: UUID | None, limit: int) -> Sequence[KeyRow]:
    """Keys in id order, after one id."""
    query = _keys().order_by(api_keys.c.key_id).limit(limit)
    if after is not None:
        query = query.where(api_keys.c.key_id > after)
    return [_key(row) for row in work.connection.execute(query)]


def revoke_key(work: Work, key_id: UUID, revoked_by: UUID) -> int:
    """Revoke a key that is not revoked yet; 0 if there is none."""
    return work.connection.execute(
        api_keys.update()
        .where(api_keys.c.key_id == key_id, api_keys.c.revoked_at.is_(None))
        .values(revoked_at=work.now, revoked_by=revoked_by)
    ).rowcount


def insert_access_token(
    work: Work, digest: bytes, key_id: UUID, scopes: frozenset[str], expires_at: datetime
) -> None:
    """Keep a new access token."""
    work.connection.execute(
        access_tokens.insert().values(
            token_digest=digest, key_id=key_id, scopes=sorted(scopes), expires_at=expires_at
        )
    )


def access_token(work: Work, digest: bytes) -> tuple[UUID, frozenset[str], datetime] | None:
    """Key, scopes and end of an access token."""
    row = work.connection.execute(
        sa.select(access_tokens).where(access_tokens.c.token_digest == digest)
    ).one_or_none()
    return None if row is None else (row.key_id, frozenset(row.scopes), row.expires_at)


def _keys() -> sa.Select[Any]:
    """Keys with what was decided about those of sources."""
    decided = source_credentials
    state = sa.case((api_keys.c.credential_id.is_(None), "approved"), else_=decided.c.state)
    return sa.select(api_keys, state.label("state"), decided.c.decided_by).join_from(
        api_keys, decided, decided.c.credential_id == api_keys.c.credential_id, isouter=True
    )


def _key(row: sa.Row[Any]) -> KeyRow:
    columns = row._mapping  # noqa: SLF001 - the documented access by column
    return KeyRow(
        ApiKey(
            columns["key_id"],
            columns["name"],
            frozenset(columns["scopes"]),
            columns["source"],
            columns["expires_at"],
            columns["revoked_at"],
            columns["state"],
        ),
        bytes(columns["secret_digest"]),
        columns["created_at"],
        columns["created_by"],
        columns["decided_by"] if columns["state"] == "approved" else None,
    )


def insert_sign_in(
    work: Work, state_digest: bytes, sign_in: SignInRow, expires_at: datetime
) -> None:
    """Keep a sign-in under way."""
    work.connection.execute(
        sign_ins.insert().values(
            state_digest=state_digest,
            browser_digest=sign_in.browser_digest,
            nonce=sign_in.nonce,
            code_verifier=sign_in.verifier,
            return_to=sign_in.return_to,
            expires_at=expires_at,
        )
    )


def take_sign_in(work: Work, state_digest: bytes) -> tuple[SignInRow, datetime] | None:
    """Remove a sign-in under way and return it with its end; only one caller gets it."""
    row = work.connection.execute(
        sign_ins.delete().where(sign_ins.c.state_digest == state_digest).returning(sign_ins)
    ).one_or_none()
    if row is None:
        return None
    found = SignInRow(bytes(row.browser_digest), row.nonce, row.code_verifier, row.return_to)
    return found, row.expires_at


def insert_wallet_nonce(
    work: Work, nonce: str, member_id: UUID, session_digest: bytes, expires_at: datetime
) -> None:
    """Keep a nonce that a wallet is to sign."""
    work.connection.execute(
        wallet_nonces.insert().values(
            nonce=nonce, member_id=member_id, session_digest=session_digest, expires_at=expires_at
        )
    )


def lock_wallet_nonce(work: Work, nonce: str) -> WalletNonce | None:
    """The nonce, locked until this transaction ends."""
    row = work.connection.execute(
        sa.select(wallet_nonces).where(wallet_nonces.c.nonce == nonce).with_for_update()
    ).one_or_none()
    if row is None:
        return None
    return WalletNonce(row.member_id, bytes(row.session_digest), row.expires_at, row.used_at)


def use_wallet_nonce(work: Work, nonce: str) -> None:
    """Mark a nonce as used."""
    work.connection.execute(
        wallet_nonces.update().where(wallet_nonces.c.nonce == nonce).values(used_at=work.now)
    )


def use_link_proof(work: Work, digest: bytes, expires_at: datetime) -> bool:
    """Note that a signed link was used; false if it was used before."""
    used = work.connection.execute(
        pg.insert(link_proofs)
        .values(proof_digest=digest, expires_at=expires_at)
        .on_conflict_do_nothing()
        .returning(link_proofs.c.proof_digest)
    )
    return used.one_or_none() is not None


def delete_expired(work: Work) -> int:
    """Forget sessions, tokens, sign-ins, nonces and link proofs past their end; how many."""
    gone = 0
    for table in (sessions, access_tokens, sign_ins, wallet_nonces, link_proofs):
        gone += work.connection.execute(
            table.delete().where(table.c.expires_at <= work.now)
        ).rowcount
    return gone
