"""The school's figures as machines see them: JSON with exact shares, and a table for each chart.

Nobody is named. Points are whole, money is minor units, a share is exact and beside that to six
digits. Each table says the same as the chart of its name on the page.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Final

from api.figures import share_json
from governance.analytics.model import decimal_text
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.reports.model import Acts, Cohort, Liability, Moved, Owed, Span, Spread, low_effort
from ledger.reports.quarters import QuarterReport
from ledger.reports.service import Dashboard

FORMULAS: Final = {
    "issued": "points that members got out of issuance and the pools",
    "spent": "what was captured, less refunds, less what went on to other members",
    "burn": "spent / issued",
    "outstanding": "pending + available + held + bridged",
    "redemption": "spent / (spent + expired + decayed), of the last twelve months; 1 if 0/0",
    "expected": "outstanding * redemption * rate, rounded down",
    "breakage": "(expired + decayed) / made, of the lots of one month",
    "made": "spent + expired + decayed + taken_back + bridged + left, of the lots of one month",
    "gini": "2 * sum(i * x_i) / (n * sum(x_i)) - (n + 1) / n; x ascending, above zero, i from 1",
    "low_effort": "acts of categories that bring less than half of the average an act",
    "manual": "granted by persons / issued",
}
_MOVED: Final = (
    *("issued", "by_events", "by_hand", "handed_on", "brought_back", "spent", "expired"),
    *("decayed", "taken_back", "bridged"),
)
_OWED: Final = ("pending", "available", "held", "bridged", "debt", "outstanding")
Cell = str | int
Table = tuple[tuple[str, ...], Iterable[tuple[Cell, ...]]]


def dashboard_json(found: Dashboard) -> dict[str, Json]:
    """Everything that the page shows."""
    return {
        "sequence": found.counted.sequence,
        "recorded_at": Instant.of(found.counted.recorded_at).isoformat(),
        "journal_end": found.journal_end,
        "zone": found.counted.zone,
        "months": [span_json(each) for each in found.months],
        "weeks": [span_json(each) for each in found.weeks],
        "liability": _liability_json(found.liability),
        "cohorts": [_cohort_json(each) for each in found.cohorts],
        "lapsing": [{"days": days, "points": points.amount} for days, points in found.lapsing],
        "spread": _spread_json(found.spread),
        "acts": [acts_json(each) for each in found.acts],
        "low_effort": share_json(low_effort(found.acts)),
        "manual": share_json(found.past.manual),
        "burn": share_json(found.past.burn),
        "debt": {"members": found.debtors, "points": found.debt.amount},
        "formulas": dict(FORMULAS),
    }


def quarter_json(found: QuarterReport) -> dict[str, Json]:
    """A quarter's report."""
    return {
        "quarter": found.quarter.text,
        "over": found.is_over,
        "until": found.until.isoformat(),
        "sequence": found.counted.sequence,
        "recorded_at": Instant.of(found.counted.recorded_at).isoformat(),
        "zone": found.counted.zone,
        **span_json(found.span),
        "before": None if found.before is None else span_json(found.before),
        "liability": _liability_json(found.liability),
        "acts": [acts_json(each) for each in found.acts],
        "low_effort": share_json(low_effort(found.acts)),
        "formulas": dict(FORMULAS),
    }


def chart_csv(found: Dashboard, chart: str) -> str:
    """One of ``TABLES`` (RFC 4180)."""
    names, rows = TABLES[chart](found)
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(names)
    writer.writerows(map(_safe, row) for row in rows)
    return out.getvalue()


def span_json(span: Span) -> dict[str, Json]:
    """A week or month."""
    return {
        "first": span.first.isoformat(),
        **_amounts(span.moved, _MOVED),
        "given_up": span.moved.given_up.amount,
        "burn": share_json(span.moved.burn),
        "manual": share_json(span.moved.manual),
        "closing": _amounts(span.closing, _OWED),
    }


def acts_json(each: Acts) -> dict[str, Json]:
    """Awards of a category."""
    return {
        "category": each.category,
        "acts": each.acts,
        "points": each.points.amount,
        "points_each": share_json(each.each),
        "low_effort": each.low,
    }


def _liability_json(found: Liability) -> dict[str, Json]:
    return {
        "outstanding": found.outstanding.amount,
        "redemption": share_json(found.redemption),
        "redemption_since": found.since.isoformat(),
        "full_minor": dict(found.full),
        "expected_minor": dict(found.expected),
    }


def _cohort_json(each: Cohort) -> dict[str, Json]:
    return {
        "month": each.month.isoformat(),
        "made": each.made.amount,
        **_amounts(each.moved, _MOVED),
        "left": each.moved.change.amount,
        "breakage": share_json(each.breakage),
    }


def _spread_json(found: Spread) -> dict[str, Json]:
    return {
        "holders": found.holders,
        "without": found.without,
        "total": found.total.amount,
        "median": found.median.amount,
        "gini": share_json(found.gini),
        "tenths": [
            {
                "members": each.members,
                "points": each.points.amount,
                "greatest": each.greatest.amount,
            }
            for each in found.tenths
        ],
    }


def _spans_table(spans: Iterable[Span]) -> Table:
    names = ("first", *_MOVED, "given_up", "burn", "manual", *(f"closing_{n}" for n in _OWED))
    return names, (
        (
            each.first.isoformat(),
            *_amounts(each.moved, _MOVED).values(),
            each.moved.given_up.amount,
            _share(each.moved.burn),
            _share(each.moved.manual),
            *_amounts(each.closing, _OWED).values(),
        )
        for each in spans
    )


def _liability_table(found: Dashboard) -> Table:
    one = found.liability
    return ("currency", "outstanding", "redemption", "full_minor", "expected_minor"), (
        (
            currency,
            one.outstanding.amount,
            _share(one.redemption),
            one.full[currency],
            one.expected[currency],
        )
        for currency in one.full
    )


def _cohorts_table(found: Dashboard) -> Table:
    return ("month", "made", *_MOVED, "left", "breakage"), (
        (
            each.month.isoformat(),
            each.made.amount,
            *_amounts(each.moved, _MOVED).values(),
            each.moved.change.amount,
            _share(each.breakage),
        )
        for each in found.cohorts
    )


def _lapsing_table(found: Dashboard) -> Table:
    return ("days", "points"), ((days, points.amount) for days, points in found.lapsing)


def _spread_table(found: Dashboard) -> Table:
    return ("tenth", "members", "points", "greatest"), (
        (number, each.members, each.points.amount, each.greatest.amount)
        for number, each in enumerate(found.spread.tenths, start=1)
    )


def _acts_table(found: Dashboard) -> Table:
    return ("category", "acts", "points", "points_each", "low_effort"), (
        (
            each.category or "",
            each.acts,
            each.points.amount,
            _share(each.each),
            str(each.low).lower(),
        )
        for each in found.acts
    )


TABLES: Final[Mapping[str, Callable[[Dashboard], Table]]] = {
    "months": lambda found: _spans_table(found.months),
    "weeks": lambda found: _spans_table(found.weeks),
    "liability": _liability_table,
    "cohorts": _cohorts_table,
    "lapsing": _lapsing_table,
    "spread": _spread_table,
    "acts": _acts_table,
}
"""Tables by the name of their file."""


def _amounts(of: Moved | Owed, names: Iterable[str]) -> dict[str, int]:
    return {name: getattr(of, name).amount for name in names}


def _share(exact: Fraction | None) -> str:
    return "" if exact is None else decimal_text(exact)


def _safe(cell: Cell) -> Cell:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in {"=", "+", "@", "\t"} else cell
