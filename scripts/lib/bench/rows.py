"""A row of the bench: what was measured, against what, and how it is printed."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
    """Ours and the peer's figure of one pair of rounds, one right after the other."""

    ours: float
    theirs: float

    @property
    def ratio(self) -> float:
        """Ours in peers."""
        return self.ours / self.theirs


@dataclass(frozen=True)
class Row:
    """What was reached. ``ok`` needs the ratio and whatever else had to hold (``faults``).

    Without a ``reach`` the row is for information and nothing is asked of it.
    """

    name: str
    unit: str
    against: str
    reach: float | None
    pairs: Sequence[Pair]
    faults: Sequence[str]

    @property
    def ratio(self) -> float:
        """The median of the paired ratios."""
        return statistics.median(pair.ratio for pair in self.pairs)

    @property
    def ok(self) -> bool | None:
        """Whether the row is reached; ``None`` for one that is for information."""
        if self.reach is None:
            return None
        return self.ratio >= self.reach and not self.faults

    def as_json(self) -> str:
        """As machines read it (DESIGN 10)."""
        return json.dumps(
            {
                "row": self.name,
                "ours": round(statistics.median(pair.ours for pair in self.pairs), 1),
                "unit": self.unit,
                "against": self.against,
                "theirs": round(statistics.median(pair.theirs for pair in self.pairs), 1),
                "ratio": round(self.ratio, 3),
                "ok": self.ok,
            }
        )

    def as_text(self) -> str:
        """As people read it."""
        ratios = [pair.ratio for pair in self.pairs]
        verdict = {True: "ok", False: "NOT REACHED", None: "for information"}[self.ok]
        reach = "" if self.reach is None else f"; reach {self.reach}"
        return (
            f"{self.name:24} {statistics.median(p.ours for p in self.pairs):10,.0f} {self.unit}"
            f"  against {statistics.median(p.theirs for p in self.pairs):10,.0f} ({self.against})"
            f"  ratio {self.ratio:.2f} (min {min(ratios):.2f}, max {max(ratios):.2f},"
            f" {len(ratios)} pairs{reach})  {verdict}"
            + "".join(f"\n  fault: {fault}" for fault in self.faults)
        )


@dataclass(frozen=True)
class Figure:
    """A figure of ours against a limit of its own: no peer, several rounds, the median counts."""

    name: str
    unit: str
    against: str
    reach: float
    ours: Sequence[float]
    faults: Sequence[str]
    at_most: bool = False

    @property
    def median(self) -> float:
        """The round in the middle."""
        return statistics.median(self.ours)

    @property
    def ok(self) -> bool:
        """Whether the row is reached."""
        reached = self.median <= self.reach if self.at_most else self.median >= self.reach
        return reached and not self.faults

    def as_json(self) -> str:
        """As machines read it (DESIGN 10); ``theirs`` is the limit."""
        return json.dumps(
            {
                "row": self.name,
                "ours": round(self.median, 4),
                "unit": self.unit,
                "against": self.against,
                "theirs": self.reach,
                "ratio": round(self.median / self.reach, 3),
                "ok": self.ok,
            }
        )

    def as_text(self) -> str:
        """As people read it."""
        sign = "at most" if self.at_most else "at least"
        verdict = "ok" if self.ok else "NOT REACHED"
        return (
            f"{self.name:24} {_shown(self.median):>10} {self.unit} (min {_shown(min(self.ours))}, "
            f"max {_shown(max(self.ours))}, {len(self.ours)} rounds; reach {sign} {self.reach:,}; "
            f"{self.against})  {verdict}" + "".join(f"\n  fault: {fault}" for fault in self.faults)
        )


def _shown(figure: float) -> str:
    """Four digits of a small figure, all of a large one: gas counts to the last."""
    return f"{figure:,.0f}" if figure >= 10_000 else f"{figure:,.4g}"


@dataclass(frozen=True)
class Unmeasured:
    """A row that this machine cannot measure, and why."""

    name: str
    unit: str
    against: str
    reason: str

    @property
    def ok(self) -> None:
        """Neither reached nor not."""
        return

    def as_json(self) -> str:
        """As machines read it (DESIGN 10)."""
        return json.dumps(
            {
                "row": self.name,
                "ours": None,
                "unit": self.unit,
                "against": self.against,
                "theirs": None,
                "ratio": None,
                "ok": None,
                "reason": self.reason,
            }
        )

    def as_text(self) -> str:
        """As people read it."""
        return f"{self.name:24} not measured: {self.reason}"


AnyRow = Row | Figure | Unmeasured
