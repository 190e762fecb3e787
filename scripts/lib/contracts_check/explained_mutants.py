"""Mutants that no test can or need tell from the original, and why: a literal list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EXPLAINED: Final[Mapping[str, str]] = {}
