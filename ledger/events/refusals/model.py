"""What is kept of a refused request, pure: nothing that it said, only what was wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ledger.kernel.errors import Operand

KEPT_FOR: Final = timedelta(days=14)
KEPT_OF_EACH: Final = 20
"""How many of one source, code and reason: a flood of one sort pushes out no other."""
DIGEST_START_BYTES: Final = 2
"""How much of a body's SHA-256 is kept: enough to see that two bodies differ, and too little to
confirm a guess at what one said, as one in 65 536 guesses fits."""
_NAMES: Final = frozenset(
    {
        *("header", "looks_like", "skew_s", "ended_at", "field", "index", "position", "expected"),
        *("limit_s", "limit_days", "limit_name", "limit_bytes", "limit_events", "scopes", "roles"),
        *("reason", "shortfall", "state"),
    }
)
"""Operands of errors that say nothing of persons, whoever sends the request."""
_WORDS: Final = re.compile(r"[A-Za-z0-9_.:/ -]{1,160}\Z", re.ASCII)
_FIELD: Final = re.compile(r"[a-z_]{1,64}(\.[a-z0-9_]{1,64})?\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refused request: by which door, what was answered, and what was found out besides.

    ``source``: its address; absent where the request names none that there is. ``reason``: what the
    answer did not say, by name, with ``detail`` in values.
    """

    source: str | None
    door: str
    status: int
    code: str
    reason: str | None = None
    detail: Mapping[str, Operand] = field(default_factory=dict)
    body_bytes: int | None = None
    body_start: str | None = None


@dataclass(frozen=True, slots=True)
class NotedRefusal:
    """One as it is listed."""

    refusal_id: UUID
    received_at: datetime
    refusal: Refusal


def tellable(operands: Mapping[str, Operand]) -> dict[str, Operand]:
    """Those operands that may be kept: known names, with numbers, or words of this program."""
    kept: dict[str, Operand] = {}
    for name, value in operands.items():
        shape = _FIELD if name == "field" else _WORDS
        if name in _NAMES and (
            isinstance(value, int) or (isinstance(value, str) and shape.match(value))
        ):
            kept[name] = value
    return kept
