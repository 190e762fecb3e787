"""What a deployment's contracts keep in storage, beside what its record says of them.

The timelock of the Governor and the floors of quorum are as recorded for ever: no call changes
them. Everything else may be changed by votes and keys; a difference is told, not held against it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from oracle.bindings import anchors, points_bridge, vkl_governor
from oracle.chain.port import BlockTag, Chain, read
from oracle.contracts.abi import FunctionCall
from oracle.deployment.model import Deployment


def fixed(chain: Chain, deployment: Deployment) -> Iterator[tuple[str, str]]:
    """(contract, what is wrong) of settings that nothing can have changed since."""
    governor = deployment.address("VklGovernor")
    timelock = _told(chain, governor, vkl_governor.timelock())
    wanted = deployment.address("VklTimelock")
    if timelock != wanted:
        yield "VklGovernor", f"its timelock is {timelock}, not {wanted}"
    for kind, terms in enumerate(deployment.parameters.governor.terms):
        found = _told(chain, governor, vkl_governor.terms_of(kind))
        for what, is_now, was in (
            ("voters", found.quorum_voters_floor, terms.quorum_voters_floor),
            ("tokens", found.quorum_tokens_floor, terms.quorum_tokens_floor),
        ):
            if is_now != was:
                yield "VklGovernor", f"kind {kind} has a floor of {is_now} {what}, not {was}"


def changed(chain: Chain, deployment: Deployment) -> Iterator[tuple[str, str]]:
    """(contract, what is other than recorded) of settings that votes and keys may change."""
    parameters = deployment.parameters
    roles, governor = parameters.roles, parameters.governor
    calls: list[tuple[str, str, FunctionCall[Any], object]] = [
        ("PointsBridge", "poster", points_bridge.poster(), roles.poster),
        ("PointsBridge", "watcher", points_bridge.watcher(), roles.watcher),
        ("PointsBridge", "guardian", points_bridge.guardian(), roles.guardian),
        ("PointsBridge", "limits", points_bridge.limits(), parameters.bridge_limits),
        ("Anchors", "anchorer", anchors.anchorer(), roles.anchorer),
        ("VklGovernor", "voting delay", vkl_governor.voting_delay(), governor.voting_delay_s),
        (
            "VklGovernor",
            "late quorum extension",
            vkl_governor.late_quorum_vote_extension(),
            governor.late_quorum_extension_s,
        ),
        (
            "VklGovernor",
            "proposal threshold",
            vkl_governor.proposal_threshold(),
            governor.proposal_threshold,
        ),
        *(
            ("VklGovernor", f"terms of kind {kind}", vkl_governor.terms_of(kind), terms)
            for kind, terms in enumerate(governor.terms)
        ),
    ]
    for contract, what, call, was in calls:
        is_now = _told(chain, deployment.address(contract), call)
        if is_now != was:
            yield contract, f"{what}: {is_now}, recorded {was}"


def _told(chain: Chain, contract: Any, call: FunctionCall[Any]) -> Any:
    return read(chain, contract, call, BlockTag.LATEST)
