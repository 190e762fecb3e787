"""The unit that a programme awards."""

from __future__ import annotations

from typing import Final

from ledger.kernel.errors import ErrorKind, VkladError

POINTS_UNIT: Final = "points"
"""The one unit that has lots: what is redeemed, carried to the chain, given and bought with."""


class ProgrammeOfAnotherUnit(VkladError):
    """A programme whose awards are no points: it counts beside (``ledger.units``)."""

    code = "programme_of_another_unit"
    kind = ErrorKind.INVALID


def refuse_other_unit(unit: str) -> None:
    """Only points are awarded by the programme in force.

    Raises:
        ProgrammeOfAnotherUnit: this one awards something else.
    """
    if unit != POINTS_UNIT:
        raise ProgrammeOfAnotherUnit(
            f"This programme awards {unit}, not points: put it in force beside.", unit=unit
        )
