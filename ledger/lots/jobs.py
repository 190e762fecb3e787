"""What runs by the clock: activate, expire, and give back holds whose time limit has passed.

Every debit does this for its member anyway, so these only hurry. Each member and each hold is a
transaction of its own; a run that is cut short is finished by the next.

night:  activate everybody's ──▶ then ──▶ expire everybody's ──▶ then

What comes between is not of this room: the schedule keeps levels there.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from ledger.kernel.transaction import Database, execute
from ledger.lots import service, store
from ledger.lots.due import EVERY_STEP, Step

PAGE: Final = 500
PAGES_MAX: Final = 1_000
"""Members, or holds, of one run: at most ``PAGE * PAGES_MAX``."""
LOOK_BACK: Final = timedelta(days=2)
"""How far the frequent run looks back; the nightly one looks at everything."""


def apply_recently_due(database: Database) -> int:
    """Activate and expire what came due in the last days; the number of entries. Run often."""
    now = database.clock.now()
    return _apply_due(database, now, now - LOOK_BACK, EVERY_STEP)


def apply_all_due(database: Database, then: Callable[[Database], object] | None = None) -> int:
    """Activate everything due, however old, then expire it; the number of entries. Run nightly.

    After each of the two comes ``then``. Both are of one moment. Each entry is named by lot, step
    and when that was due, so whatever part of a night is done again changes nothing.
    """
    now = database.clock.now()
    entries = 0
    for step in EVERY_STEP:
        entries += _apply_due(database, now, None, (step,))
        if then is not None:
            then(database)
    return entries


def expire_holds(database: Database) -> int:
    """Give back every hold whose time limit has passed; their number. Run often."""
    now = database.clock.now()
    expired = 0
    for _ in range(PAGES_MAX):
        with database.read() as work:
            due = store.holds_due(work, now, PAGE)
        for hold_id in due:
            execute(database, service.expire_hold, service.ExpireHold(hold_id, now))
        expired += len(due)
        if len(due) < PAGE:
            break
    return expired


def _apply_due(
    database: Database, now: datetime, since: datetime | None, steps: tuple[Step, ...]
) -> int:
    entries = 0
    for _ in range(PAGES_MAX):
        with database.read() as work:
            members = store.members_due(work, since=since, until=now, steps=steps, limit=PAGE)
        for member_id in members:
            command = service.ApplyDue(member_id, now, steps)
            entries += execute(database, service.apply_due, command)
        if len(members) < PAGE:
            break
    return entries
