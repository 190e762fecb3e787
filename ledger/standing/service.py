"""A member's standing, level and voice, from the awards as they stand.

The formulas are those of the version in force at the moment asked for; the category of an award is
the one that the version which scored it states.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from ledger.kernel.clock import Instant
from ledger.kernel.transaction import Work
from ledger.members import service as members
from ledger.programme import service as programmes
from ledger.programme.model import Programme
from ledger.scoring import store as awards
from ledger.standing.model import (
    Merit,
    Reached,
    Standing,
    Voice,
    level,
    merit_of_award,
    standing,
    voice,
)


@dataclass(frozen=True, slots=True)
class MemberStanding:
    """What a member's awards come to under ``programme``; without one, to their plain sum."""

    member_id: UUID
    at: datetime
    programme: Programme | None
    standing: Standing
    reached: Reached
    voice: Voice


def standing_of(work: Work, member_id: UUID) -> MemberStanding:
    """What a member's awards come to now.

    Raises:
        UnknownMember: there is none of this id.
    """
    members.require_member(work, member_id)
    try:
        programme = programmes.in_force(work, work.now).programme
    except programmes.NoProgrammeInForce:
        programme = None
    merits = merits_of(work, member_id)
    found = standing(merits, programme.standing if programme else None)
    return MemberStanding(
        member_id,
        work.now,
        programme,
        found,
        level(found.points, programme.levels if programme else None),
        voice(
            merits,
            programme.voice if programme else None,
            programme.zone if programme else "UTC",
            Instant.of(work.now),
        ),
    )


def versions_by_hash(work: Work) -> dict[str, Programme]:
    """Every version that was ever in force, by its hash as receipts write it (``0x…``)."""
    return {
        f"0x{each.programme_hash.hex()}": programmes.programme_of(each)
        for each in programmes.activations(work)
    }


def merits_of(
    work: Work, member_id: UUID, known: Mapping[str, Programme] | None = None
) -> list[Merit]:
    """What each award of a member, as it stands, gives to which category.

    Who asks for many members reads :func:`versions_by_hash` once and hands them in as ``known``.
    """
    versions = versions_by_hash(work) if known is None else known
    found = (
        merit_of_award(each.points, each.receipt, Instant.of(each.earned_at), versions.__getitem__)
        for each in awards.awards_of(work, member_id).values()
    )
    return [merit for merit in found if merit is not None]
