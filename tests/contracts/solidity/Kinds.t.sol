// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";

import {VklGovernor} from "vklad/VklGovernor.sol";
import {IPointsBridge} from "vklad/interfaces/IPointsBridge.sol";

import {Governance} from "./Governance.sol";

/// @dev A proposal is what its calls make it, and is voted on by that kind's terms.
contract KindsTest is Governance {
    bytes32 private constant HASH = keccak256("anything");

    function setUp() public {
        _deployWithMembers();
    }

    function test_EachCallHasItsKind() public view {
        _requireKind(_activation(), VklGovernor.Kind.Programme);
        _requireKind(_limits(CAPACITY, "limits"), VklGovernor.Kind.Limits);
        _requireKind(_spending(), VklGovernor.Kind.Spending);
        _requireKind(
            _single(address(token), abi.encodeCall(token.transfer, (_member(0), 1)), "tokens"),
            VklGovernor.Kind.Spending
        );
        _requireKind(
            _single(address(mandates), abi.encodeCall(mandates.openBudget, (1, HASH)), "budget"),
            VklGovernor.Kind.Budget
        );
        _requireKind(_text("text"), VklGovernor.Kind.Text);
    }

    function test_WhateverElseIsTheConstitutions() public view {
        _requireKind(
            _single(address(bridge), abi.encodeCall(bridge.setPoster, (address(9))), "poster"),
            VklGovernor.Kind.Constitution
        );
        _requireKind(
            _single(address(token), abi.encodeCall(token.approve, (address(9), 1)), "approve"),
            VklGovernor.Kind.Constitution
        );
        _requireKind(
            _single(address(0x77), abi.encodeCall(mandates.resolve, (HASH)), "elsewhere"),
            VklGovernor.Kind.Constitution
        );
        _requireKind(_single(address(mandates), hex"ffffff", "short"), VklGovernor.Kind.Constitution);
        _requireKind(
            _single(address(mandates), abi.encodeCall(mandates.pointsLeft, ()), "another function"),
            VklGovernor.Kind.Constitution
        );
        _requireKind(
            _single(address(registry), abi.encodeCall(registry.current, ()), "of the registry"),
            VklGovernor.Kind.Constitution
        );
        _requireKind(
            _single(address(bridge), abi.encodeCall(registry.activate, (HASH, 0, 0)), "not its own"),
            VklGovernor.Kind.Constitution
        );
        Proposal memory paid = _text("with money");
        paid.values[0] = 1;
        _requireKind(paid, VklGovernor.Kind.Constitution);
    }

    function test_TwoKindsTogetherAreTheConstitutions() public view {
        Proposal memory both = _pair(_text("both"), _spending());
        _requireKind(both, VklGovernor.Kind.Constitution);
        _requireKind(_pair(_spending(), _text("both")), VklGovernor.Kind.Constitution);
        Proposal memory same = _pair(_text("same"), _text("same"));
        _requireKind(same, VklGovernor.Kind.Text);
    }

    function test_PeriodAndQuorumAreTheKinds() public {
        Proposal memory text = _text("short");
        _propose(text);
        _require(
            governor.proposalDeadline(text.id) == governor.proposalSnapshot(text.id) + 10, "text's period"
        );
        _require(governor.votingPeriod() == 20, "the constitution's again");
        _open();
        _vote(text, 2, 1);
        _require(governor.proposalQuorum(text.id) == 20 * POINT, "five percent of 400");
        vm.warp(block.timestamp + 16);
        _requireState(text, IGovernor.ProposalState.Succeeded);

        Proposal memory hidden = _pair(_text("hidden"), _spending());
        _propose(hidden);
        _require(
            governor.proposalDeadline(hidden.id) == governor.proposalSnapshot(hidden.id) + 20, "longer"
        );
        _open();
        _vote(hidden, 2, 1);
        _close();
        _requireState(hidden, IGovernor.ProposalState.Defeated);
    }

    function test_LoweringAQuorumRevivesNothing() public {
        Proposal memory activation = _activation();
        _propose(activation);
        VklGovernor.Pinned memory before = governor.proposalTerms(activation.id);
        _pass(
            _single(
                address(governor),
                abi.encodeCall(governor.setTerms, (VklGovernor.Kind.Programme, 10, 5)),
                "easier"
            )
        );
        _require(governor.termsOf(VklGovernor.Kind.Programme).quorumPercent == 5, "for later ones");
        _require(governor.termsOf(VklGovernor.Kind.Programme).quorumTokensFloor == 30, "the floor stays");
        _require(
            governor.proposalTerms(activation.id).quorumPercent == before.quorumPercent, "as it was made"
        );
        _requireState(activation, IGovernor.ProposalState.Defeated);
    }

    function test_TheConstitutionsPeriodHasTwoNames() public {
        _pass(
            _single(
                address(governor),
                abi.encodeCall(governor.setTerms, (VklGovernor.Kind.Constitution, 30, 20)),
                "longer"
            )
        );
        _require(governor.votingPeriod() == 30, "period");
        _pass2(
            _single(address(governor), abi.encodeCall(governor.setVotingPeriod, (40)), "longer still")
        );
        _require(governor.termsOf(VklGovernor.Kind.Constitution).votingPeriodS == 40, "terms");
        _require(governor.quorum(block.timestamp - 1) == 80 * POINT, "a fifth");
    }

    function test_TermsAreSetByVoteOnly() public {
        vm.expectRevert();
        governor.setTerms(VklGovernor.Kind.Text, 10, 5);
    }

    function test_AProposalWithoutCallsOrOfUnequalListsIsRefused() public {
        Proposal memory nothing = _text("nothing");
        nothing.targets = new address[](0);
        vm.expectRevert(
            abi.encodeWithSelector(IGovernor.GovernorInvalidProposalLength.selector, 0, 1, 1)
        );
        _propose(nothing);
        Proposal memory unequal = _text("unequal");
        unequal.calldatas = new bytes[](2);
        vm.expectRevert(
            abi.encodeWithSelector(IGovernor.GovernorInvalidProposalLength.selector, 1, 2, 1)
        );
        _propose(unequal);
        Proposal memory unpaid = _text("unpaid");
        unpaid.values = new uint256[](0);
        vm.expectRevert(
            abi.encodeWithSelector(IGovernor.GovernorInvalidProposalLength.selector, 1, 1, 0)
        );
        _propose(unpaid);
    }

    function _pass2(Proposal memory proposal) private {
        _propose(proposal);
        _open();
        _vote(proposal, 4, 1);
        vm.warp(block.timestamp + 46);
        _queue(proposal);
        _execute(proposal);
    }

    function _requireKind(Proposal memory proposal, VklGovernor.Kind kind) private view {
        _require(governor.kindOf(proposal.targets, proposal.values, proposal.calldatas) == kind, "kind");
    }

    function _activation() private view returns (Proposal memory) {
        return _single(address(registry), abi.encodeCall(registry.activate, (HASH, 0, 0)), "activation");
    }

    function _limits(uint64 capacity, string memory description) private view returns (Proposal memory) {
        return _single(
            address(bridge),
            abi.encodeCall(bridge.setLimits, (IPointsBridge.Limits(capacity, REFILL_PER_DAY, GROWTH))),
            description
        );
    }

    function _spending() private view returns (Proposal memory) {
        return _single(
            address(mandates), abi.encodeCall(mandates.spend, (bytes32("treasury"), 100, HASH)), "spending"
        );
    }

    function _text(string memory description) private view returns (Proposal memory) {
        return _single(
            address(mandates),
            abi.encodeCall(mandates.resolve, (keccak256(bytes(description)))),
            description
        );
    }

    function _pair(Proposal memory one, Proposal memory other) private view returns (Proposal memory pair) {
        pair.targets = new address[](2);
        pair.values = new uint256[](2);
        pair.calldatas = new bytes[](2);
        (pair.targets[0], pair.targets[1]) = (one.targets[0], other.targets[0]);
        (pair.calldatas[0], pair.calldatas[1]) = (one.calldatas[0], other.calldatas[0]);
        pair.description = one.description;
        pair.id = governor.hashProposal(
            pair.targets, pair.values, pair.calldatas, keccak256(bytes(pair.description))
        );
    }
}
