"""What runs by the clock: redemptions whose time limit has passed unresolved.

Every step notices by itself that a hold's time is over, so this only hurries. Each redemption is a
transaction of its own; a run that is cut short is finished by the next.
"""

from __future__ import annotations

from typing import Final

from ledger.kernel.transaction import Database, execute
from ledger.redemption import service, store

PAGE: Final = 500
PAGES_MAX: Final = 1_000


def expire_redemptions(database: Database) -> int:
    """Give back every redemption whose time limit has passed; the number given back."""
    expired = 0
    for _ in range(PAGES_MAX):
        with database.read() as work:
            due = store.due_for_expiry(work, PAGE)
        for redemption_id in due:
            expired += execute(database, service.expire, redemption_id)
        if len(due) < PAGE:
            break
    return expired
