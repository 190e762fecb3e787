"""Turning switches and setting ceilings, and how they stand."""

from __future__ import annotations

from ledger.kernel.transaction import Work
from ledger.switches import store
from ledger.switches.model import (
    SetCeiling,
    SetSwitch,
    Switch,
    SwitchPosition,
    check_ceiling,
    check_reason,
)


def set_switch(work: Work, command: SetSwitch) -> SwitchPosition:
    """Turn a switch, at once and for everybody.

    Raises:
        SwitchSettingRefused: no reason that can be shown.
    """
    check_reason(command.reason)
    store.insert_switch(work, command)
    return SwitchPosition(command.switch, command.is_on, command.reason, work.now)


def set_ceiling(work: Work, command: SetCeiling) -> None:
    """Bound, or unbound, the discounts of a calendar month in one currency.

    Raises:
        SwitchSettingRefused: no reason, currency or amount that can be.
    """
    check_ceiling(command)
    store.insert_ceiling(work, command)


def positions(work: Work) -> list[SwitchPosition]:
    """How every switch stands; one never turned is on."""
    turned = store.newest_positions(work)
    return [turned.get(switch, SwitchPosition(switch, is_on=True)) for switch in Switch]


def position(work: Work, switch: Switch) -> SwitchPosition:
    """How one switch stands."""
    return store.newest_positions(work).get(switch, SwitchPosition(switch, is_on=True))


def ceilings(work: Work) -> dict[str, int | None]:
    """Currency → monthly ceiling in minor units; a currency without one is absent or ``None``."""
    return store.newest_ceilings(work)
