// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {GovernorCountingFractional} from
    "@openzeppelin/contracts/governance/extensions/GovernorCountingFractional.sol";
import {GovernorPreventLateQuorum} from
    "@openzeppelin/contracts/governance/extensions/GovernorPreventLateQuorum.sol";
import {GovernorProposalGuardian} from
    "@openzeppelin/contracts/governance/extensions/GovernorProposalGuardian.sol";
import {GovernorSettings} from "@openzeppelin/contracts/governance/extensions/GovernorSettings.sol";
import {GovernorTimelockControl} from
    "@openzeppelin/contracts/governance/extensions/GovernorTimelockControl.sol";
import {GovernorVotes} from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import {GovernorVotesQuorumFraction} from
    "@openzeppelin/contracts/governance/extensions/GovernorVotesQuorumFraction.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";

import {GovernorProposeBySig} from "./GovernorProposeBySig.sol";
import {IPointsBridge} from "./interfaces/IPointsBridge.sol";
import {IVklToken} from "./interfaces/IVklToken.sol";

/// @title Governor of the members
/// @notice OpenZeppelin's Governor with these rules of ours:
/// - quorum is the greatest of a fraction of the supply, a floor of tokens and a floor of distinct voters;
/// - a proposal pins the code of its targets: if that has changed by execution, it reverts;
/// - the proposal guardian serves a term and cannot cancel a proposal that only replaces guardians;
/// - a vote at most doubles or halves a setting at once, and the timelock stays the one it began with.
contract VklGovernor is
    Governor,
    GovernorSettings,
    GovernorCountingFractional,
    GovernorVotes,
    GovernorVotesQuorumFraction,
    GovernorPreventLateQuorum,
    GovernorProposalGuardian,
    GovernorTimelockControl,
    GovernorProposeBySig
{
    /// @param votingDelayS Seconds from proposal to snapshot.
    /// @param votingPeriodS Seconds of voting.
    /// @param lateQuorumExtensionS Seconds that remain at least once quorum is reached.
    /// @param guardianTermS How long a proposal guardian serves.
    /// @param proposalThreshold Token units of votes needed to propose.
    /// @param quorumPercent Percent of the supply.
    /// @param quorumTokensFloor Token units, whatever the percentage says.
    /// @param quorumVotersFloor Distinct voters with at least one whole token each.
    struct Parameters {
        uint48 votingDelayS;
        uint32 votingPeriodS;
        uint48 lateQuorumExtensionS;
        uint32 guardianTermS;
        uint256 proposalThreshold;
        uint256 quorumPercent;
        uint256 quorumTokensFloor;
        uint256 quorumVotersFloor;
    }

    /// @notice Votes that make an account count as a voter of its own: one whole token.
    uint256 public constant VOTER_WEIGHT_MIN = 1e18;

    /// @notice See {Parameters}. Fixed, so that lowering them cannot revive a defeated proposal.
    uint256 public immutable QUORUM_TOKENS_FLOOR;
    uint256 public immutable QUORUM_VOTERS_FLOOR;
    uint32 public immutable GUARDIAN_TERM_S;

    /// @notice First second at which the proposal guardian has no power any more.
    uint48 public proposalGuardianTermEndsAt;

    /// @notice Distinct voters of a proposal that counted towards the floor.
    mapping(uint256 proposalId => uint256) public proposalVoters;
    /// @notice Hash of the code hashes of a proposal's targets when it was proposed.
    mapping(uint256 proposalId => bytes32) public proposalPin;

    /// @param codeHashes One per target; zero for an account without code.
    event ProposalPinned(uint256 indexed proposalId, bytes32[] codeHashes);
    event ProposalGuardianTermSet(address indexed guardian, uint48 termEndsAt);

    error TargetCodeChanged(uint256 proposalId, bytes32 pinned, bytes32 present);
    error SettingStepTooLarge(uint256 given, uint256 previous);
    error SettingZero();
    error TimelockIsFixed();

    constructor(IVotes votes, TimelockController timelock_, address guardian, Parameters memory parameters)
        Governor("Vklad Governor")
        GovernorSettings(parameters.votingDelayS, parameters.votingPeriodS, parameters.proposalThreshold)
        GovernorVotes(votes)
        GovernorVotesQuorumFraction(parameters.quorumPercent)
        GovernorPreventLateQuorum(parameters.lateQuorumExtensionS)
        GovernorTimelockControl(timelock_)
    {
        if (parameters.quorumTokensFloor == 0 || parameters.quorumVotersFloor == 0) revert SettingZero();
        if (parameters.guardianTermS == 0) revert SettingZero();
        QUORUM_TOKENS_FLOOR = parameters.quorumTokensFloor;
        QUORUM_VOTERS_FLOOR = parameters.quorumVotersFloor;
        GUARDIAN_TERM_S = parameters.guardianTermS;
        _startTerm(guardian, parameters.guardianTermS);
        _setProposalGuardian(guardian);
    }

    /// @notice Replace the proposal guardian, or renew its term. By vote only.
    function setProposalGuardian(address newProposalGuardian) public override onlyGovernance {
        _startTerm(newProposalGuardian, GUARDIAN_TERM_S);
        _setProposalGuardian(newProposalGuardian);
    }

    /// @notice Always refused: bridge, registry and anchors obey one timelock for ever.
    function updateTimelock(TimelockController) public pure override {
        revert TimelockIsFixed();
    }

    /// @notice Cancel. The proposer while pending; the guardian in term at any time, except a proposal
    /// whose every action replaces a guardian.
    function cancel(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) public override returns (uint256) {
        if (msg.sender == proposalGuardian() && _onlyReplacesGuardians(targets, calldatas)) {
            revert GovernorUnableToCancel(
                getProposalId(targets, values, calldatas, descriptionHash), msg.sender
            );
        }
        return super.cancel(targets, values, calldatas, descriptionHash);
    }

    /// @notice Votes needed at a timepoint: the greater of the fraction and the floor of tokens.
    /// @dev Warning: the floor of distinct voters comes on top, see {proposalVoters}.
    function quorum(uint256 timepoint)
        public
        view
        override(Governor, GovernorVotesQuorumFraction)
        returns (uint256)
    {
        uint256 fraction = super.quorum(timepoint);
        return fraction > QUORUM_TOKENS_FLOOR ? fraction : QUORUM_TOKENS_FLOOR;
    }

    // --- resolved in OpenZeppelin's favour ---

    function state(uint256 proposalId)
        public
        view
        override(Governor, GovernorTimelockControl)
        returns (ProposalState)
    {
        return super.state(proposalId);
    }

    function proposalNeedsQueuing(uint256 proposalId)
        public
        view
        override(Governor, GovernorTimelockControl)
        returns (bool)
    {
        return super.proposalNeedsQueuing(proposalId);
    }

    function proposalThreshold() public view override(Governor, GovernorSettings) returns (uint256) {
        return super.proposalThreshold();
    }

    function proposalDeadline(uint256 proposalId)
        public
        view
        override(Governor, GovernorPreventLateQuorum)
        returns (uint256)
    {
        return super.proposalDeadline(proposalId);
    }

    // --- within ---

    /// @dev Pins the code of the targets besides proposing.
    function _propose(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        string memory description,
        address proposer
    ) internal override returns (uint256 proposalId) {
        proposalId = super._propose(targets, values, calldatas, description, proposer);
        bytes32[] memory codeHashes = _codeHashes(targets);
        proposalPin[proposalId] = keccak256(abi.encodePacked(codeHashes));
        emit ProposalPinned(proposalId, codeHashes);
    }

    function _queueOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint48) {
        return super._queueOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    /// @dev Refuses if a target's code is not what the members voted on.
    function _executeOperations(
        uint256 proposalId,
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) {
        bytes32 pinned = proposalPin[proposalId];
        bytes32 present = keccak256(abi.encodePacked(_codeHashes(targets)));
        if (present != pinned) revert TargetCodeChanged(proposalId, pinned, present);
        super._executeOperations(proposalId, targets, values, calldatas, descriptionHash);
    }

    function _cancel(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        bytes32 descriptionHash
    ) internal override(Governor, GovernorTimelockControl) returns (uint256) {
        return super._cancel(targets, values, calldatas, descriptionHash);
    }

    /// @dev Counts the voter, once per proposal, besides the votes.
    function _countVote(
        uint256 proposalId,
        address account,
        uint8 support,
        uint256 totalWeight,
        bytes memory params
    ) internal override(Governor, GovernorCountingFractional) returns (uint256) {
        if (totalWeight >= VOTER_WEIGHT_MIN && !hasVoted(proposalId, account)) ++proposalVoters[proposalId];
        return super._countVote(proposalId, account, support, totalWeight, params);
    }

    function _tallyUpdated(uint256 proposalId) internal override(Governor, GovernorPreventLateQuorum) {
        super._tallyUpdated(proposalId);
    }

    function _setVotingDelay(uint48 newVotingDelay) internal override {
        _requireStep(newVotingDelay, votingDelay());
        super._setVotingDelay(newVotingDelay);
    }

    function _setVotingPeriod(uint32 newVotingPeriod) internal override {
        _requireStep(newVotingPeriod, votingPeriod());
        super._setVotingPeriod(newVotingPeriod);
    }

    function _setProposalThreshold(uint256 newProposalThreshold) internal override {
        _requireStep(newProposalThreshold, proposalThreshold());
        super._setProposalThreshold(newProposalThreshold);
    }

    function _updateQuorumNumerator(uint256 newQuorumNumerator) internal override {
        _requireStep(newQuorumNumerator, quorumNumerator());
        super._updateQuorumNumerator(newQuorumNumerator);
    }

    function _quorumReached(uint256 proposalId)
        internal
        view
        override(Governor, GovernorCountingFractional)
        returns (bool)
    {
        return proposalVoters[proposalId] >= QUORUM_VOTERS_FLOOR && super._quorumReached(proposalId);
    }

    /// @dev The guardian only within its term; never the proposer once voting has begun.
    function _validateCancel(uint256 proposalId, address caller)
        internal
        view
        override(Governor, GovernorProposalGuardian)
        returns (bool)
    {
        if (caller == proposalGuardian() && block.timestamp < proposalGuardianTermEndsAt) return true;
        return Governor._validateCancel(proposalId, caller);
    }

    function _executor() internal view override(Governor, GovernorTimelockControl) returns (address) {
        return super._executor();
    }

    function _startTerm(address guardian, uint32 termS) private {
        proposalGuardianTermEndsAt = uint48(block.timestamp) + termS;
        emit ProposalGuardianTermSet(guardian, proposalGuardianTermEndsAt);
    }

    /// @dev Nothing but replacements: a harmful action cannot hide beside one to escape the guardian.
    function _onlyReplacesGuardians(address[] memory targets, bytes[] memory calldatas)
        private
        view
        returns (bool)
    {
        address bridge = IVklToken(address(token())).BRIDGE();
        for (uint256 i = 0; i < targets.length; ++i) {
            if (i >= calldatas.length || calldatas[i].length < 4) return false;
            bytes4 selector = bytes4(calldatas[i]);
            bool here = targets[i] == address(this) && selector == this.setProposalGuardian.selector;
            bool there = targets[i] == bridge && selector == IPointsBridge.setGuardian.selector;
            if (!here && !there) return false;
        }
        return true;
    }

    /// @dev An account without code counts as zero whether or not it has ever received anything.
    function _codeHashes(address[] memory targets) private view returns (bytes32[] memory codeHashes) {
        codeHashes = new bytes32[](targets.length);
        for (uint256 i = 0; i < targets.length; ++i) {
            if (targets[i].code.length != 0) codeHashes[i] = targets[i].codehash;
        }
    }

    /// @dev While constructing, `previous` is zero and only zero is refused.
    function _requireStep(uint256 given, uint256 previous) private pure {
        if (given == 0) revert SettingZero();
        if (previous != 0 && (given > previous * 2 || given < previous / 2)) {
            revert SettingStepTooLarge(given, previous);
        }
    }
}
