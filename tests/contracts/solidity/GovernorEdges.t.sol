// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";

import {VklGovernor} from "vklad/VklGovernor.sol";
import {IMandates} from "vklad/interfaces/IMandates.sol";
import {IPointsBridge} from "vklad/interfaces/IPointsBridge.sol";

import {Governance} from "./Governance.sol";
import {Vm} from "./Vm.sol";

/// @dev Values next to those that the governor compares with.
contract VklGovernorEdgesTest is Governance {
    VklGovernor.Kind private constant CONSTITUTION = VklGovernor.Kind.Constitution;

    function setUp() public {
        _deployWithMembers();
    }

    /// @dev The least and the greatest name of a function are nobody's, whatever contract is called.
    function test_ANameIsNotComparedByItsSize() public view {
        address[4] memory targets =
            [address(mandates), address(registry), address(token), address(bridge)];
        for (uint256 i = 0; i < targets.length; ++i) {
            _requireKind(targets[i], hex"00000000", CONSTITUTION);
            _requireKind(targets[i], hex"ffffffff", CONSTITUTION);
        }
    }

    /// @dev A name alone is enough: what is called with it is the callee's to refuse.
    function test_ANameAloneMakesTheKind() public view {
        _requireKind(
            address(mandates), abi.encodePacked(IMandates.resolve.selector), VklGovernor.Kind.Text
        );
        _requireKind(
            address(bridge), abi.encodePacked(IPointsBridge.setLimits.selector), VklGovernor.Kind.Limits
        );
    }

    function test_ANameAloneReplacesAGuardian() public {
        Proposal memory here = _single(
            address(governor), abi.encodePacked(governor.setProposalGuardian.selector), "a name alone"
        );
        _propose(here);
        _refuseCancel(here);
        bytes[2] memory others = [bytes(hex"00000000"), bytes(hex"ffffffff")];
        for (uint256 i = 0; i < others.length; ++i) {
            _cancelled(_single(address(governor), others[i], "here"));
            _cancelled(_single(address(bridge), others[i], "there"));
        }
    }

    function test_GuardianHasNoPowerLongAfterItsTermEither() public {
        Proposal memory proposal = _single(address(registry), hex"00000000", "later");
        vm.warp(governor.proposalGuardianTermEndsAt() + 1);
        _propose(proposal);
        _refuseCancel(proposal);
    }

    function test_NothingAtAllIsNoProposal() public {
        Proposal memory nothing;
        vm.expectRevert(
            abi.encodeWithSelector(IGovernor.GovernorInvalidProposalLength.selector, 0, 0, 0)
        );
        _propose(nothing);
    }

    function test_AQuorumMayBeTheWholeSupply() public {
        VklGovernor.Parameters memory settings = _settings();
        settings.terms[0].quorumPercent = 100;
        VklGovernor strict = VklGovernor(payable(_createGovernor(guardian, settings)));
        _require(strict.termsOf(CONSTITUTION).quorumPercent == 100, "all of it");
    }

    /// @dev OpenZeppelin's own period follows in both directions, and is left alone where it is the same.
    function test_TheConstitutionsPeriodShrinksByTerms() public {
        VklGovernor.Terms memory terms = governor.termsOf(CONSTITUTION);
        bytes memory sameS = abi.encodeCall(governor.setTerms, (CONSTITUTION, terms.votingPeriodS, 11));
        bytes memory halfS = abi.encodeCall(governor.setTerms, (CONSTITUTION, terms.votingPeriodS / 2, 11));
        Proposal memory same = _decided(_single(address(governor), sameS, "the same"));
        vm.recordLogs();
        _execute(same);
        _require(_periodsSet() == 0, "no period is set");
        Proposal memory half = _decided(_single(address(governor), halfS, "half"));
        vm.recordLogs();
        _execute(half);
        _require(_periodsSet() == 1, "a period is set");
        _require(governor.votingPeriod() == terms.votingPeriodS / 2, "half");
    }

    function _periodsSet() private returns (uint256 count) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] == keccak256("VotingPeriodSet(uint256,uint256)")) ++count;
        }
    }

    function _decided(Proposal memory proposal) private returns (Proposal memory) {
        _propose(proposal);
        _open();
        _vote(proposal, 4, 1);
        _close();
        _queue(proposal);
        return proposal;
    }

    function _cancelled(Proposal memory proposal) private {
        _propose(proposal);
        _cancel(proposal, guardian);
        _requireState(proposal, IGovernor.ProposalState.Canceled);
    }

    function _refuseCancel(Proposal memory proposal) private {
        bytes32 descriptionHash = keccak256(bytes(proposal.description));
        vm.prank(guardian);
        vm.expectRevert(
            abi.encodeWithSelector(
                IGovernor.GovernorUnableToCancel.selector, proposal.id, guardian
            )
        );
        governor.cancel(proposal.targets, proposal.values, proposal.calldatas, descriptionHash);
    }

    function _requireKind(address target, bytes memory calldata_, VklGovernor.Kind kind) private view {
        Proposal memory proposal = _single(target, calldata_, "");
        _require(governor.kindOf(proposal.targets, proposal.values, proposal.calldatas) == kind, "kind");
    }
}
