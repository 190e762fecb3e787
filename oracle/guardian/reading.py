"""What the contracts say of their guardians, and what an act would do now."""

from __future__ import annotations

from collections.abc import Iterator

from oracle.bindings import points_bridge, vkl_governor
from oracle.bridge.reading import head
from oracle.chain.port import BlockHeader, Chain, read
from oracle.deployment.model import Deployment
from oracle.guardian.model import (
    BATCH_STATES,
    BRIDGE,
    COMMITTED,
    GOVERNOR,
    Act,
    BridgeAlreadyPaused,
    BridgeNotPaused,
    Office,
    moment_of,
    require_open_batch,
    said,
)

BATCHES_NAMED_MAX = 20
"""Open batches that a pause names one by one; older ones than these last are not looked at."""


def bridge_office(chain: Chain, deployment: Deployment, at: BlockHeader) -> Office:
    """Who pauses and vetoes."""
    bridge = deployment.address(BRIDGE)
    return Office(
        BRIDGE,
        read(chain, bridge, points_bridge.guardian(), at.number),
        moment_of(read(chain, bridge, points_bridge.guardian_term_ends_at(), at.number)),
    )


def governor_office(chain: Chain, deployment: Deployment, at: BlockHeader) -> Office:
    """Who cancels proposals."""
    governor = deployment.address(GOVERNOR)
    ends_at = read(chain, governor, vkl_governor.proposal_guardian_term_ends_at(), at.number)
    return Office(
        GOVERNOR,
        read(chain, governor, vkl_governor.proposal_guardian(), at.number),
        moment_of(ends_at),
    )


def is_paused(chain: Chain, deployment: Deployment, at: BlockHeader) -> bool:
    """Whether the bridge contract commits and executes nothing."""
    return read(chain, deployment.address(BRIDGE), points_bridge.paused(), at.number)


def pausing(chain: Chain, deployment: Deployment) -> Act:
    """Pause the bridge.

    Raises:
        BridgeAlreadyPaused: it stands still.
    """
    at = head(chain)
    bridge = deployment.address(BRIDGE)
    if is_paused(chain, deployment, at):
        raise BridgeAlreadyPaused("The bridge is paused already.")
    waiting = ", ".join(_open_batches(chain, deployment, at)) or "none"
    return Act(
        "guardian.pause",
        bridge,
        points_bridge.pause().calldata,
        (
            f"Pause the bridge {bridge} on chain {deployment.chain_id}.",
            (
                f"From then on nobody commits or executes a batch. Open now: {waiting}. "
                "What expires while the bridge is paused goes back to its members' lots."
            ),
            "Tokens still come back: redemptions never pause.",
            "Only a vote can unpause it.",
        ),
    )


def vetoing(chain: Chain, deployment: Deployment, sequence: int) -> Act:
    """Veto a batch.

    Raises:
        BatchNeverCommitted: there is no such batch.
        BatchNotOpen: it is executed, vetoed or expired.
    """
    at = head(chain)
    bridge = deployment.address(BRIDGE)
    state = read(chain, bridge, points_bridge.batch_state(sequence), at.number)
    require_open_batch(sequence, BATCH_STATES[state])
    batch = read(chain, bridge, points_bridge.batch(sequence), at.number)
    return Act(
        "guardian.veto",
        bridge,
        points_bridge.veto(sequence).calldata,
        (
            (
                f"Veto batch {sequence} of {batch.points} points at the bridge {bridge} on chain "
                f"{deployment.chain_id}."
            ),
            (
                f"It could be executed from {said(moment_of(batch.executable_at))} to "
                f"{said(moment_of(batch.expires_at))}; it never will be."
            ),
            "Its points go back to the lots they left; its number stays used.",
            "This cannot be undone: members ask again.",
        ),
    )


def require_paused(chain: Chain, deployment: Deployment) -> None:
    """Refuse to speak of starting what runs.

    Raises:
        BridgeNotPaused: it is not paused.
    """
    if not is_paused(chain, deployment, head(chain)):
        raise BridgeNotPaused("The bridge is not paused.")


def _open_batches(chain: Chain, deployment: Deployment, at: BlockHeader) -> Iterator[str]:
    bridge = deployment.address(BRIDGE)
    last = read(chain, bridge, points_bridge.last_sequence(), at.number)
    for sequence in range(max(1, last - BATCHES_NAMED_MAX + 1), last + 1):
        state = read(chain, bridge, points_bridge.batch_state(sequence), at.number)
        if BATCH_STATES[state] == COMMITTED:
            points = read(chain, bridge, points_bridge.batch(sequence), at.number).points
            yield f"batch {sequence} of {points} points"
