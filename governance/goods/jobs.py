"""What runs by the clock: orders whose time limit has passed, or whose buyer is erased.

Each order is a transaction of its own; a run that is cut short is finished by the next.
"""

from __future__ import annotations

from typing import Final

from governance.goods import service, store
from governance.goods.model import ORDER_LIFE
from ledger.kernel.transaction import Database, execute

PAGE: Final = 500
PAGES_MAX: Final = 1_000


def settle_orders(database: Database) -> int:
    """Give points and goods of such orders back; how many orders that were."""
    settled = 0
    for _ in range(PAGES_MAX):
        with database.read() as work:
            due = store.due(work, work.now - ORDER_LIFE, PAGE)
        settled += sum(execute(database, service.settle, order_id) for order_id in due)
        if len(due) < PAGE:
            break
    return settled
