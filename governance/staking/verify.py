"""Stakes against their holds: each is on the project that its entry states."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from governance.staking import store
from governance.staking.store import StakeRow
from ledger.kernel.transaction import Work
from ledger.lots.model import HoldPurpose
from ledger.verify.checks import Check
from ledger.verify.model import Finding

NAME: Final = "stakes"


def check_stake(row: StakeRow) -> str | None:
    """What is wrong with one stake; ``None`` if nothing is."""
    if row.project_id is None:
        return "is a stake on no project"
    if row.purpose != HoldPurpose.STAKE or row.cause is None:
        return "is no hold for a project"
    if json.loads(row.cause).get("why") != {"project": str(row.project_id)}:
        return "is on another project than its entry states"
    return None


def _stakes(work: Work) -> Iterator[Finding]:
    for row in store.stake_rows(work):
        problem = check_stake(row)
        if problem is not None:
            yield Finding(NAME, "stakes", str(row.hold_id), problem)


STAKING_CHECKS: Final = (Check(NAME, _stakes),)
"""The checks of this room, for ``vklad ledger verify``."""
