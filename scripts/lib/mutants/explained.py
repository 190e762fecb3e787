"""Mutants that no test can or need tell from the original, and why: a literal list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Explained:
    """A survivor by its function, its line before and after, and the reason that it may survive."""

    file: str
    within: str
    before: str
    after: str
    why: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        """As a mutant's. With the line changed there is none of this key, and the run says so."""
        return self.file, self.within, self.before, self.after


EXPLAINED: Final[tuple[Explained, ...]] = (
    Explained(
        "ledger/lots/validity.py",
        "expires_at",
        "moved = local.replace(year=year, month=month + 1, day=day, fold=0)",
        "moved = local.replace(year=year, month=month + 1, day=day, fold=1)",
        "the days added on the next line make it the first of a repeated wall time again",
    ),
)
