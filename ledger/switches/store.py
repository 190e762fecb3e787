"""SQL of switches and ceilings: every change is kept, the newest holds."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.transaction import Work
from ledger.switches.model import SetCeiling, SetSwitch, Switch, SwitchPosition
from ledger.switches.tables import discount_ceilings, programme_switches


def insert_switch(work: Work, change: SetSwitch) -> None:
    """Keep a change."""
    work.connection.execute(
        programme_switches.insert().values(
            switch=change.switch,
            is_on=change.is_on,
            reason=change.reason,
            changed_by=change.changed_by,
            changed_at=work.now,
        )
    )


def newest_positions(work: Work) -> dict[Switch, SwitchPosition]:
    """How each switch that was ever turned stands."""
    query = (
        sa.select(programme_switches)
        .ext(pg.distinct_on(programme_switches.c.switch))
        .order_by(programme_switches.c.switch, programme_switches.c.change_id.desc())
    )
    return {
        Switch(row.switch): SwitchPosition(
            Switch(row.switch), row.is_on, row.reason, row.changed_at
        )
        for row in work.connection.execute(query)
    }


def insert_ceiling(work: Work, change: SetCeiling) -> None:
    """Keep a change."""
    work.connection.execute(
        discount_ceilings.insert().values(
            currency=change.currency,
            month_minor=change.month_minor,
            reason=change.reason,
            changed_by=change.changed_by,
            changed_at=work.now,
        )
    )


def newest_ceilings(work: Work) -> dict[str, int | None]:
    """Currency → its monthly ceiling in minor units, ``None`` where one was lifted."""
    query = (
        sa.select(discount_ceilings.c.currency, discount_ceilings.c.month_minor)
        .ext(pg.distinct_on(discount_ceilings.c.currency))
        .order_by(discount_ceilings.c.currency, discount_ceilings.c.change_id.desc())
    )
    return {row.currency: row.month_minor for row in work.connection.execute(query)}
