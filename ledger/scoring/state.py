"""What a fold remembers, as JSON and back: the words that its parts share.

The same state is always the same JSON: lists are in the order in which things came about, sets are
sorted, numbers that JSON would confuse are texts.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from ledger.scoring.history import KeyPart

State = Any
"""JSON of whole numbers, texts, truths, nulls and lists. Its shape is its writer's alone."""


def amount_state(amount: int | Fraction) -> State:
    """Whole numbers as they are, fractions as texts: the two are told apart in receipts."""
    return amount if isinstance(amount, int) else number_text(amount)


def read_amount(state: State) -> int | Fraction:
    """Back from :func:`amount_state`."""
    return state if isinstance(state, int) else Fraction(state)


def number_text(number: Fraction) -> str:
    """``7/10``: exact."""
    return f"{number.numerator}/{number.denominator}"


def key_part_state(part: KeyPart) -> State:
    """One value of a ``once_per`` key; kinds that JSON would confuse are named."""
    if isinstance(part, tuple):
        kind, value = part
        return [kind, value.decode() if isinstance(value, bytes) else value]
    return ["float", part.hex()] if isinstance(part, float) else part


def read_key_part(state: State) -> KeyPart:
    """Back from :func:`key_part_state`."""
    if not isinstance(state, list):
        part: KeyPart = state
        return part
    kind, value = state
    if kind == "float":
        return float.fromhex(value)
    return (kind, value.encode()) if kind == "json" else (kind, value)
