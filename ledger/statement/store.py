"""Statements over a member's accounts by week, over awards by entry, and over minutes stated."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.events.model import StoredFact
from ledger.events.store import FACT_COLUMNS, is_retracted, read_fact
from ledger.events.tables import events
from ledger.journal.model import AccountKey, AccountKind, EntryKind
from ledger.journal.store import WALK
from ledger.kernel.arrays import any_text, any_uuid
from ledger.kernel.transaction import Work
from ledger.kernel.units import Money, Points
from ledger.members.persons.store import of_person
from ledger.members.tables import identities, members
from ledger.redemption.tables import redemptions
from ledger.scoring.store import AwardKey
from ledger.scoring.tables import award_revisions, awards
from ledger.statement.model import Explained, OrderPaid

TRIMMED_MAX: Final = 200
FACTS_MAX: Final = 5_000

_CHANGES: Final = (
    WALK  # noqa: S608 - constants of ours
    + """
    , changes AS (
        SELECT transfers.entry_id, transfers.sequence, transfers.kind, transfers.recorded_at,
               accounts.owner, accounts.kind AS account_kind,
               CASE transfers.credit_account_id WHEN walk.account_id
                    THEN amount ELSE -amount END AS change
        FROM walk JOIN transfers USING (sequence) JOIN accounts USING (account_id)
    )
    """
)
_BY_WEEK: Final = sa.text(
    _CHANGES  # noqa: S608 - constants of this module
    + """
    SELECT width_bucket(recorded_at, CAST(:starts AS timestamptz[])) AS week, account_kind,
           sum(change)::int8 AS change
    FROM changes GROUP BY 1, 2
    """
)
_BALANCES_AT: Final = sa.text(
    _CHANGES  # noqa: S608 - constants of this module
    + """
    SELECT account_kind, owner, sum(change)::int8 AS balance
    FROM changes WHERE recorded_at < :until GROUP BY 1, 2
    """
)
_BY_KIND: Final = sa.text(
    _CHANGES  # noqa: S608 - constants of this module
    + """
    SELECT kind, account_kind, sum(change)::int8 AS change, count(DISTINCT entry_id) AS entries,
           min(sequence) AS first
    FROM changes WHERE recorded_at >= :since AND recorded_at < :until
    GROUP BY GROUPING SETS ((kind, account_kind), (kind))
    ORDER BY first, kind
    """
)
_ENTRIES: Final = sa.text(
    _CHANGES  # noqa: S608 - constants of this module
    + """
    SELECT entry_id FROM changes WHERE recorded_at >= :since AND recorded_at < :until
    GROUP BY entry_id ORDER BY min(sequence) LIMIT :limit
    """
)


def changes_by_week(
    work: Work, owners: Collection[UUID], starts: Sequence[datetime]
) -> list[tuple[int, AccountKind, Points]]:
    """What each kind of these owners' accounts changed by in each week.

    A week is told by its place in ``starts``, from 1; what is before all of them by 0.
    """
    rows = work.connection.execute(_BY_WEEK, {"owners": list(owners), "starts": list(starts)})
    return [(row.week, AccountKind(row.account_kind), Points(row.change)) for row in rows]


def balances_at(work: Work, owners: Collection[UUID], until: datetime) -> dict[AccountKey, Points]:
    """What was in each of these owners' accounts after all that was recorded before ``until``."""
    rows = work.connection.execute(_BALANCES_AT, {"owners": list(owners), "until": until})
    return {
        AccountKey(AccountKind(row.account_kind), row.owner): Points(row.balance) for row in rows
    }


def changes_by_kind(
    work: Work, owners: Collection[UUID], since: datetime, until: datetime
) -> list[tuple[EntryKind, AccountKind | None, Points, int]]:
    """Of each kind of entries recorded in a span, how many and what they changed by account kind.

    The row of a kind without an account kind has the number of entries.
    """
    given = {"owners": list(owners), "since": since, "until": until}
    return [
        (
            EntryKind(row.kind),
            None if row.account_kind is None else AccountKind(row.account_kind),
            Points(row.change),
            row.entries,
        )
        for row in work.connection.execute(_BY_KIND, given)
    ]


def entries_between(
    work: Work, owners: Collection[UUID], since: datetime, until: datetime, limit: int
) -> list[UUID]:
    """The first entries recorded in a span that touch these owners' accounts, oldest first."""
    given = {"owners": list(owners), "since": since, "until": until, "limit": limit}
    return list(work.connection.execute(_ENTRIES, given).scalars())


def first_known(work: Work, member_id: UUID) -> datetime:
    """When a person was first made a member; of merged ones the earliest."""
    query = (
        sa.select(members.c.created_at)
        .where(of_person(members.c.member_id, member_id))
        .order_by(members.c.created_at)
        .limit(1)
    )
    first: datetime = work.connection.execute(query).scalar_one()
    return first


def revisions_before(
    work: Work, award_ids: Collection[UUID], until: datetime
) -> list[tuple[UUID | None, Explained]]:
    """Every revision of these awards recorded before ``until``, in order, with its entry."""
    query = (
        _revisions()
        .where(awards.c.award_id == any_uuid("awards", award_ids))
        .where(award_revisions.c.recorded_at < until)
        .order_by(awards.c.award_id, award_revisions.c.revision)
    )
    return [(row.entry_id, _explained(row)) for row in work.connection.execute(query)]


def awards_with_excess(
    work: Work, member_id: UUID, since: datetime, until: datetime
) -> list[Explained]:
    """Awards of which a cap took something, by their last revision recorded in a span."""
    query = (
        _revisions()
        .where(of_person(awards.c.member_id, member_id))
        .where(award_revisions.c.recorded_at >= since, award_revisions.c.recorded_at < until)
        .where(_has_cap())
        .order_by(awards.c.award_id, award_revisions.c.revision.desc())
        .ext(pg.distinct_on(awards.c.award_id))
        .limit(TRIMMED_MAX)
    )
    return [_explained(row) for row in work.connection.execute(query)]


def awards_earned(work: Work, member_id: UUID, since: datetime, until: datetime) -> list[Explained]:
    """Awards earned in a span that tell a multiplier, by their last revision before its end."""
    tells = sa.func.jsonb_array_length(award_revisions.c.receipt["multipliers"]) > 0
    query = (
        _revisions()
        .where(of_person(awards.c.member_id, member_id), tells)
        .where(awards.c.earned_at >= since, awards.c.earned_at <= until)
        .where(award_revisions.c.recorded_at < until)
        .order_by(awards.c.earned_at.desc(), award_revisions.c.revision.desc())
        .limit(TRIMMED_MAX)
    )
    return [_explained(row) for row in work.connection.execute(query)]


def orders_of(work: Work, redemption_ids: Collection[UUID]) -> dict[UUID, OrderPaid]:
    """Redemption → the order that it took something off."""
    r = redemptions.c
    discount = sa.case((r.captured_minor > 0, r.captured_minor), else_=r.discount_minor)
    query = sa.select(r.redemption_id, r.order_number, discount, r.currency).where(
        r.redemption_id == any_uuid("redemptions", redemption_ids)
    )
    return {
        redemption_id: OrderPaid(number, Money(minor, currency))
        for redemption_id, number, minor, currency in work.connection.execute(query)
    }


def stated_minutes(
    work: Work, member_id: UUID, types: Collection[str], since: datetime, until: datetime
) -> list[StoredFact]:
    """Facts of these types that the member's own acts are, in order."""
    mine = sa.select(identities.c.reference).where(identities.c.member_id == member_id)
    query = (
        sa.select(*FACT_COLUMNS)
        .where(events.c.subject_reference.in_(mine), events.c.type == any_text("types", types))
        .where(events.c.occurred_at >= since, events.c.occurred_at < until)
        .where(sa.not_(is_retracted()))
        .order_by(
            events.c.occurred_at,
            events.c.occurred_fraction,
            events.c.source,
            events.c.source_event_id,
        )
        .limit(FACTS_MAX)
    )
    return [read_fact(row) for row in work.connection.execute(query)]


def _has_cap() -> sa.ColumnElement[bool]:
    receipt = award_revisions.c.receipt
    return sa.or_(
        receipt.has_key("caps"),
        sa.and_(receipt.has_key("trimmed"), receipt["trimmed"] != sa.cast("0", pg.JSONB)),
    )


def _revisions() -> sa.Select[Any]:
    return sa.select(
        awards.c.award_id,
        awards.c.rule_id,
        awards.c.event_id,
        awards.c.period,
        awards.c.earned_at,
        award_revisions.c.revision,
        award_revisions.c.points,
        award_revisions.c.excess,
        award_revisions.c.receipt,
        award_revisions.c.entry_id,
    ).join(award_revisions, award_revisions.c.award_id == awards.c.award_id)


def _explained(row: sa.Row[Any]) -> Explained:
    return Explained(
        award_id=row.award_id,
        key=AwardKey(row.rule_id, row.event_id, row.period),
        earned_at=row.earned_at,
        revision=row.revision,
        points=row.points,
        excess=row.excess,
        receipt=row.receipt if isinstance(row.receipt, dict) else {},
    )
