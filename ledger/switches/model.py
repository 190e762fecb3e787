"""What can be switched off, and what can be set. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from ledger.kernel.errors import ErrorKind, VkladError

REASON_LENGTH_MAX: Final = 500
CEILING_MINOR_MAX: Final = 10**15
_CURRENCY: Final = re.compile(r"[A-Z]{3}\Z")


class SwitchSettingRefused(VkladError):
    """A switch or ceiling set without a reason, or to what it cannot be."""

    code = "switch_setting_refused"
    kind = ErrorKind.INVALID


class Switch(StrEnum):
    """What can be stopped for everybody."""

    EARNING = "earning"
    REDEEMING = "redeeming"
    BRIDGING = "bridging"


@dataclass(frozen=True, slots=True)
class SetSwitch:
    """Turn a switch; ``changed_by`` is who does, ``reason`` is shown to members."""

    switch: Switch
    is_on: bool
    reason: str
    changed_by: str


@dataclass(frozen=True, slots=True)
class SetCeiling:
    """Bound the discounts of a calendar month in one currency; ``None`` lifts the bound."""

    currency: str
    month_minor: int | None
    reason: str
    changed_by: str


@dataclass(frozen=True, slots=True)
class SwitchPosition:
    """How a switch stands; since when and why, if it was ever turned."""

    switch: Switch
    is_on: bool
    reason: str | None = None
    changed_at: datetime | None = None


def check_reason(reason: str) -> str:
    """The reason itself, if it is one.

    Raises:
        SwitchSettingRefused: empty, too long, or with characters that cannot be seen.
    """
    if not reason.strip() or len(reason) > REASON_LENGTH_MAX or not reason.isprintable():
        raise SwitchSettingRefused(
            f"A reason is 1 to {REASON_LENGTH_MAX} visible characters; members see it.",
            field="reason",
        )
    return reason


def check_ceiling(command: SetCeiling) -> None:
    """Refuse what is no ceiling.

    Raises:
        SwitchSettingRefused: names the field.
    """
    check_reason(command.reason)
    if not _CURRENCY.match(command.currency):
        raise SwitchSettingRefused(
            "A currency is three capital letters (ISO 4217).", field="currency"
        )
    month = command.month_minor
    if month is not None and not 0 <= month <= CEILING_MINOR_MAX:
        raise SwitchSettingRefused(
            f"A ceiling is 0 to {CEILING_MINOR_MAX} minor units.", field="month_minor"
        )
