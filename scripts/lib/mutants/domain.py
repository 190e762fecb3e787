"""The pure domain by room: its modules, and the tests that must tell a mutant of them.

Not here: what reads or writes (services, stores, tables); errors, which only say something; and,
so far, sources as they are registered, and a programme's reading, checks and canonical form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Room:
    """Modules that one run judges. All paths are from the root of the tree."""

    name: str
    files: tuple[str, ...]
    tests: tuple[str, ...]


def _room(name: str, files: str, *tests: str) -> Room:
    return Room(name, tuple(f"ledger/{name}/{one}.py" for one in files.split()), tests)


ROOMS: Final[tuple[Room, ...]] = (
    _room(
        "lots",
        "clawing decaying due holding model returning sheet validity vesting waiting",
        "tests/unit/lots",
        "tests/unit/life",
        "tests/property/ledger",
    ),
    _room(
        "journal",
        "chain model packing post",
        "tests/unit/journal",
        "tests/unit/verify",
        "tests/property/ledger",
    ),
    _room(
        "scoring",
        "at_once attributes caps eras explain history lines model periodic pipeline plan products "
        "project receipts reductions rounding running state state_book streaks time_invested",
        "tests/unit/scoring",
        "tests/property/scoring",
    ),
    _room(
        "scoring/checkpoints",
        "model",
        "tests/unit/scoring/test_checkpoints.py",
        "tests/property/scoring/test_checkpoints.py",
    ),
    _room(
        "settlement",
        "allot lifetime model",
        "tests/unit/settlement",
        "tests/unit/life",
        "tests/property/settlement",
    ),
    _room(
        "redemption",
        "claims code_text lines model offline_text orders patterns periods pricing quotes "
        "reading terms tokens",
        "tests/unit/redemption",
        "tests/property/redemption",
    ),
    _room("emission", "model", "tests/unit/emission"),
    _room("inactivity", "model", "tests/unit/inactivity", "tests/property/inactivity"),
    _room("standing", "model", "tests/unit/standing", "tests/property/scoring/test_standing.py"),
    _room("purchases", "lives model offers splits", "tests/unit/purchases"),
    _room("referral", "facts fingerprints model terms", "tests/unit/referral"),
    _room("thanks", "model", "tests/unit/thanks"),
    _room("readiness", "model", "tests/unit/readiness"),
    _room("grants", "model rows vesting", "tests/unit/grants"),
    _room("grants/taking_back", "model", "tests/unit/grants"),
    _room("grants/budgets", "model", "tests/unit/grants"),
    _room(
        "grants/imports",
        "model rows",
        "tests/unit/grants",
        "tests/property/ledger/test_import_files.py",
    ),
    _room(
        "quarantine",
        "detect model withholding",
        "tests/unit/quarantine",
        "tests/property/quarantine",
    ),
    _room("merges", "model moving", "tests/unit/merges"),
    _room("preview", "model money project", "tests/unit/preview"),
    _room("events", "admission catalogue model objects personal telling", "tests/unit/events"),
    _room("members", "model naming", "tests/unit/members"),
    _room("kernel", "canonical clock ids keyed packed units", "tests/unit/kernel"),
    _room(
        "programme",
        "calendar conditions expressions numbers top_up",
        "tests/unit/programme",
        "tests/unit/scoring",
    ),
    _room("log", "model", "tests/unit/log", "tests/property/log"),
    _room(
        "verify",
        "awards chain grants holds lots",
        "tests/unit/verify",
        "tests/unit/journal",
        "tests/property/ledger",
    ),
)
