"""Finding members by what an admin has in hand: a name, an id, an account elsewhere, a wallet."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import sqlalchemy as sa

from ledger.kernel.transaction import Work
from ledger.members.tables import identities, members, personal_identities, personal_profiles
from ledger.wallets.tables import wallets

FOUND_MAX: Final = 50
_ESCAPE: Final = "\\"


def members_found(work: Work, text: str) -> list[UUID]:
    """Members with this in their name, or whose account or wallet is exactly this; by id.

    An account is ``provider:subject`` or the subject alone; a wallet in any case of letters. Those
    whose wallet was linked once are found as well.
    """
    escaped = text.replace(_ESCAPE, _ESCAPE * 2).replace("%", r"\%").replace("_", r"\_")
    named = sa.select(personal_profiles.c.member_id).where(
        personal_profiles.c.display_name.ilike(f"%{escaped}%", escape=_ESCAPE)
    )
    provider, colon, subject = text.partition(":")
    is_account = [personal_identities.c.subject == text]
    if colon:
        is_account.append(
            sa.and_(
                personal_identities.c.provider == provider,
                personal_identities.c.subject == subject,
            )
        )
    of_account = (
        sa.select(identities.c.member_id)
        .join(personal_identities, personal_identities.c.reference == identities.c.reference)
        .where(sa.or_(*is_account), identities.c.member_id.is_not(None))
    )
    of_wallet = sa.select(wallets.c.member_id).where(
        sa.func.lower(wallets.c.address) == text.lower()
    )
    either = sa.union(named, of_account, of_wallet).subquery()
    query = (
        sa.select(members.c.member_id)
        .join(either, either.c.member_id == members.c.member_id)
        .order_by(members.c.member_id)
        .limit(FOUND_MAX)
    )
    return list(work.connection.execute(query).scalars())
