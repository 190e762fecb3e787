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


EXPLAINED: Final[tuple[Explained, ...]] = ()
