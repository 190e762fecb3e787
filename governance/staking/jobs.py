"""What runs by the clock: stakes that must not go on are let go of.

Each stake is a transaction of its own; a run that is cut short is finished by the next.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from governance.staking import service, store
from governance.staking.service import LetGo
from ledger.kernel.transaction import Database, execute

PAGE: Final = 500
PAGES_MAX: Final = 1_000


def let_go_of_stakes(database: Database) -> int:
    """Let go of stakes on projects that ended, or of who left, owes points or is away."""
    ended = 0
    after = UUID(int=0)
    for _ in range(PAGES_MAX):
        with database.read() as work:
            page = store.to_let_go(work, after, PAGE)
        for each in page:
            ended += execute(database, service.let_go, LetGo(each.hold_id))
        if len(page) < PAGE:
            break
        after = page[-1].hold_id
    return ended
