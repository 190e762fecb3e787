"""The level step of the night: a row for each level that somebody reached or lost.

    standing, by awards alone ──▶ level now ── other than the last kept ──▶ one more row

Looks first and writes only what differs, each member in a transaction of its own, so a night that
breaks off is finished by the next and done twice is done once. Points that expire change nothing
of it, for standing is of awards.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from ledger.kernel.transaction import Database, Work, execute
from ledger.members import store as members_store
from ledger.members.model import MemberStatus
from ledger.scoring import store as awards
from ledger.standing import store
from ledger.standing.model import when_reached
from ledger.standing.service import MemberStanding, merits_of, standing_of
from ledger.standing.store import KeptLevel


def keep_levels(database: Database) -> int:
    """Keep everybody's level as it is now; how many changed. Run nightly."""
    with database.read() as work:
        changed = [
            member_id
            for member_id in awards.members_with_awards(work)
            if _next(work, member_id) is not None
        ]
    return sum(execute(database, keep_level, member_id) for member_id in changed)


def keep_level(work: Work, member_id: UUID) -> bool:
    """Keep one member's level if it is another than before; whether it was."""
    if members_store.lock_member(work, member_id) in {None, MemberStatus.MERGED}:
        return False
    kept = _next(work, member_id)
    if kept is None:
        return False
    store.insert(work, kept)
    return True


def _next(work: Work, member_id: UUID) -> KeptLevel | None:
    """The row to add; ``None`` while the level is the one kept last."""
    found = standing_of(work, member_id)
    last = next(iter(store.levels_of(work, member_id, limit=1)), None)
    reached = found.reached.level
    level_id = None if reached is None else reached.level_id
    if found.programme is None or level_id == (None if last is None else last.level_id):
        return None
    return KeptLevel(
        member_id=member_id,
        number=1 if last is None else last.number + 1,
        level_id=level_id,
        standing=found.standing.points.amount,
        programme_hash=found.programme.programme_hash,
        reached_at=_since(work, found, last),
        recorded_at=work.now,
    )


def _since(work: Work, found: MemberStanding, last: KeptLevel | None) -> datetime:
    """By the award that brought the standing there; lost, or by other terms, now."""
    reached = found.reached.level
    if reached is None or found.programme is None:
        return work.now
    if last is not None and last.standing > found.standing.points.amount:
        return work.now
    if last is not None and last.programme_hash != found.programme.programme_hash:
        return work.now
    merits = merits_of(work, member_id=found.member_id)
    moment = when_reached(merits, found.programme.standing, reached.points)
    return work.now if moment is None else min(moment.floor_datetime(), work.now)
