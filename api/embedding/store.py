"""SQL of tokens of embedding pages. One statement, one function."""

from __future__ import annotations

from uuid import UUID

import sqlalchemy as sa

from api.embedding.model import EmbedPurpose, EmbedToken
from api.embedding.tables import embed_tokens
from ledger.kernel.transaction import Work


def insert_token(work: Work, digest: bytes, token: EmbedToken) -> None:
    """Keep a new token."""
    work.connection.execute(
        embed_tokens.insert().values(
            token_digest=digest,
            member_id=token.member_id,
            source=token.source,
            origin=token.origin,
            purposes=sorted(token.purposes),
            order_token=token.order,
            issued_at=work.now,
            expires_at=token.expires_at,
        )
    )


def token_by_digest(work: Work, digest: bytes) -> EmbedToken | None:
    """The token of this digest, live or not."""
    row = work.connection.execute(
        sa.select(embed_tokens).where(embed_tokens.c.token_digest == digest)
    ).one_or_none()
    if row is None:
        return None
    return EmbedToken(
        row.member_id,
        row.source,
        row.origin,
        frozenset(EmbedPurpose(each) for each in row.purposes),
        row.order_token,
        row.expires_at,
    )


def delete_expired(work: Work) -> int:
    """Forget tokens past their end; how many."""
    return work.connection.execute(
        embed_tokens.delete().where(embed_tokens.c.expires_at <= work.now)
    ).rowcount


def forget_member(work: Work, member_id: UUID) -> None:
    """Forget every token of a member, and the orders in them."""
    work.connection.execute(embed_tokens.delete().where(embed_tokens.c.member_id == member_id))
