"""What of a member's awards nobody may spend now, because facts of theirs are under review.

Asked where points leave lots (``ledger/lots``) and kept where awards are worked out
(``ledger/scoring``), so it knows tables only, and no rules of theirs. Points stay where they are:
they activate, expire and pay debts as ever, and no entry is needed for a doubt that may turn out
unfounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.members.persons.store import PERSON, of_person
from ledger.members.tables import members
from ledger.quarantine.model import LIVE
from ledger.quarantine.tables import review_cases, review_events, review_members, review_withheld


def withheld_awards(work: Work, member_id: UUID) -> dict[UUID, Points]:
    """By award of the member, how much of it waits for a decision; nearly always nothing."""
    query = sa.select(review_withheld.c.award_id, review_withheld.c.points).where(
        of_person(review_withheld.c.member_id, member_id)
    )
    return {row.award_id: Points(row.points) for row in work.connection.execute(query)}


def facts_under_review(work: Work, member_id: UUID) -> frozenset[UUID]:
    """Events of live cases about the member; nearly always none."""
    query = (
        sa.select(review_events.c.event_id)
        .select_from(
            review_members.join(
                review_cases, review_cases.c.case_id == review_members.c.case_id
            ).join(review_events, review_events.c.case_id == review_cases.c.case_id)
        )
        .where(of_person(review_members.c.member_id, member_id), review_cases.c.state.in_(LIVE))
    )
    return frozenset(work.connection.execute(query).scalars())


def withhold(work: Work, member_id: UUID, awards: Mapping[UUID, Points]) -> None:
    """From now on so much of these awards of the member waits, and nothing of the others."""
    work.connection.execute(
        review_withheld.delete().where(of_person(review_withheld.c.member_id, member_id))
    )
    if awards:
        row = pg.insert(review_withheld)
        work.connection.execute(
            # An award that came over with a merge or went with a split may stand here already.
            row.on_conflict_do_update(
                index_elements=["award_id"],
                set_={"member_id": row.excluded.member_id, "points": row.excluded.points},
            ),
            [
                {"award_id": award_id, "member_id": member_id, "points": points.amount}
                for award_id, points in sorted(awards.items())
            ],
        )


def members_with_doubts(work: Work) -> list[UUID]:
    """Who stands for members of live cases or of whose awards something waits, by id."""
    live = (
        sa.select(review_members.c.member_id)
        .join(review_cases, review_cases.c.case_id == review_members.c.case_id)
        .where(review_cases.c.state.in_(LIVE))
    )
    both = live.union(sa.select(review_withheld.c.member_id)).subquery()
    persons = sa.select(PERSON).join(both, both.c.member_id == members.c.member_id).distinct()
    return sorted(work.connection.execute(persons).scalars())
