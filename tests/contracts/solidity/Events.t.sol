// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {IERC7802} from "@openzeppelin/contracts/interfaces/draft-IERC7802.sol";
import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";

import {VklGovernor} from "vklad/VklGovernor.sol";
import {IAnchors} from "vklad/interfaces/IAnchors.sol";
import {IBallotRelay} from "vklad/interfaces/IBallotRelay.sol";
import {IPointsBridge} from "vklad/interfaces/IPointsBridge.sol";
import {IProgrammeRegistry} from "vklad/interfaces/IProgrammeRegistry.sol";

import {Governance} from "./Governance.sol";

/// @dev Every event that an auditor reads, with everything in it.
contract EventsTest is Governance {
    address private constant MEMBER = address(0x7001);
    bytes32 private constant REFERENCE = bytes32(uint256(0xabc));
    bytes32 private constant PROGRAMME = keccak256("programme");

    function setUp() public {
        _deployWithMembers();
    }

    // --- bridge ---

    function test_ABatchsLife() public {
        bytes memory records = _record(MEMBER, 5);
        uint48 executableAt = uint48(block.timestamp) + DELAY_S;
        vm.expectEmit(address(bridge));
        emit IPointsBridge.BatchCommitted(
            5, keccak256(records), 5, 5, 405, executableAt, executableAt + LIFETIME_S
        );
        _commit(records, 5);
        vm.expectEmit(address(bridge));
        emit IPointsBridge.WatcherAlive(watcher, 5);
        _watch();
        _require(bridge.watcherAliveUntil() == block.timestamp + HEARTBEAT_S, "good for so long");
        vm.warp(executableAt);
        vm.expectEmit(address(bridge));
        emit IPointsBridge.BatchExecuted(5, keccak256(records), 5, 405);
        bridge.executeBatch(5, records);
        IPointsBridge.Batch memory stored = bridge.batch(5);
        _require(stored.state == IPointsBridge.BatchState.Executed, "stored state");
        _require(stored.recordsHash == keccak256(records) && stored.points == 5, "stored batch");
        _require(stored.ledgerPosition == 5 && bridge.executedLedgerPosition() == 5, "position");
    }

    function test_VetoedAndExpired() public {
        _commit(_record(MEMBER, 5), 5);
        _commit(_record(MEMBER, 7), 7);
        vm.expectEmit(address(bridge));
        emit IPointsBridge.BatchVetoed(5, guardian, 5, 5);
        vm.prank(guardian);
        bridge.veto(5);
        vm.warp(block.timestamp + DELAY_S + LIFETIME_S);
        vm.expectEmit(address(bridge));
        emit IPointsBridge.BatchExpired(6, 7, 12);
        bridge.expireBatch(6);
    }

    function test_Redeemed() public {
        vm.expectEmit(address(bridge));
        emit IPointsBridge.Redeemed(1, _member(0), 2 * POINT, REFERENCE);
        vm.prank(_member(0));
        bridge.redeem(2 * POINT, REFERENCE);
        vm.expectEmit(address(bridge));
        emit IPointsBridge.Redeemed(2, _member(1), 3 * POINT, REFERENCE);
        vm.prank(_member(1));
        bridge.redeem(3 * POINT, REFERENCE);
    }

    function test_PausedAndUnpaused() public {
        vm.expectEmit(address(bridge));
        emit IPointsBridge.Paused(guardian);
        vm.prank(guardian);
        bridge.pause();
        vm.prank(guardian);
        vm.expectRevert(IPointsBridge.BridgePaused.selector);
        bridge.pause();
        vm.expectEmit(address(bridge));
        emit IPointsBridge.Unpaused();
        vm.prank(address(timelock));
        bridge.unpause();
    }

    function test_LimitsAndKeysSet() public {
        IPointsBridge.Limits memory present = IPointsBridge.Limits(CAPACITY + 1, REFILL_PER_DAY + 2, GROWTH + 3);
        vm.startPrank(address(timelock));
        vm.expectEmit(address(bridge));
        emit IPointsBridge.LimitsSet(_limits(), present);
        bridge.setLimits(present);
        vm.expectEmit(address(bridge));
        emit IPointsBridge.PosterSet(poster, address(0x51));
        bridge.setPoster(address(0x51));
        vm.expectEmit(address(bridge));
        emit IPointsBridge.WatcherSet(watcher, address(0x52));
        bridge.setWatcher(address(0x52));
        vm.expectEmit(address(bridge));
        emit IPointsBridge.GuardianSet(guardian, address(0x53), uint48(block.timestamp) + GUARDIAN_TERM_S);
        bridge.setGuardian(address(0x53));
        vm.stopPrank();
        _require(bridge.poster() == address(0x51) && bridge.watcher() == address(0x52), "keys");
        _require(bridge.guardian() == address(0x53), "guardian");
    }

    /// @dev An indexer that begins at the first block learns everything from events.
    function test_AtTheBeginning() public {
        address next = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
        address token_ = _create("VklToken", abi.encode(next));
        vm.expectEmit(next);
        emit IPointsBridge.LimitsSet(IPointsBridge.Limits(0, 0, 0), _limits());
        vm.expectEmit(next);
        emit IPointsBridge.PosterSet(address(0), poster);
        vm.expectEmit(next);
        emit IPointsBridge.WatcherSet(address(0), watcher);
        vm.expectEmit(next);
        emit IPointsBridge.GuardianSet(address(0), guardian, uint48(block.timestamp) + GUARDIAN_TERM_S);
        _createBridge(token_, address(timelock), _roles(), _periods(), _limits());
    }

    function test_Minted() public {
        vm.expectEmit(address(token));
        emit IERC7802.CrosschainMint(MEMBER, 5, address(bridge));
        vm.prank(address(bridge));
        token.crosschainMint(MEMBER, 5);
        vm.expectEmit(address(token));
        emit IERC7802.CrosschainBurn(MEMBER, 3, address(bridge));
        vm.prank(address(bridge));
        token.crosschainBurn(MEMBER, 3);
    }

    // --- registers ---

    function test_ActivatedAndAnchored() public {
        vm.expectEmit(address(registry));
        emit IProgrammeRegistry.ProgrammeActivated(1, PROGRAMME, bytes32(0), uint64(block.timestamp) + 9);
        vm.prank(address(timelock));
        registry.activate(PROGRAMME, bytes32(0), uint64(block.timestamp) + 9);
        _require(registry.activation(1).activatedAt == block.timestamp, "recorded");
        vm.expectEmit(address(anchors));
        emit IAnchors.HeadAnchored(1, 7, PROGRAMME);
        vm.prank(anchorer);
        anchors.anchor(7, PROGRAMME);
        _require(anchors.head(1).treeSize == 7, "size");
        _require(anchors.head(1).anchoredAt == block.timestamp, "when");
        vm.expectEmit(address(anchors));
        emit IAnchors.AnchorerSet(anchorer, address(0x54));
        vm.prank(address(timelock));
        anchors.setAnchorer(address(0x54));
    }

    // --- governance ---

    function test_PinnedWithItsKind() public {
        Proposal memory proposal = _activation();
        bytes32[] memory codeHashes = new bytes32[](1);
        codeHashes[0] = address(registry).codehash;
        vm.expectEmit(address(governor));
        emit VklGovernor.ProposalPinned(proposal.id, VklGovernor.Kind.Programme, codeHashes);
        _propose(proposal);
    }

    function test_TermsSet() public {
        VklGovernor.Terms memory previous = governor.termsOf(VklGovernor.Kind.Text);
        VklGovernor.Terms memory present = previous;
        Proposal memory proposal = _passed(
            abi.encodeCall(governor.setTerms, (VklGovernor.Kind.Text, 15, 7)), "other terms"
        );
        previous = governor.termsOf(VklGovernor.Kind.Text);
        present.votingPeriodS = 15;
        present.quorumPercent = 7;
        vm.expectEmit(address(governor));
        emit VklGovernor.TermsSet(VklGovernor.Kind.Text, previous, present);
        _execute(proposal);
    }

    function test_GuardianTermSet() public {
        Proposal memory proposal =
            _passed(abi.encodeCall(governor.setProposalGuardian, (address(0x42))), "guardian");
        vm.expectEmit(address(governor));
        emit VklGovernor.ProposalGuardianTermSet(address(0x42), uint48(block.timestamp) + GUARDIAN_TERM_S);
        _execute(proposal);
    }

    function test_SettingsRefusedByName() public {
        _refuse(
            abi.encodeCall(governor.setVotingPeriod, (41)),
            abi.encodeWithSelector(VklGovernor.SettingStepTooLarge.selector, 41, 20)
        );
        _refuse(
            abi.encodeCall(governor.setProposalThreshold, (0)),
            abi.encodeWithSelector(VklGovernor.SettingZero.selector)
        );
        _refuse(
            abi.encodeCall(governor.updateTimelock, (TimelockController(payable(address(9))))),
            abi.encodeWithSelector(VklGovernor.TimelockIsFixed.selector)
        );
    }

    function test_ABallotRejected() public {
        Proposal memory proposal = _activation();
        _propose(proposal);
        _open();
        IBallotRelay.SignedBallot[] memory ballots = new IBallotRelay.SignedBallot[](2);
        ballots[0].proposalId = proposal.id;
        ballots[0].support = 1;
        ballots[0].voter = _member(0);
        ballots[0].signature = _ballotSignature(0, proposal.id, 1);
        ballots[1] = ballots[0];
        vm.expectEmit(address(relay));
        emit IBallotRelay.BallotRejected(
            proposal.id,
            _member(0),
            1,
            abi.encodeWithSelector(IGovernor.GovernorInvalidSignature.selector, _member(0))
        );
        relay.castBallots(ballots);
    }

    function _activation() private view returns (Proposal memory) {
        return _single(
            address(registry), abi.encodeCall(registry.activate, (PROGRAMME, bytes32(0), 0)), "activate"
        );
    }

    function _passed(bytes memory call, string memory description)
        private
        returns (Proposal memory proposal)
    {
        proposal = _single(address(governor), call, description);
        _propose(proposal);
        _open();
        _vote(proposal, 3, 1);
        _close();
        _queue(proposal);
    }

    function _refuse(bytes memory call, bytes memory refusal) private {
        Proposal memory proposal = _passed(call, string(call));
        vm.expectRevert(refusal);
        _execute(proposal);
    }
}
