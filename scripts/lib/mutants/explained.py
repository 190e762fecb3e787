"""Mutants that no test can or need tell from the original, and why: a literal list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Explained:
    """A survivor by its line before and after, and the reason that it may survive."""

    file: str
    before: str
    after: str
    why: str


EXPLAINED: Final[tuple[Explained, ...]] = (
    Explained(
        "ledger/lots/validity.py",
        "moved = local.replace(year=year, month=month + 1, day=day, fold=0)",
        "moved = local.replace(year=year, month=month + 1, day=day, fold=1)",
        "the days added on the next line make it the first of a repeated wall time again",
    ),
)
