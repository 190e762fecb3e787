"""A preview as a document: the same facts and versions give the same bytes anywhere. Pure.

     facts ─┬─ under what is in force ──▶ before ─┐
            └─ with the proposed version ─▶ after ─┴─▶ member by member, totals, movers, levels

Every number is whole or exact; what is a fraction is text. Nothing here reads a clock.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from ledger.kernel.canonical import Json, canonical_json
from ledger.kernel.clock import Instant
from ledger.kernel.units import round_half_up
from ledger.preview.money import Book, Held, liability, rates_of
from ledger.programme.model import Programme
from ledger.programme.numbers import exact_text
from ledger.scoring.model import Entitlement
from ledger.scoring.receipts import PeriodReceipt
from ledger.standing.model import level, merit_of, standing

MOVERS_MAX: Final = 20
COLUMNS: Final = (
    "member",
    "before",
    "after",
    "difference",
    "excess_before",
    "excess_after",
    "reason",
    "reason_difference",
    "level_before",
    "level_after",
    "outstanding_before",
    "outstanding_after",
)
_GINI_DIGITS: Final = 10**6


@dataclass(frozen=True, slots=True)
class Worth:
    """What one member is entitled to under one plan."""

    points: int = 0
    excess: int = 0
    by_rule: Mapping[str, Fraction] = field(default_factory=dict)
    level: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One member before and after; ``reason`` is the rule that moved most.

    ``gained`` and ``lost`` sum what single awards would be worth more and less, both not negative.
    ``held`` is what the member has not spent, ``None`` if nobody knows.
    """

    member: str
    before: Worth
    after: Worth
    gained: int = 0
    lost: int = 0
    held: Held | None = None

    @property
    def difference(self) -> int:
        """Points gained, or lost if negative."""
        return self.after.points - self.before.points

    @property
    def reason(self) -> tuple[str, Fraction] | None:
        """The rule whose points changed most, by how much; of equal ones the first by name."""
        rules = sorted(self.before.by_rule.keys() | self.after.by_rule.keys())
        zero = Fraction(0)
        moved = [
            (rule, self.after.by_rule.get(rule, zero) - self.before.by_rule.get(rule, zero))
            for rule in rules
        ]
        most = max(moved, key=lambda each: abs(each[1]), default=None)
        return most if most is not None and most[1] else None

    @property
    def held_after(self) -> Held | None:
        """What the member would not have spent yet."""
        return None if self.held is None else self.held.after(self.gained, self.lost)

    def to_json(self) -> dict[str, Json]:
        """As a row of the document; fields as in ``COLUMNS``."""
        reason, held_after = self.reason, self.held_after
        return {
            "member": self.member,
            "before": self.before.points,
            "after": self.after.points,
            "difference": self.difference,
            "excess_before": self.before.excess,
            "excess_after": self.after.excess,
            "reason": None if reason is None else reason[0],
            "reason_difference": None if reason is None else exact_text(reason[1]),
            "level_before": self.before.level,
            "level_after": self.after.level,
            "outstanding_before": None if self.held is None else self.held.outstanding,
            "outstanding_after": None if held_after is None else held_after.outstanding,
        }


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: which version, from when and how, against which, over which facts.

    ``rates_at`` says at which moments rates count before and after; it is told by the rows chosen.
    """

    programme: Programme
    mode: str
    effective_at: str | None
    in_force: Programme | None
    closed_until: str | None
    rates_at: tuple[Instant | None, Instant | None] = (None, None)


def worth_of(entitlements: Sequence[Entitlement], programme: Programme | None) -> Worth:
    """What entitlements come to; the level by the terms of ``programme``."""
    by_rule: dict[str, Fraction] = {}
    for each in entitlements:
        for rule, share in _shares(each):
            by_rule[rule] = by_rule.get(rule, Fraction(0)) + share
    reached = None
    if programme is not None and programme.levels is not None:
        merit = standing([merit_of(each) for each in entitlements], programme.standing)
        reached = level(merit.points, programme.levels).level
    return Worth(
        points=sum(each.points.amount for each in entitlements),
        excess=sum(each.excess.amount for each in entitlements),
        by_rule=by_rule,
        level=None if reached is None else reached.level_id,
    )


def document(
    question: Question, lines: Iterable[Line], book: Book | None = None
) -> dict[str, Json]:
    """The preview as JSON; ``lines`` by member, ``book`` what everybody has not spent."""
    rows = sorted(lines, key=lambda line: line.member)
    movers = sorted(rows, key=lambda line: (-abs(line.difference), line.member))
    crossing = [line for line in rows if line.before.level != line.after.level]
    before, after = [r.before.points for r in rows], [r.after.points for r in rows]
    moved = sum(
        line.held_after.outstanding - line.held.outstanding
        for line in rows
        if line.held is not None and line.held_after is not None
    )
    versions = question.in_force, question.programme
    one, other = (rates_of(*each) for each in zip(versions, question.rates_at, strict=True))
    return {
        "question": {
            "programme": question.programme.hash_text,
            "mode": question.mode,
            "effective_at": question.effective_at,
            "in_force": None if question.in_force is None else question.in_force.hash_text,
            "closed_until": question.closed_until,
        },
        "totals": {
            "members": len(rows),
            "before": sum(before),
            "after": sum(after),
            "difference": sum(after) - sum(before),
            "gain": sum(line.difference > 0 for line in rows),
            "lose": sum(line.difference < 0 for line in rows),
            "excess_before": sum(line.before.excess for line in rows),
            "excess_after": sum(line.after.excess for line in rows),
            **liability(book, (sum(before), sum(after)), moved, (one, other)),
            "gini_before": gini(before),
            "gini_after": gini(after),
        },
        "top_movers": [line.member for line in movers[:MOVERS_MAX] if line.difference],
        "cross_a_level": [line.member for line in crossing],
        "members": [line.to_json() for line in rows],
    }


def document_bytes(preview: Mapping[str, Json]) -> bytes:
    """The one byte form (RFC 8785) of a preview."""
    return canonical_json(preview)


def document_digest(content: bytes) -> bytes:
    """What names a preview: SHA-256 over its bytes."""
    return hashlib.sha256(content).digest()


def document_csv(preview: Mapping[str, Json]) -> str:
    """The members of a preview as CSV (RFC 4180)."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    rows = preview["members"]
    assert isinstance(rows, Sequence), "a document has members"
    for row in rows:
        assert isinstance(row, Mapping), "a member is an object"
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return text.getvalue()


def gini(amounts: Sequence[int]) -> str | None:
    """How unequal amounts are, 0 to 1, half up to six digits; ``None`` if nobody has anything.

    G = 2 Σ i·xᵢ / (n Σ xᵢ) − (n + 1)/n over amounts in rising order, i from 1 (Sen 1973).
    """
    total, count = sum(amounts), len(amounts)
    if not total:
        return None
    ranked = sum(place * amount for place, amount in enumerate(sorted(amounts), start=1))
    exact = Fraction(2 * ranked, count * total) - Fraction(count + 1, count)
    digits = round_half_up(exact * _GINI_DIGITS)
    return f"{digits // _GINI_DIGITS}.{digits % _GINI_DIGITS:06d}"


def _shares(entitlement: Entitlement) -> list[tuple[str, Fraction]]:
    """An award by rule: of a period, each rule's part of its weights."""
    points = entitlement.points.amount
    receipt = entitlement.receipt
    if not isinstance(receipt, PeriodReceipt):
        return [(entitlement.rule, Fraction(points))]
    total = sum((part.weight for part in receipt.contributions), Fraction(0))
    if not total:
        return []
    return [(part.rule_id, points * part.weight / total) for part in receipt.contributions]


def _cell(value: Json) -> str:
    """A cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text[:1] in {"=", "@", "\t"} else text
