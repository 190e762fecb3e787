// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {VklGovernor} from "vklad/VklGovernor.sol";
import {IPointsBridge} from "vklad/interfaces/IPointsBridge.sol";

import {Governance} from "./Governance.sol";

/// @dev What one vote may change at once, however it is put together.
contract CharterTest is Governance {
    VklGovernor.Kind private constant CONSTITUTION = VklGovernor.Kind.Constitution;
    VklGovernor.Kind private constant PROGRAMME = VklGovernor.Kind.Programme;

    function setUp() public {
        _deployWithMembers();
    }

    function test_StepsOfOneVoteDoNotAddUp() public {
        VklGovernor.Terms memory terms = governor.termsOf(PROGRAMME);
        uint32 period = terms.votingPeriodS;
        bytes memory once = abi.encodeCall(
            governor.setTerms, (PROGRAMME, period * 2, terms.quorumPercent)
        );
        bytes memory again = abi.encodeCall(
            governor.setTerms, (PROGRAMME, period * 4, terms.quorumPercent)
        );
        _refusePair(address(governor), once, again, _changedJustNow(17));
        _require(governor.termsOf(PROGRAMME).votingPeriodS == period, "nothing of it");
    }

    function test_APercentageIsNotHalvedTwice() public {
        VklGovernor.Terms memory terms = governor.termsOf(PROGRAMME);
        bytes memory once = abi.encodeCall(
            governor.setTerms, (PROGRAMME, terms.votingPeriodS, terms.quorumPercent / 2)
        );
        bytes memory again = abi.encodeCall(
            governor.setTerms, (PROGRAMME, terms.votingPeriodS, terms.quorumPercent / 4)
        );
        _refusePair(address(governor), once, again, _changedJustNow(33));
    }

    function test_OneSettingUnderTwoNamesIsOne() public {
        uint8 percent = governor.termsOf(CONSTITUTION).quorumPercent;
        bytes memory once = abi.encodeCall(governor.setVotingPeriod, (40));
        bytes memory again = abi.encodeCall(governor.setTerms, (CONSTITUTION, 80, percent));
        _refusePair(address(governor), once, again, _changedJustNow(16));
    }

    function test_OtherSettingsAreNotDoubledTwice() public {
        _refusePair(
            address(governor),
            abi.encodeCall(governor.setProposalThreshold, (2 * POINT)),
            abi.encodeCall(governor.setProposalThreshold, (4 * POINT)),
            _changedJustNow(1)
        );
        uint48 delayS = uint48(governor.votingDelay());
        _refusePair(
            address(governor),
            abi.encodeCall(governor.setVotingDelay, (delayS * 2)),
            abi.encodeCall(governor.setVotingDelay, (delayS * 4)),
            _changedJustNow(0)
        );
        uint48 extensionS = governor.lateQuorumVoteExtension();
        _refusePair(
            address(governor),
            abi.encodeCall(governor.setLateQuorumVoteExtension, (extensionS / 2)),
            abi.encodeCall(governor.setLateQuorumVoteExtension, (extensionS / 4)),
            _changedJustNow(2)
        );
    }

    function test_LimitsOfOneVoteDoNotAddUp() public {
        _refusePair(
            address(bridge),
            abi.encodeCall(
                bridge.setLimits, (IPointsBridge.Limits(CAPACITY, REFILL_PER_DAY * 2, GROWTH))
            ),
            abi.encodeCall(
                bridge.setLimits, (IPointsBridge.Limits(CAPACITY, REFILL_PER_DAY * 3, GROWTH))
            ),
            abi.encodeWithSelector(IPointsBridge.LimitsSetJustNow.selector)
        );
        _require(bridge.limits().refillPointsPerDay == REFILL_PER_DAY, "nothing of it");
    }

    function test_SeveralSettingsChangeInOneVote() public {
        Proposal memory proposal = _pair(
            address(governor),
            abi.encodeCall(governor.setTerms, (PROGRAMME, 11, 11)),
            abi.encodeCall(governor.setTerms, (VklGovernor.Kind.Text, 12, 6))
        );
        _pass(proposal);
        _require(governor.termsOf(PROGRAMME).quorumPercent == 11, "one kind");
        _require(governor.termsOf(VklGovernor.Kind.Text).votingPeriodS == 12, "another");
        Proposal memory same = _pair(
            address(governor),
            abi.encodeCall(governor.setTerms, (PROGRAMME, 11, 11)),
            abi.encodeCall(governor.setTerms, (PROGRAMME, 11, 12))
        );
        _pass(same);
        _require(governor.termsOf(PROGRAMME).quorumPercent == 12, "what stays is no step");
    }

    /// @dev Two votes are two steps, in two seconds.
    function test_AnotherVoteHasTheNextSecond() public {
        Proposal memory first = _queued(abi.encodeCall(governor.setProposalThreshold, (2 * POINT)));
        Proposal memory second = _queued(abi.encodeCall(governor.setProposalThreshold, (3 * POINT)));
        _execute(first);
        vm.expectRevert(_changedJustNow(1));
        _execute(second);
        vm.warp(block.timestamp + 1);
        _execute(second);
        _require(governor.proposalThreshold() == 3 * POINT, "another vote");
    }

    function test_TheGuardAgainstLateQuorumsStays() public {
        Proposal memory off = _queued(abi.encodeCall(governor.setLateQuorumVoteExtension, (0)));
        vm.expectRevert(abi.encodeWithSelector(VklGovernor.SettingZero.selector));
        _execute(off);
        uint48 extensionS = governor.lateQuorumVoteExtension();
        Proposal memory most = _queued(
            abi.encodeCall(governor.setLateQuorumVoteExtension, (extensionS * 2 + 1))
        );
        vm.expectRevert(
            abi.encodeWithSelector(
                VklGovernor.SettingStepTooLarge.selector, extensionS * 2 + 1, extensionS
            )
        );
        _execute(most);
        _pass(
            _single(
                address(governor),
                abi.encodeCall(governor.setLateQuorumVoteExtension, (extensionS + 1)),
                "a little longer"
            )
        );
        _require(governor.lateQuorumVoteExtension() == extensionS + 1, "by vote");
    }

    /// @dev A delay of a century would be the last vote that ever had an effect.
    function test_TheTimelocksDelayHasACeiling() public {
        _pass(
            _single(
                address(timelock), abi.encodeCall(timelock.updateDelay, (36_500 days)), "a century"
            )
        );
        _require(timelock.getMinDelay() == 30 days, "a month");
        _require(timelock.DELAY_CEILING_S() == 30 days, "as it says");
    }

    function _refusePair(address target, bytes memory once, bytes memory again, bytes memory refusal)
        private
    {
        Proposal memory proposal = _pair(target, once, again);
        _propose(proposal);
        _decide(proposal);
        vm.expectRevert(refusal);
        _execute(proposal);
    }

    function _queued(bytes memory call) private returns (Proposal memory proposal) {
        proposal = _single(address(governor), call, "one");
        _propose(proposal);
        _decide(proposal);
    }

    function _decide(Proposal memory proposal) private {
        _open();
        _vote(proposal, 4, 1);
        _close();
        _queue(proposal);
    }

    function _pair(address target, bytes memory once, bytes memory again)
        private
        pure
        returns (Proposal memory proposal)
    {
        proposal.targets = new address[](2);
        proposal.values = new uint256[](2);
        proposal.calldatas = new bytes[](2);
        (proposal.targets[0], proposal.targets[1]) = (target, target);
        (proposal.calldatas[0], proposal.calldatas[1]) = (once, again);
        proposal.description = "both at once";
        proposal.id = uint256(
            keccak256(
                abi.encode(
                    proposal.targets,
                    proposal.values,
                    proposal.calldatas,
                    keccak256(bytes(proposal.description))
                )
            )
        );
    }

    function _changedJustNow(uint256 setting) private pure returns (bytes memory) {
        return abi.encodeWithSelector(VklGovernor.SettingChangedJustNow.selector, setting);
    }
}
