"""What a programme in a unit of its own may not state: all that makes an award money's worth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ledger.programme.model_unit import POINTS_UNIT
from ledger.programme.schema import ProgrammeFile
from ledger.programme.source import Path

_OF_POINTS: Final = (
    *("redemption", "bridge", "splits", "validity", "vesting", "inactivity", "emission"),
    *("budgets", "thanks", "voice", "detectors"),
)
_OF_RULES: Final = ("validity", "vesting")


def check_unit(file: ProgrammeFile) -> Iterator[tuple[Path, str, str]]:
    """Sections that need lots, or that speak for the whole community."""
    if file.unit == POINTS_UNIT:
        return
    for name in _OF_POINTS:
        if getattr(file, name):
            yield (name,), *_refusal(name, file.unit)
    for index, rule in enumerate(file.rules):
        for name in _OF_RULES:
            if getattr(rule, name):
                yield ("rules", index, name), *_refusal(name, file.unit)


def _refusal(name: str, unit: str) -> tuple[str, str]:
    return (
        f"{unit} is neither redeemed nor carried anywhere; `{name}` is for points",
        "unit: points",
    )
