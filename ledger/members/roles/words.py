"""Whose word counts where two persons are needed (DESIGN 3, rule 10).

It counts if whoever gave it may still give it at the moment it takes effect: someone who was
blocked, or whose role was taken away, approves nothing through a proposal that still lies there.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final
from uuid import UUID

from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.members import store as members
from ledger.members.model import Role, WordCountsNoLonger

ADMINS: Final = frozenset({Role.ADMIN})


def whose_word_counts(
    work: Work, persons: Collection[UUID], roles: Collection[Role] = ADMINS
) -> frozenset[UUID]:
    """Those of ``persons`` who take part and have one of ``roles`` now."""
    return frozenset(each for each in persons if members.roles_of(work, each) & set(roles))


def require_word(work: Work, person_id: UUID, roles: Collection[Role] = ADMINS) -> None:
    """Return if the word of who proposed something still counts.

    Raises:
        WordCountsNoLonger: they were blocked, or have the role no more.
    """
    if not whose_word_counts(work, [person_id], roles):
        raise WordCountsNoLonger(
            "Who proposed this may not do so any more. Reject it, and propose it anew.",
            proposed_by=format_id("mem", person_id),
        )
