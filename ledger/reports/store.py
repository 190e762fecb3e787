"""Reading what was counted: a statement a figure, none of them over the journal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, Literal

import sqlalchemy as sa

from ledger.journal.model import AccountKind, EntryKind
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.members.persons.store import PERSON
from ledger.members.tables import members
from ledger.reports.model import LOTS, Flow
from ledger.reports.tables import report_acts, report_flows, report_holdings, report_lapses

Unit = Literal["week", "month", "quarter"]
_F: Final = report_flows.c


def flows_by(
    work: Work, unit: Unit, since: date, until: date | None = None
) -> dict[date | None, list[Flow]]:
    """What moved in each week, month or quarter from ``since`` on, by its first day.

    ``None``: all that moved before. ``until`` is exclusive. A week begins on Monday (ISO 8601).
    """
    first = sa.cast(sa.func.date_trunc(unit, sa.cast(_F.day, sa.DateTime)), sa.Date)
    bucket = sa.case((_F.day >= since, first)).label("bucket")
    query = sa.select(
        bucket, _F.kind, _F.debit_kind, _F.credit_kind, sa.func.sum(_F.amount).label("amount")
    ).group_by(bucket, _F.kind, _F.debit_kind, _F.credit_kind)
    if until is not None:
        query = query.where(_F.day < until)
    found: dict[date | None, list[Flow]] = {}
    for row in work.connection.execute(query):
        found.setdefault(row.bucket, []).append(_flow(row))
    return found


def flows_by_cohort(work: Work) -> dict[date, list[Flow]]:
    """What came into and left the lots of each month, by its first day, over all time."""
    kinds = [kind.value for kind in LOTS]
    # A transfer between lots of two months leaves one cohort and comes into the other.
    came = sa.select(
        _F.credit_cohort.label("month"), _F.kind, _F.debit_kind, _F.credit_kind, _F.amount
    ).where(_F.credit_cohort.is_not(None), _F.debit_kind.not_in(kinds))
    left = sa.select(
        _F.debit_cohort.label("month"), _F.kind, _F.debit_kind, _F.credit_kind, _F.amount
    ).where(_F.debit_cohort.is_not(None), _F.credit_kind.not_in(kinds))
    sides = sa.union_all(came, left).subquery()
    s = sides.c
    query = sa.select(
        s.month, s.kind, s.debit_kind, s.credit_kind, sa.func.sum(s.amount).label("amount")
    ).group_by(s.month, s.kind, s.debit_kind, s.credit_kind)
    found: dict[date, list[Flow]] = {}
    for row in work.connection.execute(query):
        found.setdefault(row.month, []).append(_flow(row))
    return found


def lapsing(work: Work, moments: Sequence[datetime]) -> list[Points]:
    """What of the points in lots ends up to each of these moments (inclusive, rising)."""
    until, balance = report_lapses.c.until, report_lapses.c.balance
    sums = [sa.func.coalesce(sa.func.sum(balance).filter(until <= moment), 0) for moment in moments]
    return [Points(int(amount)) for amount in work.connection.execute(sa.select(*sums)).one()]


def holdings(work: Work) -> list[tuple[int, int, int]]:
    """Points owned, debt, and how many persons have exactly that much of both.

    Members who were found to be one person count together.
    """
    h = report_holdings.c
    persons = (
        sa.select(sa.func.sum(h.owned).label("owned"), sa.func.sum(h.debt).label("debt"))
        .join_from(report_holdings, members, members.c.member_id == h.member_id)
        .group_by(PERSON)
        .subquery()
    )
    p = persons.c
    query = sa.select(p.owned, p.debt, sa.func.count()).group_by(p.owned, p.debt)
    return [(int(owned), int(debt), count) for owned, debt, count in work.connection.execute(query)]


def acts_of_rules(
    work: Work, since: date, until: date | None = None
) -> dict[str, tuple[int, Points]]:
    """Rule -> acts and points awarded, from ``since`` on, before ``until``."""
    a = report_acts.c
    query = (
        sa.select(a.rule_id, sa.func.sum(a.acts), sa.func.sum(a.points))
        .where(a.day >= since)
        .group_by(a.rule_id)
    )
    if until is not None:
        query = query.where(a.day < until)
    rows = work.connection.execute(query)
    return {rule: (int(acts), Points(int(points))) for rule, acts, points in rows}


def first_day(work: Work) -> date | None:
    """The first day on which anything moved; ``None`` if nothing did."""
    first: date | None = work.connection.execute(sa.select(sa.func.min(_F.day))).scalar_one()
    return first


def _flow(row: Any) -> Flow:
    return Flow(
        EntryKind(row.kind),
        AccountKind(row.debit_kind),
        AccountKind(row.credit_kind),
        Points(int(row.amount)),
    )
