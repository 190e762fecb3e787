"""What must hold of thanks: each giver's month adds up, and facts say what was decided."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from ledger.kernel.transaction import Work
from ledger.thanks import store
from ledger.verify.checks import Check
from ledger.verify.model import Finding

NAME: Final = "thanks"
_STATED: Final = ("points", "counted", "number", "month", "allowance", "ring")


def check_thanks(work: Work) -> Iterator[Finding]:
    """Numbers that rise, allowances that hold, and facts that say the same.

    A giver who was merged has given more than one identity tells: numbers may skip, and more of the
    allowance may be used up than is seen here, never less.
    """
    for _, group in groupby(store.lines(work), key=lambda row: (row.giver, row.month)):
        number = given = 0
        for row in group:
            where = str(row.thanks_id)
            given += row.points
            if row.number <= number:
                yield Finding(NAME, "thanks", where, f"is number {row.number} after {number}")
            number = row.number
            if given + row.allowance_left > row.allowance:
                problem = f"leaves {row.allowance_left} of {row.allowance}; {given} were given"
                yield Finding(NAME, "thanks", where, problem)
            kept = {name: getattr(row, name) for name in _STATED}
            stated = {name: row.data.get(name) for name in _STATED}
            if stated != kept or row.data.get("left") != row.allowance_left:
                yield Finding(NAME, "events", str(row.event_id), "states other thanks than given")


THANKS_CHECKS: Final = (Check(NAME, check_thanks),)
