"""What the guardian would cancel, read from the chain alone: its machine needs no database of ours.

The Governor takes a proposal's calls, not its id, and announces them only once. Where that was is
found by its snapshot, which comes at most the voting delay later::

    deployment ── … ── ProposalCreated ── voting delay ── snapshot ── … ── head
                               ◀── read backwards, range by range ──┘
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from eth_utils.crypto import keccak

from governance.proposals.direct import CREATED_TYPES
from governance.proposals.model import STATE_BY_NUMBER, TERMINAL, ProposalState, UnknownProposal
from ledger.kernel.errors import ErrorKind, VkladError
from oracle.bindings import points_bridge, vkl_governor
from oracle.bridge.reading import head
from oracle.chain.port import (
    BLOCKS_PER_QUESTION_MAX,
    BlockHeader,
    CallReverted,
    Chain,
    LogQuery,
    read,
)
from oracle.contracts.abi import SELECTOR_BYTES, Address, UndecodableAnswer, decode
from oracle.deployment.model import Deployment
from oracle.guardian.model import BRIDGE, GOVERNOR, Act

TITLE_SHOWN_MAX: Final = 120
RANGES_MAX: Final = 20_000
_ZERO: Final = Address("0x" + "0" * 40)
_REPLACING: Final = (
    (BRIDGE, points_bridge.set_guardian(_ZERO).calldata[:SELECTOR_BYTES]),
    (GOVERNOR, vkl_governor.set_proposal_guardian(_ZERO).calldata[:SELECTOR_BYTES]),
)
"""``VklGovernor._onlyReplacesGuardians``: the calls that a guardian must not stop."""


class ProposalOver(VkladError):
    """The proposal has come to its end; there is nothing to cancel."""

    code = "proposal_over"
    kind = ErrorKind.CONFLICT


class OwnReplacement(VkladError):
    """A guardian cannot cancel a vote that only replaces guardians."""

    code = "guardian_own_replacement"
    kind = ErrorKind.FORBIDDEN


class ProposalNotFound(VkladError):
    """The chain knows the proposal, but its node does not show where it was made."""

    code = "proposal_announcement_not_found"
    kind = ErrorKind.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Announced:
    """A proposal's calls as ``ProposalCreated`` has them."""

    targets: tuple[Address, ...]
    values: tuple[int, ...]
    calldatas: tuple[bytes, ...]
    description: bytes

    @property
    def title(self) -> str:
        """The first line of its text, as far as it is one."""
        text = self.description.decode(errors="replace").strip().partition("\n")[0]
        shown = "".join(each if each.isprintable() else " " for each in text.lstrip("# "))
        return shown[:TITLE_SHOWN_MAX]


def cancelling(chain: Chain, deployment: Deployment, proposal_id: int) -> Act:
    """Cancel a proposal.

    Raises:
        UnknownProposal: the Governor does not know it.
        ProposalOver: it was executed, cancelled, voted down or has expired.
        OwnReplacement: all it does is to replace guardians.
    """
    at = head(chain)
    governor = deployment.address(GOVERNOR)
    state = _state(chain, governor, proposal_id, at)
    if state in TERMINAL:
        raise ProposalOver(
            f"The proposal is {state}: there is nothing to cancel.", proposal_state=state.value
        )
    found = announced(chain, deployment, proposal_id, at)
    if only_replaces_guardians(found, deployment):
        raise OwnReplacement(
            "All that this proposal does is to replace guardians. No guardian can cancel that."
        )
    call = vkl_governor.cancel(
        found.targets, found.values, found.calldatas, bytes(keccak(found.description))
    )
    return Act(
        "guardian.cancel",
        governor,
        call.calldata,
        (
            (
                f'Cancel the proposal "{found.title}", which is {state}, at the Governor '
                f"{governor} on chain {deployment.chain_id}. Its id is {proposal_id}."
            ),
            "Nobody can vote on it or execute it any more.",
            "This cannot be undone: whoever wants it proposes it anew, in other words.",
        ),
    )


def announced(chain: Chain, deployment: Deployment, proposal_id: int, at: BlockHeader) -> Announced:
    """The calls of a proposal that the Governor knows.

    Raises:
        ProposalNotFound: the node does not show its event.
    """
    governor = deployment.address(GOVERNOR)
    snapshot_s = read(chain, governor, vkl_governor.proposal_snapshot(proposal_id), at.number)
    newest = _block_at(chain, snapshot_s, deployment.block_number, at)
    for first, last in _backwards(deployment.block_number, newest):
        topics = (vkl_governor.ProposalCreated.TOPIC,)
        for log in chain.logs(LogQuery(first, last, (governor,), topics)):
            try:
                found = decode(CREATED_TYPES, log.payload)
            except UndecodableAnswer:
                continue  # Somebody's nonsense cannot hide another's proposal.
            if found[0] == proposal_id:
                return Announced(found[2], found[3], found[5], found[8])
    raise ProposalNotFound(
        f"The node does not show where proposal {proposal_id} was made: it may keep too few "
        "blocks. Name another by VKLAD_CHAIN_RPC_URL."
    )


def only_replaces_guardians(found: Announced, deployment: Deployment) -> bool:
    """As ``VklGovernor`` itself decides it."""
    replacing = {(deployment.address(name), selector) for name, selector in _REPLACING}
    calls = zip(found.targets, found.calldatas, strict=True)
    return all((target, calldata[:SELECTOR_BYTES]) in replacing for target, calldata in calls)


def _state(chain: Chain, governor: Address, proposal_id: int, at: BlockHeader) -> ProposalState:
    try:
        return STATE_BY_NUMBER[read(chain, governor, vkl_governor.state(proposal_id), at.number)]
    except CallReverted as reverted:
        raise UnknownProposal(
            "There is no such proposal on this chain.", proposal=str(proposal_id)
        ) from reverted


def _block_at(chain: Chain, moment_s: int, first: int, at: BlockHeader) -> int:
    """The newest block that is not younger than a moment; ``at`` if none is."""
    lowest, highest = first, at.number
    while lowest < highest:
        middle = (lowest + highest + 1) // 2
        block = chain.block(middle)
        if block is not None and block.timestamp_s <= moment_s:
            lowest = middle
        else:
            highest = middle - 1
    return lowest


def _backwards(first: int, last: int) -> Iterator[tuple[int, int]]:
    for _ in range(RANGES_MAX):
        if last < first:
            return
        yield max(first, last - BLOCKS_PER_QUESTION_MAX + 1), last
        last -= BLOCKS_PER_QUESTION_MAX
