// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";
import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";

import {GovernorProposeBySig} from "vklad/GovernorProposeBySig.sol";
import {VklGovernor} from "vklad/VklGovernor.sol";
import {VklTimelock} from "vklad/VklTimelock.sol";
import {IPointsBridge} from "vklad/interfaces/IPointsBridge.sol";

import {Governance} from "./Governance.sol";

/// @dev Something a vote may call, which can be replaced under its address.
contract Target {
    uint256 public calls;

    function touch() external {
        ++calls;
    }
}

contract Replacement {
    uint256 public calls;

    function touch() external {
        calls += 1000;
    }
}

contract VklGovernorTest is Governance {
    bytes32 private constant PROGRAMME = keccak256("programme 1");

    function setUp() public {
        _deployWithMembers();
    }

    function test_AProgrammeIsActivatedByVote() public {
        Proposal memory proposal = _activation("one");
        _propose(proposal);
        _requireState(proposal, IGovernor.ProposalState.Pending);
        _open();
        _vote(proposal, 3, 1);
        _close();
        _requireState(proposal, IGovernor.ProposalState.Succeeded);
        _queue(proposal);
        _requireState(proposal, IGovernor.ProposalState.Queued);
        vm.prank(address(0xdead));
        _execute(proposal);
        _requireState(proposal, IGovernor.ProposalState.Executed);
        _require(registry.current() == PROGRAMME, "in force");
        _require(registry.activation(1).effectiveAt == block.timestamp, "from now");
    }

    function test_QuorumOfVoters() public {
        Proposal memory proposal = _activation("two voters");
        _propose(proposal);
        _open();
        _vote(proposal, 2, 1);
        _require(governor.proposalTerms(proposal.id).voters == 2, "voters");
        _close();
        _requireState(proposal, IGovernor.ProposalState.Defeated);
    }

    function test_QuorumIsTheGreaterOfFractionAndFloor() public {
        uint256 now_ = block.timestamp - 1;
        _require(governor.quorum(now_) == 40 * POINT, "ten percent of 400");
        vm.prank(_member(0));
        bridge.redeem(100 * POINT, bytes32(uint256(1)));
        vm.prank(_member(1));
        bridge.redeem(100 * POINT, bytes32(uint256(1)));
        now_ = block.timestamp;
        vm.warp(now_ + 1);
        _require(governor.quorum(now_) == 30 * POINT, "floor");
    }

    function test_WhoAbstainsCountsTowardsTheQuorum() public {
        Proposal memory proposal = _activation("abstain");
        _propose(proposal);
        _open();
        bytes memory few = abi.encodePacked(uint128(0), uint128(POINT), uint128(0));
        vm.prank(_member(0));
        governor.castVoteWithReasonAndParams(proposal.id, 255, "", few);
        for (uint256 i = 1; i < 3; ++i) {
            vm.prank(_member(i));
            governor.castVote(proposal.id, 2);
        }
        _close();
        _requireState(proposal, IGovernor.ProposalState.Succeeded);
    }

    function test_AVoterCountsOnceAndNotWithDust() public {
        Proposal memory proposal = _activation("dust");
        address dusty = vm.addr(0xD57);
        vm.prank(_member(3));
        token.transfer(dusty, POINT - 1);
        vm.prank(dusty);
        token.delegate(dusty);
        vm.warp(block.timestamp + 1);
        _propose(proposal);
        _open();
        vm.prank(dusty);
        governor.castVote(proposal.id, 1);
        _require(governor.proposalTerms(proposal.id).voters == 0, "dust is no voter");
        bytes memory split = abi.encodePacked(uint128(0), uint128(POINT), uint128(0));
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(_member(0));
            governor.castVoteWithReasonAndParams(proposal.id, 255, "", split);
        }
        _require(governor.proposalTerms(proposal.id).voters == 1, "one voter in three parts");
    }

    function test_DefeatedByVotes() public {
        Proposal memory proposal = _activation("no");
        _propose(proposal);
        _open();
        _vote(proposal, 4, 0);
        _close();
        _requireState(proposal, IGovernor.ProposalState.Defeated);
    }

    function test_QueuedTwiceIsRefused() public {
        Proposal memory proposal = _activation("twice");
        _propose(proposal);
        _open();
        _vote(proposal, 3, 1);
        _close();
        _queue(proposal);
        vm.expectRevert(
            abi.encodeWithSelector(
                IGovernor.GovernorUnexpectedProposalState.selector,
                proposal.id,
                IGovernor.ProposalState.Queued,
                bytes32(uint256(1) << uint8(IGovernor.ProposalState.Succeeded))
            )
        );
        governor.queue(
            proposal.targets, proposal.values, proposal.calldatas, keccak256(bytes(proposal.description))
        );
    }

    function test_LateQuorumLeavesTimeToAnswer() public {
        Proposal memory proposal = _activation("late");
        _propose(proposal);
        uint256 deadline = governor.proposalDeadline(proposal.id);
        vm.warp(deadline);
        _vote(proposal, 3, 1);
        _require(governor.proposalDeadline(proposal.id) == deadline + 5, "extended");
    }

    // --- pins ---

    function test_AChangedTargetIsNotCalled() public {
        Target target = new Target();
        Proposal memory proposal = _single(address(target), abi.encodeCall(Target.touch, ()), "touch");
        _propose(proposal);
        bytes32 pinned = governor.proposalPin(proposal.id);
        _require(pinned == keccak256(abi.encodePacked(address(target).codehash)), "pin");
        _open();
        _vote(proposal, 3, 1);
        _close();
        _queue(proposal);
        vm.etch(address(target), address(new Replacement()).code);
        bytes32 present = keccak256(abi.encodePacked(address(target).codehash));
        vm.expectRevert(
            abi.encodeWithSelector(VklGovernor.TargetCodeChanged.selector, proposal.id, pinned, present)
        );
        _execute(proposal);
        _require(target.calls() == 0, "not called");
    }

    /// @dev Whatever the new code's hash is, greater or less than the pinned one.
    function test_AnyChangeIsSeen() public {
        Target target = new Target();
        Proposal memory proposal = _single(address(target), abi.encodeCall(Target.touch, ()), "any");
        _propose(proposal);
        bytes32 pinned = governor.proposalPin(proposal.id);
        _open();
        _vote(proposal, 3, 1);
        _close();
        _queue(proposal);
        uint256 greater;
        uint256 less;
        for (uint8 last = 0; last < 16; ++last) {
            vm.etch(address(target), abi.encodePacked(type(Replacement).runtimeCode, last));
            bytes32 present = keccak256(abi.encodePacked(address(target).codehash));
            if (present > pinned) ++greater;
            else ++less;
            vm.expectRevert(
                abi.encodeWithSelector(VklGovernor.TargetCodeChanged.selector, proposal.id, pinned, present)
            );
            _execute(proposal);
        }
        _require(greater > 0 && less > 0, "both ways");
    }

    function test_AnAccountWithoutCodeMayBePaidMeanwhile() public {
        address payee = address(0xFACE);
        Proposal memory proposal = _single(payee, "", "pay");
        proposal.values[0] = 1;
        proposal.id = governor.hashProposal(
            proposal.targets, proposal.values, proposal.calldatas, keccak256(bytes("pay"))
        );
        vm.deal(address(timelock), 1);
        _propose(proposal);
        _open();
        _vote(proposal, 3, 1);
        _close();
        _queue(proposal);
        vm.deal(payee, 5);
        _execute(proposal);
        _require(payee.balance == 6, "paid");
    }

    function test_TheTimelockCannotBePassedBy() public {
        Proposal memory proposal = _activation("direct");
        _propose(proposal);
        _open();
        _vote(proposal, 3, 1);
        _close();
        _queue(proposal);
        bytes32 salt = bytes20(address(governor)) ^ keccak256(bytes(proposal.description));
        vm.expectRevert();
        timelock.executeBatch(proposal.targets, proposal.values, proposal.calldatas, 0, salt);
    }

    // --- guardian ---

    function test_GuardianCancelsInTermOnly() public {
        Proposal memory proposal = _activation("bad");
        _propose(proposal);
        _open();
        _vote(proposal, 3, 1);
        _close();
        _queue(proposal);
        _refuseCancel(proposal, _member(0));
        _cancel(proposal, guardian);
        _requireState(proposal, IGovernor.ProposalState.Canceled);
        vm.warp(governor.proposalGuardianTermEndsAt());
        Proposal memory another = _activation("another");
        _propose(another);
        _refuseCancel(another, guardian);
        _cancel(another, _member(0));
        _requireState(another, IGovernor.ProposalState.Canceled);
    }

    function test_GuardianCannotCancelItsReplacement() public {
        Proposal memory proposal = _single(
            address(governor), abi.encodeCall(governor.setProposalGuardian, (address(0x42))), "replace"
        );
        _propose(proposal);
        _refuseCancel(proposal, guardian);
        _open();
        _vote(proposal, 3, 1);
        _close();
        _queue(proposal);
        _refuseCancel(proposal, guardian);
        _execute(proposal);
        _require(governor.proposalGuardian() == address(0x42), "replaced");
        _require(
            governor.proposalGuardianTermEndsAt() == block.timestamp + GUARDIAN_TERM_S, "a new term"
        );
        _pass(_single(address(bridge), abi.encodeCall(bridge.setGuardian, (address(0x43))), "bridge's"));
        _require(bridge.guardian() == address(0x43), "bridge's, too");
    }

    function test_GuardianCannotCancelTheBridgesReplacementEither() public {
        Proposal memory proposal =
            _single(address(bridge), abi.encodeCall(bridge.setGuardian, (address(0x43))), "bridge's");
        _propose(proposal);
        _refuseCancel(proposal, guardian);
    }

    /// @dev A call too short to name a function, a function of that name elsewhere, another one here.
    function test_GuardianCancelsWhateverElseThereIs() public {
        bytes memory replacing = abi.encodeCall(governor.setProposalGuardian, (address(0x42)));
        Proposal[4] memory proposals = [
            _single(address(governor), "", "nothing is called"),
            _single(address(governor), hex"ffffff", "too short"),
            _single(address(registry), replacing, "elsewhere"),
            _single(address(governor), abi.encodeCall(governor.setVotingDelay, (3)), "another setting")
        ];
        for (uint256 i = 0; i < proposals.length; ++i) {
            _propose(proposals[i]);
            _cancel(proposals[i], guardian);
            _requireState(proposals[i], IGovernor.ProposalState.Canceled);
        }
    }

    function test_GuardianCancelsNothingThatIsNotThere() public {
        address[] memory targets = new address[](1);
        targets[0] = address(governor);
        uint256 id = governor.hashProposal(targets, new uint256[](1), new bytes[](0), 0);
        vm.prank(guardian);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorNonexistentProposal.selector, id));
        governor.cancel(targets, new uint256[](1), new bytes[](0), 0);
    }

    function test_NothingHidesBesideAReplacement() public {
        Proposal memory proposal = _single(address(0), "", "hidden");
        proposal.targets = new address[](2);
        proposal.values = new uint256[](2);
        proposal.calldatas = new bytes[](2);
        proposal.targets[0] = address(governor);
        proposal.calldatas[0] = abi.encodeCall(governor.setProposalGuardian, (address(0x42)));
        proposal.targets[1] = address(registry);
        proposal.calldatas[1] = abi.encodeCall(registry.activate, (PROGRAMME, 0, 0));
        proposal.id = governor.hashProposal(
            proposal.targets, proposal.values, proposal.calldatas, keccak256(bytes("hidden"))
        );
        _propose(proposal);
        _cancel(proposal, guardian);
        _requireState(proposal, IGovernor.ProposalState.Canceled);
        Proposal memory lookalike =
            _single(address(registry), abi.encodeCall(bridge.setGuardian, (address(0x43))), "lookalike");
        _propose(lookalike);
        _cancel(lookalike, guardian);
        _requireState(lookalike, IGovernor.ProposalState.Canceled);
    }

    // --- bounded settings ---

    function test_SettingsMoveInSteps() public {
        _refuseSetting(abi.encodeCall(governor.setVotingPeriod, (41)));
        _refuseSetting(abi.encodeCall(governor.setVotingPeriod, (9)));
        _refuseSetting(abi.encodeCall(governor.setVotingDelay, (0)));
        _refuseSetting(abi.encodeCall(governor.setProposalThreshold, (2 * POINT + 1)));
        _refuseSetting(abi.encodeCall(governor.setTerms, (VklGovernor.Kind.Constitution, 20, 4)));
        _refuseSetting(abi.encodeCall(governor.setTerms, (VklGovernor.Kind.Programme, 41, 10)));
        _refuseSetting(abi.encodeCall(governor.setTerms, (VklGovernor.Kind.Programme, 20, 0)));
        _refuseSetting(abi.encodeCall(governor.updateTimelock, (TimelockController(payable(address(9))))));
        _pass(_single(address(governor), abi.encodeCall(governor.setVotingPeriod, (40)), "double"));
        _require(governor.votingPeriod() == 40, "doubled");
        _require(governor.votingDelay() == _settings().votingDelayS, "as deployed");
        Proposal memory later =
            _single(address(governor), abi.encodeCall(governor.setVotingDelay, (3)), "later");
        _propose(later);
        _open();
        _vote(later, 3, 1);
        vm.warp(block.timestamp + 46);
        _queue(later);
        _execute(later);
        _require(governor.votingDelay() == 3, "by vote");
    }

    function test_TheTimelocksDelayHasAFloor() public {
        _pass(_single(address(timelock), abi.encodeCall(timelock.updateDelay, (0)), "no delay"));
        _require(timelock.getMinDelay() == 3, "floor");
        _pass(_single(address(timelock), abi.encodeCall(timelock.updateDelay, (9)), "more delay"));
        _require(timelock.getMinDelay() == 9, "raised");
        vm.expectRevert(VklTimelock.NoDelay.selector);
        _create("VklTimelock", abi.encode(0, address(this)));
    }

    function test_ConstructionRefusals() public {
        VklGovernor.Parameters memory wrong = _settings();
        wrong.terms[3].quorumVotersFloor = 0;
        _refuseParameters(wrong, abi.encodeWithSelector(VklGovernor.SettingZero.selector));
        wrong = _settings();
        wrong.terms[5].quorumTokensFloor = 0;
        _refuseParameters(wrong, abi.encodeWithSelector(VklGovernor.SettingZero.selector));
        wrong = _settings();
        wrong.terms[1].votingPeriodS = 0;
        _refuseParameters(wrong, abi.encodeWithSelector(VklGovernor.SettingZero.selector));
        wrong = _settings();
        wrong.terms[0].quorumPercent = 101;
        _refuseParameters(wrong, abi.encodeWithSelector(VklGovernor.QuorumOverWhole.selector, 101));
        wrong = _settings();
        wrong.votingDelayS = 0;
        _refuseParameters(wrong, abi.encodeWithSelector(VklGovernor.SettingZero.selector));
        wrong = _settings();
        wrong.guardianTermS = 0;
        _refuseParameters(wrong, abi.encodeWithSelector(VklGovernor.SettingZero.selector));
    }

    // --- proposals by signature ---

    function test_ProposeBySignature() public {
        Proposal memory proposal = _activation("signed");
        uint256 deadline = block.timestamp + 60;
        bytes memory signature = _proposalSignature(1, proposal, deadline);
        vm.expectRevert(
            abi.encodeWithSelector(IGovernor.GovernorInvalidSignature.selector, _member(2))
        );
        _submit(_member(2), proposal, deadline, signature);
        vm.prank(address(0x9E1A));
        _submit(_member(1), proposal, deadline, signature);
        _require(governor.proposalProposer(proposal.id) == _member(1), "the member proposes");
        vm.expectRevert();
        _submit(_member(1), proposal, deadline, signature);
        vm.warp(deadline + 1);
        vm.expectRevert(
            abi.encodeWithSelector(GovernorProposeBySig.ProposalSignatureExpired.selector, deadline)
        );
        _submit(_member(1), proposal, deadline, signature);
    }

    /// @dev At the last second of the signature, with not one vote too many.
    function test_ProposeBySignatureOnTheEdge() public {
        _require(
            governor.PROPOSAL_TYPEHASH()
                == keccak256(
                    "Proposal(address proposer,address[] targets,uint256[] values,bytes[] calldatas,string description,uint256 deadline)"
                ),
            "what wallets show"
        );
        vm.prank(_member(1));
        token.transfer(_member(77), POINT);
        vm.prank(_member(77));
        token.delegate(_member(77));
        uint256 deadline = block.timestamp + 60;
        Proposal memory proposal = _activation("edge");
        bytes memory signature = _proposalSignature(77, proposal, deadline);
        vm.warp(deadline);
        _submit(_member(77), proposal, deadline, signature);
        _require(governor.proposalProposer(proposal.id) == _member(77), "proposed");
    }

    function test_ProposeBySignatureNeedsVotesAndTheRightName() public {
        Proposal memory proposal = _activation("poor");
        uint256 deadline = block.timestamp + 60;
        bytes memory signature = _proposalSignature(77, proposal, deadline);
        vm.expectRevert(
            abi.encodeWithSelector(
                IGovernor.GovernorInsufficientProposerVotes.selector, _member(77), 0, POINT
            )
        );
        _submit(_member(77), proposal, deadline, signature);
        Proposal memory named =
            _activation("named #proposer=0x0000000000000000000000000000000000000001");
        signature = _proposalSignature(1, named, deadline);
        vm.expectRevert(
            abi.encodeWithSelector(IGovernor.GovernorRestrictedProposer.selector, _member(1))
        );
        _submit(_member(1), named, deadline, signature);
    }

    function _activation(string memory description) private view returns (Proposal memory) {
        return _single(
            address(registry), abi.encodeCall(registry.activate, (PROGRAMME, bytes32(0), 0)), description
        );
    }

    function _refuseCancel(Proposal memory proposal, address by) private {
        bytes32 descriptionHash = keccak256(bytes(proposal.description));
        vm.prank(by);
        vm.expectRevert(
            abi.encodeWithSelector(IGovernor.GovernorUnableToCancel.selector, proposal.id, by)
        );
        governor.cancel(proposal.targets, proposal.values, proposal.calldatas, descriptionHash);
    }

    function _refuseParameters(VklGovernor.Parameters memory wrong, bytes memory reason) private {
        vm.expectRevert(reason);
        _createGovernor(guardian, wrong);
    }

    function _refuseSetting(bytes memory call) private {
        Proposal memory proposal = _single(address(governor), call, string(call));
        _propose(proposal);
        _open();
        _vote(proposal, 3, 1);
        _close();
        _queue(proposal);
        vm.expectRevert();
        _execute(proposal);
    }
}
