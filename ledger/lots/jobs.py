"""What runs by the clock: activate, expire, and give back holds whose time limit has passed.

Every debit does this for its member anyway, so these only hurry. Each member and each hold is a
transaction of its own; a run that is cut short is finished by the next.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from ledger.kernel.transaction import Database, execute
from ledger.lots import service, store

PAGE: Final = 500
PAGES_MAX: Final = 1_000
"""Members, or holds, of one run: at most ``PAGE * PAGES_MAX``."""
LOOK_BACK: Final = timedelta(days=2)
"""How far the frequent run looks back; the nightly one looks at everything."""


def apply_recently_due(database: Database) -> int:
    """Activate and expire what came due in the last days; the number of entries. Run often."""
    return _apply_due(database, database.clock.now() - LOOK_BACK)


def apply_all_due(database: Database) -> int:
    """Activate and expire everything due, however old; the number of entries. Run nightly."""
    return _apply_due(database, None)


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


def _apply_due(database: Database, since: datetime | None) -> int:
    now = database.clock.now()
    entries = 0
    for _ in range(PAGES_MAX):
        with database.read() as work:
            members = store.members_due(work, since=since, until=now, limit=PAGE)
        for member_id in members:
            entries += execute(database, service.apply_due, service.ApplyDue(member_id, now))
        if len(members) < PAGE:
            break
    return entries
