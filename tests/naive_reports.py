"""The same figures by adding up the whole journal row by row, slowly and without any of our code.

Kinds of accounts and entries are their plain names here, days those of Python's own calendar.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from ledger.kernel.transaction import Database

LOTS = ("lot_pending", "lot_available", "lot_held")
POOLS = ("issuance", "rewards", "treasury", "startup", "team", "liquidity", "project")
Months = defaultdict[Any, Counter[str]]


@dataclass
class Book:
    """Every transfer with what its accounts are, and every lot."""

    transfers: list[Any]
    lots: dict[Any, Any]
    zone: ZoneInfo

    def day(self, moment: datetime) -> date:
        return moment.astimezone(self.zone).date()

    def by(self, group: Callable[[Any, str], Hashable]) -> Months:
        """Figures of groups: what ``group`` says of a transfer and of its side at a lot."""
        found: Months = defaultdict(Counter)
        for row in self.transfers:
            inside, outside = row.debit in LOTS, row.credit in LOTS
            if inside and not outside:
                name, sign = self._leaving(row), 1
                found[group(row, "debit")][name] += sign * row.amount
            if outside and not inside:
                for name, sign in self._coming(row):
                    found[group(row, "credit")][name] += sign * row.amount
        return found

    def months(self) -> Months:
        return self.by(lambda row, _: self.day(row.recorded_at).replace(day=1))

    def weeks(self) -> Months:
        def monday(row: Any, _: str) -> date:
            year, week, _day = self.day(row.recorded_at).isocalendar()
            return date.fromisocalendar(year, week, 1)

        return self.by(monday)

    def cohorts(self) -> Months:
        def month(row: Any, side: str) -> date:
            lot = self.lots[getattr(row, f"{side}_owner")]
            return self.day(lot.created_at).replace(day=1)

        return self.by(month)

    def balances(self, until: date | None = None) -> Counter[str]:
        """By kind of account, after all that was recorded on days before ``until``."""
        found: Counter[str] = Counter()
        for row in self.transfers:
            if until is None or self.day(row.recorded_at) < until:
                found[row.debit] -= row.amount
                found[row.credit] += row.amount
        return found

    def lapsing(self, moment: datetime) -> int:
        """What is in lots that end by a moment which is a whole hour."""
        total = 0
        for row in self.transfers:
            for side, sign in (("debit", -1), ("credit", 1)):
                lot = self.lots.get(getattr(row, f"{side}_owner"))
                if lot is not None and lot.expires_at and lot.expires_at <= moment:
                    total += sign * row.amount
        return total

    def owned(self) -> tuple[Counter[Any], Counter[Any]]:
        """Member -> points in lots, and member -> debt."""
        points: Counter[Any] = Counter()
        debt: Counter[Any] = Counter()
        for row in self.transfers:
            for side, sign in (("debit", -1), ("credit", 1)):
                kind, owner = getattr(row, side), getattr(row, f"{side}_owner")
                if kind in LOTS:
                    points[self.lots[owner].member_id] += sign * row.amount
                elif kind == "debt":
                    debt[owner] -= sign * row.amount
        return points, debt

    def _leaving(self, row: Any) -> str:
        if row.kind == "decay":
            return "decayed"
        return {"spent": "spent", "expired": "expired", "escrow": "bridged"}.get(
            row.credit, "taken_back"
        )

    def _coming(self, row: Any) -> list[tuple[str, int]]:
        if row.debit in POOLS:
            by = {"award": "by_events", "correction": "by_events", "grant": "by_hand"}
            more = by.get(row.kind)
            return [("issued", 1), *([(more, 1)] if more else [])]
        if row.kind == "split":
            return [("handed_on", 1)]
        if row.kind == "token_return":
            return [("brought_back", 1)]
        back = {"spent": "spent", "expired": "expired", "escrow": "bridged"}
        return [(back.get(row.debit, "taken_back"), -1)]


def read_book(database: Database, zone: str) -> Book:
    """The whole journal."""
    with database.engine.connect() as connection:
        transfers = connection.execute(
            sa.text(
                "SELECT t.sequence, t.line, t.kind, t.amount, t.recorded_at, t.cause, "
                "d.kind AS debit, d.owner AS debit_owner, c.kind AS credit, "
                "c.owner AS credit_owner FROM transfers t "
                "JOIN accounts d ON d.account_id = debit_account_id "
                "JOIN accounts c ON c.account_id = credit_account_id ORDER BY t.sequence"
            )
        ).all()
        lots = connection.execute(sa.text("SELECT * FROM lots")).all()
    return Book(list(transfers), {lot.lot_id: lot for lot in lots}, ZoneInfo(zone))
