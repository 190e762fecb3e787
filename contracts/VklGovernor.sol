// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {Governor} from "@openzeppelin/contracts/governance/Governor.sol";
import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {GovernorCountingFractional} from
    "@openzeppelin/contracts/governance/extensions/GovernorCountingFractional.sol";
import {GovernorCountingSimple} from "@openzeppelin/contracts/governance/extensions/GovernorCountingSimple.sol";
import {GovernorPreventLateQuorum} from
    "@openzeppelin/contracts/governance/extensions/GovernorPreventLateQuorum.sol";
import {GovernorProposalGuardian} from
    "@openzeppelin/contracts/governance/extensions/GovernorProposalGuardian.sol";
import {GovernorSettings} from "@openzeppelin/contracts/governance/extensions/GovernorSettings.sol";
import {GovernorTimelockControl} from
    "@openzeppelin/contracts/governance/extensions/GovernorTimelockControl.sol";
import {GovernorVotes} from "@openzeppelin/contracts/governance/extensions/GovernorVotes.sol";
import {IVotes} from "@openzeppelin/contracts/governance/utils/IVotes.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {GovernorProposeBySig} from "./GovernorProposeBySig.sol";
import {IMandates} from "./interfaces/IMandates.sol";
import {IPointsBridge} from "./interfaces/IPointsBridge.sol";
import {IProgrammeRegistry} from "./interfaces/IProgrammeRegistry.sol";
import {IVklToken} from "./interfaces/IVklToken.sol";

/// @title Governor of the members
/// @notice OpenZeppelin's Governor with these rules of ours:
/// - a proposal is of the kind that its calls make it, and each kind has its own period and quorum;
/// - quorum is the greatest of a fraction of the supply, a floor of tokens and a floor of distinct voters;
/// - a proposal pins the code of its targets: if that has changed by execution, it reverts;
/// - the proposal guardian serves a term and cannot cancel a proposal that only replaces guardians;
/// - a vote at most doubles or halves a setting, however many calls it makes, and the timelock stays the
///   one it began with.
contract VklGovernor is
    Governor,
    GovernorSettings,
    GovernorCountingFractional,
    GovernorVotes,
    GovernorPreventLateQuorum,
    GovernorProposalGuardian,
    GovernorTimelockControl,
    GovernorProposeBySig
{
    /// @notice What a proposal does. A call that is in no other kind, or beside one of another, makes it
    /// the constitution's, which is the strictest.
    enum Kind {
        Constitution,
        Programme,
        Limits,
        Spending,
        Budget,
        Text
    }

    /// @param votingPeriodS Seconds of voting.
    /// @param quorumPercent Percent of the supply.
    /// @param quorumVotersFloor Distinct voters, each for it or abstaining with a whole token at once.
    /// @param quorumTokensFloor Whole tokens, whatever the percentage says.
    struct Terms {
        uint32 votingPeriodS;
        uint8 quorumPercent;
        uint32 quorumVotersFloor;
        uint64 quorumTokensFloor;
    }

    /// @param votingDelayS Seconds from proposal to snapshot.
    /// @param lateQuorumExtensionS Seconds that remain at least once quorum is reached.
    /// @param guardianTermS How long a proposal guardian serves.
    /// @param proposalThreshold Token units of votes needed to propose.
    /// @param terms Of each kind, in its order.
    struct Parameters {
        uint48 votingDelayS;
        uint48 lateQuorumExtensionS;
        uint32 guardianTermS;
        uint256 proposalThreshold;
        Terms[6] terms;
    }

    /// @dev What a proposal was made under, and its voters so far: one slot.
    struct Pinned {
        Kind kind;
        uint8 quorumPercent;
        uint32 quorumVotersFloor;
        uint64 quorumTokensFloor;
        uint32 voters;
    }

    /// @notice Votes for or abstaining, in an account's first ballot of that much, that make it count as
    /// a voter of its own: one whole token. Who votes against brings nobody's quorum about.
    uint256 public constant VOTER_WEIGHT_MIN = 1e18;

    /// @dev Settings that move in steps. Periods and percentages: this and the kind.
    uint256 private constant VOTING_DELAY = 0;
    uint256 private constant PROPOSAL_THRESHOLD = 1;
    uint256 private constant LATE_QUORUM_EXTENSION = 2;
    uint256 private constant VOTING_PERIOD = 16;
    uint256 private constant QUORUM_PERCENT = 32;

    /// @notice What programmes are activated in.
    address public immutable REGISTRY;
    /// @notice What spending, budgets and texts are ordered in.
    address public immutable MANDATES;
    /// @notice See {Parameters}.
    uint32 public immutable GUARDIAN_TERM_S;

    /// @notice First second at which the proposal guardian has no power any more.
    uint48 public proposalGuardianTermEndsAt;

    /// @notice Hash of the code hashes of a proposal's targets when it was proposed.
    mapping(uint256 proposalId => bytes32) public proposalPin;
    mapping(uint256 proposalId => Pinned) private _pinned;
    mapping(Kind kind => Terms) private _terms;
    /// @dev When a setting was changed last; see `_requireStep`.
    mapping(uint256 setting => uint48) private _steppedAt;
    /// @dev Of the kind that is being proposed; zero otherwise.
    uint32 private transient _periodProposedS;

    /// @param codeHashes One per target; zero for an account without code.
    event ProposalPinned(uint256 indexed proposalId, Kind indexed kind, bytes32[] codeHashes);
    event ProposalGuardianTermSet(address indexed guardian, uint48 termEndsAt);
    event TermsSet(Kind indexed kind, Terms previous, Terms present);

    error TargetCodeChanged(uint256 proposalId, bytes32 pinned, bytes32 present);
    error SettingStepTooLarge(uint256 given, uint256 previous);
    error SettingChangedJustNow(uint256 setting);
    error SettingZero();
    error QuorumOverWhole(uint8 percent);
    error TimelockIsFixed();

    /// @param places Registry and mandates.
    constructor(
        IVotes votes,
        TimelockController timelock_,
        address guardian,
        address[2] memory places,
        Parameters memory parameters
    )
        Governor("Vklad Governor")
        GovernorSettings(
            parameters.votingDelayS,
            parameters.terms[uint8(Kind.Constitution)].votingPeriodS,
            parameters.proposalThreshold
        )
        GovernorVotes(votes)
        GovernorPreventLateQuorum(parameters.lateQuorumExtensionS)
        GovernorTimelockControl(timelock_)
    {
        if (parameters.guardianTermS == 0) revert SettingZero();
        REGISTRY = places[0];
        MANDATES = places[1];
        GUARDIAN_TERM_S = parameters.guardianTermS;
        for (uint256 i = 0; i < parameters.terms.length; ++i) {
            Terms memory terms = parameters.terms[i];
            if (terms.quorumTokensFloor == 0 || terms.quorumVotersFloor == 0) revert SettingZero();
            _setTerms(Kind(i), terms);
        }
        _startTerm(guardian, parameters.guardianTermS);
        _setProposalGuardian(guardian);
    }

    /// @notice Replace the proposal guardian, or renew its term. By vote only.
    function setProposalGuardian(address newProposalGuardian) public override onlyGovernance {
        _startTerm(newProposalGuardian, GUARDIAN_TERM_S);
        _setProposalGuardian(newProposalGuardian);
    }

    /// @notice Change how long a kind is voted on and what percentage it takes, for later proposals. By
    /// vote only. The floors stay as deployed: few must not vote themselves enough.
    function setTerms(Kind kind, uint32 votingPeriodS, uint8 quorumPercent) external onlyGovernance {
        Terms memory terms = _terms[kind];
        terms.votingPeriodS = votingPeriodS;
        terms.quorumPercent = quorumPercent;
        _setTerms(kind, terms);
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

    /// @notice What later proposals of a kind are made under.
    function termsOf(Kind kind) external view returns (Terms memory) {
        return _terms[kind];
    }

    /// @notice What a proposal was made under, and how many voters counted so far.
    function proposalTerms(uint256 proposalId) external view returns (Pinned memory) {
        return _pinned[proposalId];
    }

    /// @notice What these calls make a proposal.
    function kindOf(address[] memory targets, uint256[] memory values, bytes[] memory calldatas)
        public
        view
        returns (Kind kind)
    {
        kind = _kindOfCall(targets[0], values[0], calldatas[0]);
        for (uint256 i = 1; i < targets.length; ++i) {
            if (_kindOfCall(targets[i], values[i], calldatas[i]) != kind) return Kind.Constitution;
        }
    }

    /// @notice Votes that a proposal needs: the greater of the fraction and the floor of tokens.
    /// @dev Warning: the floor of distinct voters comes on top, see {proposalTerms}.
    function proposalQuorum(uint256 proposalId) public view returns (uint256) {
        Pinned storage pinned = _pinned[proposalId];
        return _quorum(proposalSnapshot(proposalId), pinned.quorumPercent, pinned.quorumTokensFloor);
    }

    /// @notice Votes that changing the constitution needs at a timepoint, the most of all kinds.
    function quorum(uint256 timepoint) public view override returns (uint256) {
        Terms storage terms = _terms[Kind.Constitution];
        return _quorum(timepoint, terms.quorumPercent, terms.quorumTokensFloor);
    }

    /// @notice Seconds of voting on the constitution, or while proposing on what is proposed.
    function votingPeriod() public view override(Governor, GovernorSettings) returns (uint256) {
        return _periodProposedS == 0 ? super.votingPeriod() : _periodProposedS;
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

    /// @dev Pins the kind's terms and the code of the targets besides proposing.
    function _propose(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas,
        string memory description,
        address proposer
    ) internal override returns (uint256 proposalId) {
        _requireProposal(targets, values, calldatas);
        Kind kind = kindOf(targets, values, calldatas);
        Terms memory terms = _terms[kind];
        _periodProposedS = terms.votingPeriodS;
        proposalId = super._propose(targets, values, calldatas, description, proposer);
        _periodProposedS = 0;
        _pinned[proposalId] =
            Pinned(kind, terms.quorumPercent, terms.quorumVotersFloor, terms.quorumTokensFloor, 0);
        bytes32[] memory codeHashes = _codeHashes(targets);
        proposalPin[proposalId] = keccak256(abi.encodePacked(codeHashes));
        emit ProposalPinned(proposalId, kind, codeHashes);
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

    /// @dev Counts the voter besides the votes, when its votes come to a whole token: they only grow, so
    /// that this happens once. Whether it has voted would not do, as a split of nothing leaves no trace.
    function _countVote(
        uint256 proposalId,
        address account,
        uint8 support,
        uint256 totalWeight,
        bytes memory params
    ) internal override(Governor, GovernorCountingFractional) returns (uint256 weight) {
        uint256 before = usedVotes(proposalId, account);
        weight = super._countVote(proposalId, account, support, totalWeight, params);
        uint256 against = support == uint8(GovernorCountingSimple.VoteType.Against) ? weight : 0;
        if (support == VOTE_TYPE_FRACTIONAL) against = uint128(bytes16(params));
        uint256 towardsQuorum = weight - against;
        if (before < VOTER_WEIGHT_MIN && towardsQuorum >= VOTER_WEIGHT_MIN) ++_pinned[proposalId].voters;
    }

    function _tallyUpdated(uint256 proposalId) internal override(Governor, GovernorPreventLateQuorum) {
        super._tallyUpdated(proposalId);
    }

    function _setVotingDelay(uint48 newVotingDelay) internal override {
        _requireStep(VOTING_DELAY, newVotingDelay, votingDelay());
        super._setVotingDelay(newVotingDelay);
    }

    /// @dev OpenZeppelin's name for the constitution's period, which its constructor sets first.
    function _setVotingPeriod(uint32 newVotingPeriod) internal override {
        Terms storage terms = _terms[Kind.Constitution];
        _requireStep(VOTING_PERIOD, newVotingPeriod, terms.votingPeriodS);
        terms.votingPeriodS = newVotingPeriod;
        super._setVotingPeriod(newVotingPeriod);
    }

    function _setProposalThreshold(uint256 newProposalThreshold) internal override {
        _requireStep(PROPOSAL_THRESHOLD, newProposalThreshold, proposalThreshold());
        super._setProposalThreshold(newProposalThreshold);
    }

    /// @dev Never none: a vote does not take the guard against late quorums away.
    function _setLateQuorumVoteExtension(uint48 newVoteExtension) internal override {
        _requireStep(LATE_QUORUM_EXTENSION, newVoteExtension, lateQuorumVoteExtension());
        super._setLateQuorumVoteExtension(newVoteExtension);
    }

    function _quorumReached(uint256 proposalId)
        internal
        view
        override(Governor, GovernorCountingFractional)
        returns (bool)
    {
        Pinned storage pinned = _pinned[proposalId];
        if (pinned.voters < pinned.quorumVotersFloor) return false;
        (, uint256 inFavour, uint256 abstained) = proposalVotes(proposalId);
        return inFavour + abstained >= proposalQuorum(proposalId);
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

    /// @dev Periods and percentages move by steps; while constructing there is nothing to step from.
    function _setTerms(Kind kind, Terms memory terms) private {
        Terms memory previous = _terms[kind];
        _requireStep(QUORUM_PERCENT + uint8(kind), terms.quorumPercent, previous.quorumPercent);
        if (terms.quorumPercent > 100) revert QuorumOverWhole(terms.quorumPercent);
        if (kind == Kind.Constitution && terms.votingPeriodS != previous.votingPeriodS) {
            _setVotingPeriod(terms.votingPeriodS);
        } else {
            _requireStep(VOTING_PERIOD + uint8(kind), terms.votingPeriodS, previous.votingPeriodS);
        }
        _terms[kind] = terms;
        emit TermsSet(kind, previous, terms);
    }

    function _kindOfCall(address target, uint256 value, bytes memory calldata_)
        private
        view
        returns (Kind)
    {
        if (value != 0 || calldata_.length < 4) return Kind.Constitution;
        bytes4 selector = bytes4(calldata_);
        if (target == MANDATES) {
            if (selector == IMandates.spend.selector) return Kind.Spending;
            if (selector == IMandates.openBudget.selector) return Kind.Budget;
            if (selector == IMandates.resolve.selector) return Kind.Text;
        }
        if (target == REGISTRY && selector == IProgrammeRegistry.activate.selector) return Kind.Programme;
        if (target == address(token()) && selector == IERC20.transfer.selector) return Kind.Spending;
        if (selector == IPointsBridge.setLimits.selector && target == _bridge()) return Kind.Limits;
        return Kind.Constitution;
    }

    function _bridge() private view returns (address) {
        return IVklToken(address(token())).BRIDGE();
    }

    function _quorum(uint256 timepoint, uint256 percent, uint256 tokensFloor) private view returns (uint256) {
        uint256 fraction = token().getPastTotalSupply(timepoint) * percent / 100;
        uint256 floor = tokensFloor * VOTER_WEIGHT_MIN;
        return fraction > floor ? fraction : floor;
    }

    /// @dev {Governor-_propose} refuses the same, but only after its period is asked for.
    function _requireProposal(
        address[] memory targets,
        uint256[] memory values,
        bytes[] memory calldatas
    ) private pure {
        if (targets.length == 0 || targets.length != values.length || targets.length != calldatas.length) {
            revert GovernorInvalidProposalLength(targets.length, calldatas.length, values.length);
        }
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
        address bridge = _bridge();
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

    /// @dev Where nothing was before, only zero is refused. One step a second: the calls of a proposal run in
    /// the same, so they do not add up to more; another vote has the next.
    function _requireStep(uint256 setting, uint256 given, uint256 previous) private {
        if (given == 0) revert SettingZero();
        if (previous == 0 || given == previous) return;
        if (given > previous * 2 || given < previous / 2) revert SettingStepTooLarge(given, previous);
        if (_steppedAt[setting] == block.timestamp) revert SettingChangedJustNow(setting);
        _steppedAt[setting] = uint48(block.timestamp);
    }
}
