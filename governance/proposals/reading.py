"""What the chain says of proposals and voters, every answer at one named block."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from governance.contracts import GovernanceContracts
from governance.proposals.drafts import Guards, KeyHolders
from governance.proposals.model import STATE_BY_NUMBER, KeyRole, ProposalState, Standing
from ledger.kernel.units import TokenUnits
from oracle.bindings import anchors, points_bridge, programme_registry, vkl_governor, vkl_token
from oracle.bindings.points_bridge import Limits
from oracle.chain.port import BlockHeader, BlockTag, Chain, ChainUnavailable, read
from oracle.contracts.abi import Address


@dataclass(frozen=True, slots=True)
class VoterFacts:
    """What an account may do at ``block``; ``ballot_nonce`` goes into its next ballot.

    ``votes`` are those a second before the block: the Governor asks for past votes when somebody
    proposes, so votes that were delegated in this very block do not count yet.
    """

    account: Address
    votes: TokenUnits
    tokens: TokenUnits
    delegate: Address
    ballot_nonce: int
    delegation_nonce: int
    proposal_threshold: TokenUnits
    block: BlockHeader


@dataclass(frozen=True, slots=True)
class BallotFacts:
    """What decides whether an account may still vote on one proposal."""

    voter: Address
    standing: Standing
    weight: TokenUnits
    """Votes at the snapshot; before the snapshot, now."""
    has_voted: bool
    nonce: int
    block: BlockHeader


def head_of(chain: Chain) -> BlockHeader:
    """The newest block, at which everything else is asked."""
    head = chain.block(BlockTag.LATEST)
    if head is None:
        raise ChainUnavailable("The chain has no block yet.")
    return head


def standing_of(
    chain: Chain, contracts: GovernanceContracts, proposal_id: int, head: BlockHeader
) -> Standing:
    """How a proposal that is on chain stands at ``head``."""
    governor, at = contracts.governor, head.number
    number = read(chain, governor, vkl_governor.state(proposal_id), at)
    state = STATE_BY_NUMBER[number]
    snapshot_s = read(chain, governor, vkl_governor.proposal_snapshot(proposal_id), at)
    against, in_favour, abstain = read(
        chain, governor, vkl_governor.proposal_votes(proposal_id), at
    )
    quorum = None
    if state is not ProposalState.PENDING and snapshot_s < head.timestamp_s:
        quorum = TokenUnits(read(chain, governor, vkl_governor.proposal_quorum(proposal_id), at))
    terms = read(chain, governor, vkl_governor.proposal_terms(proposal_id), at)
    eta_s = read(chain, governor, vkl_governor.proposal_eta(proposal_id), at)
    return Standing(
        state=state,
        snapshot_at=_moment(snapshot_s),
        deadline_at=_moment(read(chain, governor, vkl_governor.proposal_deadline(proposal_id), at)),
        executable_at=_moment(eta_s) if eta_s else None,
        against=TokenUnits(against),
        in_favour=TokenUnits(in_favour),
        abstain=TokenUnits(abstain),
        voters=terms.voters,
        quorum=quorum,
        quorum_voters=terms.quorum_voters_floor,
        block_number=at,
    )


def voter_facts(chain: Chain, contracts: GovernanceContracts, account: Address) -> VoterFacts:
    """What an account may do now."""
    head = head_of(chain)
    at = head.number
    token, governor = contracts.token, contracts.governor
    return VoterFacts(
        account=account,
        votes=TokenUnits(
            read(chain, governor, vkl_governor.get_votes(account, head.timestamp_s - 1), at)
        ),
        tokens=TokenUnits(read(chain, token, vkl_token.balance_of(account), at)),
        delegate=read(chain, token, vkl_token.delegates(account), at),
        ballot_nonce=read(chain, governor, vkl_governor.nonces(account), at),
        delegation_nonce=read(chain, token, vkl_token.nonces(account), at),
        proposal_threshold=TokenUnits(read(chain, governor, vkl_governor.proposal_threshold(), at)),
        block=head,
    )


def ballot_facts(
    chain: Chain, contracts: GovernanceContracts, proposal_id: int, voter: Address
) -> BallotFacts:
    """Whether an account may still vote on a proposal that is on chain, and with what weight."""
    head = head_of(chain)
    at, governor = head.number, contracts.governor
    standing = standing_of(chain, contracts, proposal_id, head)
    snapshot_s = int(standing.snapshot_at.timestamp())
    if snapshot_s < head.timestamp_s:
        weight = read(chain, governor, vkl_governor.get_votes(voter, snapshot_s), at)
    else:
        weight = read(chain, contracts.token, vkl_token.get_votes(voter), at)
    return BallotFacts(
        voter=voter,
        standing=standing,
        weight=TokenUnits(weight),
        has_voted=read(chain, governor, vkl_governor.has_voted(proposal_id, voter), at),
        nonce=read(chain, governor, vkl_governor.nonces(voter), at),
        block=head,
    )


def programme_in_registry(chain: Chain, contracts: GovernanceContracts, at: BlockHeader) -> bytes:
    """The hash that was voted in last; zeros before the first vote."""
    return read(chain, contracts.registry, programme_registry.current(), at.number)


def bridge_limits(chain: Chain, bridge: Address, at: BlockHeader) -> Limits:
    """What the bridge lets through now."""
    return read(chain, bridge, points_bridge.limits(), at.number)


def key_holders(chain: Chain, bridge: Address, anchors_at: Address, at: BlockHeader) -> KeyHolders:
    """Whose keys the contracts know, and who cannot hold one."""
    here = at.number
    present = {
        KeyRole.POSTER: read(chain, bridge, points_bridge.poster(), here),
        KeyRole.WATCHER: read(chain, bridge, points_bridge.watcher(), here),
        KeyRole.ANCHORER: read(chain, anchors_at, anchors.anchorer(), here),
    }
    roles = (points_bridge.guardian(), points_bridge.timelock())
    others = frozenset(read(chain, bridge, role, here) for role in roles)
    return KeyHolders(bridge, anchors_at, present, others)


def guards(
    chain: Chain, contracts: GovernanceContracts, bridge: Address, at: BlockHeader
) -> Guards:
    """Who guards now, and who cannot."""
    here, there = at.number, contracts.governor
    present = (
        read(chain, bridge, points_bridge.guardian(), here),
        read(chain, there, vkl_governor.proposal_guardian(), here),
    )
    roles = (points_bridge.poster(), points_bridge.watcher(), points_bridge.timelock())
    others = frozenset(read(chain, bridge, role, here) for role in roles)
    return Guards(bridge, there, present, others)


def bridge_paused(chain: Chain, bridge: Address, at: BlockHeader) -> bool:
    """Whether the bridge contract commits and executes nothing."""
    return read(chain, bridge, points_bridge.paused(), at.number)


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
