"""Decay against the journal: each taking has its entry, and a warning before it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from ledger.inactivity import store
from ledger.inactivity.model import days_away
from ledger.journal.model import EntryKind
from ledger.kernel.transaction import Work
from ledger.verify.checks import Check
from ledger.verify.model import Finding

NAME: Final = "inactivity"


def check_decay(work: Work) -> Iterator[Finding]:
    """What each check took of each lot is what its entry moved, states, and was warned of."""
    for row in store.decay_rows(work):
        place = f"{row.check} {row.lot_id}"
        stated = {} if row.cause is None else json.loads(row.cause).get("inactivity", {})
        if row.kind != EntryKind.DECAY or row.moved != row.points:
            problem = f"says that {row.points} points decayed; its entry moved {row.moved}"
            yield Finding(NAME, "inactivity_decays", place, problem)
        elif (stated.get("check"), stated.get("since"), stated.get("days")) != (
            row.check.isoformat(),
            row.since.isoformat(),
            days_away(row.since, row.check),
        ):
            problem = "names another check or absence than its entry states"
            yield Finding(NAME, "inactivity_decays", place, problem)
        elif not row.warned:
            problem = "took points of somebody who was not warned before"
            yield Finding(NAME, "inactivity_decays", place, problem)
    for entry_id in store.unnamed_entries(work):
        problem = "lets points decay, and no check names it"
        yield Finding(NAME, "transfers", f"of entry {entry_id}", problem)


INACTIVITY_CHECKS: Final = (Check(NAME, check_decay),)
