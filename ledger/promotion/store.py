"""Statements over awards of promotion and rewards of guest passes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import Work
from ledger.members.persons.store import PERSON
from ledger.members.tables import members
from ledger.referral.tables import referral_rewards
from ledger.scoring.tables import award_revisions, awards


def of_rules(
    work: Work, rules: Collection[str], since: datetime, until: datetime
) -> dict[UUID, int]:
    """Person → points of these rules' awards as they stand, earned from ``since`` to ``until``."""
    last = (
        sa.select(award_revisions.c.award_id, award_revisions.c.points)
        .ext(pg.distinct_on(award_revisions.c.award_id))
        .order_by(award_revisions.c.award_id, award_revisions.c.revision.desc())
        .join(awards, awards.c.award_id == award_revisions.c.award_id)
        .where(
            awards.c.rule_id.in_(rules),
            awards.c.earned_at >= since,
            awards.c.earned_at < until,
        )
        .subquery()
    )
    query = (
        sa.select(PERSON.label("person"), sa.func.sum(last.c.points).label("points"))
        .select_from(last)
        .join(awards, awards.c.award_id == last.c.award_id)
        .join(members, members.c.member_id == awards.c.member_id)
        .group_by(sa.text("person"))
    )
    return _by_person(work, query)


def of_passes(work: Work, since: datetime, until: datetime) -> dict[UUID, int]:
    """Person → points of rewards for guest passes, less what was taken back of them."""
    reward = referral_rewards.c
    kept = sa.func.sum(reward.points - reward.taken_back)
    query = (
        sa.select(PERSON.label("person"), kept.label("points"))
        .join_from(referral_rewards, members, members.c.member_id == reward.member_id)
        .where(reward.rewarded_at >= since, reward.rewarded_at < until)
        .group_by(sa.text("person"))
    )
    return _by_person(work, query)


def _by_person(work: Work, query: sa.Select[Any]) -> dict[UUID, int]:
    return {row.person: int(row.points) for row in work.connection.execute(query) if row.points}
