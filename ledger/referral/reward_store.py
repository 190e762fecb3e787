"""SQL of what passes were rewarded with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.members.persons.store import of_person
from ledger.referral.model import Side
from ledger.referral.tables import referral_rewards, referrals


@dataclass(frozen=True, slots=True)
class Reward:
    """What one side got; ``taken_back`` includes ``gone``, which had decayed before."""

    referral_id: UUID
    side: Side
    member_id: UUID
    lot_id: UUID
    points: Points
    taken_back: Points
    gone: Points
    rewarded_at: datetime


def insert_reward(work: Work, reward: Reward) -> None:
    """Keep what one side got."""
    work.connection.execute(
        referral_rewards.insert().values(
            referral_id=reward.referral_id,
            side=reward.side,
            member_id=reward.member_id,
            lot_id=reward.lot_id,
            points=reward.points.amount,
            taken_back=0,
            gone=0,
            rewarded_at=reward.rewarded_at,
        )
    )


def take_back(work: Work, reward: Reward, taken: Points, gone: Points) -> None:
    """Keep that more of a reward was taken back."""
    table = referral_rewards
    work.connection.execute(
        table.update()
        .where(table.c.referral_id == reward.referral_id, table.c.side == reward.side)
        .values(
            taken_back=table.c.taken_back + taken.amount,
            gone=table.c.gone + gone.amount,
        )
    )


def rewards_of(work: Work, referral_id: UUID) -> list[Reward]:
    """What both sides got of a pass."""
    table = referral_rewards
    query = sa.select(table).where(table.c.referral_id == referral_id).order_by(table.c.side.desc())
    return [_reward(row) for row in work.connection.execute(query)]


def every_reward(work: Work) -> list[Reward]:
    """All rewards, in order of time."""
    table = referral_rewards
    query = sa.select(table).order_by(table.c.rewarded_at, table.c.referral_id, table.c.side)
    return [_reward(row) for row in work.connection.execute(query)]


def rewarded_at(work: Work, inviter: UUID) -> tuple[datetime, ...]:
    """When passes of an inviter were rewarded, whatever was taken back since."""
    query = (
        sa.select(sa.func.min(referral_rewards.c.rewarded_at))
        .join(referrals, referrals.c.referral_id == referral_rewards.c.referral_id)
        .where(of_person(referrals.c.inviter, inviter))
        .group_by(referrals.c.referral_id)
    )
    return tuple(work.connection.execute(query).scalars())


def spent_since(work: Work, since: datetime | None) -> Points:
    """What rewards cost since then, less what was taken back."""
    table = referral_rewards
    query = sa.select(sa.func.coalesce(sa.func.sum(table.c.points - table.c.taken_back), 0))
    if since is not None:
        query = query.where(table.c.rewarded_at >= since)
    return Points(int(work.connection.execute(query).scalar_one()))


def lots_of_referrals(work: Work) -> Sequence[sa.Row[Any]]:
    """Lots with this cause, but for those in which points of such a lot came back."""
    return work.connection.execute(
        sa.text(
            "SELECT lot_id, member_id, granted, cause_id FROM lots WHERE cause_kind = 'referral' "
            "AND NOT EXISTS (SELECT FROM lots AS old "
            "WHERE old.lot_id = coalesce(lots.cites, lots.continues) "
            "AND (old.cause_kind, old.cause_id) = (lots.cause_kind, lots.cause_id)) "
            "ORDER BY lot_id"
        )
    ).all()


def _reward(row: sa.Row[Any]) -> Reward:
    return Reward(
        row.referral_id,
        Side(row.side),
        row.member_id,
        row.lot_id,
        Points(row.points),
        Points(row.taken_back),
        Points(row.gone),
        row.rewarded_at,
    )
