"""Standing still: stops that wait for a person, and the school's own switch.

A stop says that what the chain tells cannot be trusted, so neither requests nor credits go on. The
switch is the school's wish: nothing new leaves, what comes back is still credited; and so it is
while a vote has given the poster's role to another key than ours.
"""

from __future__ import annotations

from uuid import UUID

from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.switches import service as switches
from ledger.switches.model import SetSwitch, Switch
from oracle.bridge import foreign, redeeming_store
from oracle.bridge.errors import BridgeStopped
from oracle.bridge.model import Stop, StopReason


def require_open(work: Work) -> None:
    """Refuse while the bridge stands still or the school has switched bridging off.

    Raises:
        BridgeStopped: with the reason.
    """
    found = redeeming_store.stops(work)
    if found:
        raise _stopped(found[0])
    position = switches.position(work, Switch.BRIDGING)
    if not position.is_on:
        raise BridgeStopped(
            f"The school has switched the bridge off: {position.reason}", reason="switched_off"
        )


def require_trusted(work: Work) -> None:
    """Refuse while what the chain says cannot be trusted.

    Raises:
        BridgeStopped: with the reason.
    """
    found = distrust(work)
    if found:
        raise _stopped(found[0])


def distrust(work: Work) -> list[Stop]:
    """The stops because of what the chain says, oldest first."""
    return [
        found
        for found in redeeming_store.stops(work)
        if found.reason is not StopReason.POSTER_REPLACED
    ]


def stop(work: Work, reason: StopReason, message: str) -> None:
    """Stand still until a person has looked; again for the same reason changes nothing."""
    redeeming_store.insert_stop(work, Stop(reason, message, work.now))


def resume(work: Work, resumed_by: UUID, reason: str) -> None:
    """An admin has looked: lift every stop, and switch bridging on.

    Foreign batches that are final by now are recorded as looked at. A chain that is being given up
    is no stop to lift: two admins finish that, or it is called off.

    Raises:
        BridgeStopped: a reset is prepared.
        SwitchSettingRefused: no reason that can be shown.
    """
    standing = {found.reason: found for found in redeeming_store.stops(work)}
    if StopReason.RESET in standing:
        raise BridgeStopped(
            f"{standing[StopReason.RESET].message} Finish that, or call it off with "
            "`vklad chain reset --forget`.",
            reason=StopReason.RESET.value,
        )
    if StopReason.FOREIGN_BATCH in standing:
        foreign.acknowledge(work, resumed_by)
    redeeming_store.lift_stops(work, list(standing), resumed_by)
    command = SetSwitch(Switch.BRIDGING, True, reason, format_id("mem", resumed_by))
    switches.set_switch(work, command)


def switch_off(work: Work, stopped_by: UUID, reason: str) -> None:
    """An admin stops the bridge: nothing new leaves; what comes back is still credited.

    Raises:
        SwitchSettingRefused: no reason that can be shown.
    """
    command = SetSwitch(Switch.BRIDGING, False, reason, format_id("mem", stopped_by))
    switches.set_switch(work, command)


def _stopped(found: Stop) -> BridgeStopped:
    return BridgeStopped(f"The bridge has stopped: {found.message}", reason=found.reason.value)
