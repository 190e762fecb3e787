// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";

import {VklGovernor} from "vklad/VklGovernor.sol";
import {IBallotRelay} from "vklad/interfaces/IBallotRelay.sol";

import {Governance} from "./Governance.sol";

/// @dev A contract wallet that lets no ballot of others through if it can help it.
contract HostileWallet {
    bool private immutable RETURNS_MUCH;

    constructor(address token, bool returnsMuch) {
        RETURNS_MUCH = returnsMuch;
        (bool done,) = token.call(abi.encodeWithSignature("delegate(address)", address(this)));
        require(done);
    }

    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        if (RETURNS_MUCH) {
            assembly {
                revert(0, 60000)
            }
        }
        while (true) {}
        return bytes4(0);
    }
}

/// @dev Ballots, proposals and quorums in wrong hands. docs/threat-model.md names each test.
contract AttacksOnVotesTest is Governance {
    bytes32 private constant PROGRAMME = keccak256("programme");
    uint256 private constant ORDER =
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    function setUp() public {
        _deployWithMembers();
    }

    // --- a ballot somewhere else ---

    function test_ABallotOfAnotherChain() public {
        Proposal memory proposal = _opened("chain");
        bytes memory signature = _ballotSignature(1, proposal.id, 1);
        uint256 home = block.chainid;
        vm.chainId(home + 1);
        _refuseBallot(governor, proposal.id, signature);
        vm.chainId(home);
        governor.castVoteBySig(proposal.id, 1, _member(1), signature);
    }

    function test_ABallotOfAnotherContract() public {
        VklGovernor other = VklGovernor(payable(_createGovernor(guardian, _settings())));
        Proposal memory proposal = _activation("contract");
        _propose(proposal);
        vm.prank(_member(0));
        other.propose(proposal.targets, proposal.values, proposal.calldatas, proposal.description);
        _open();
        bytes memory signature = _ballotSignature(1, proposal.id, 1);
        _refuseBallot(other, proposal.id, signature);
        governor.castVoteBySig(proposal.id, 1, _member(1), signature);
    }

    function test_ABallotOfAnotherProposal() public {
        Proposal memory meant = _activation("meant");
        Proposal memory other = _activation("other");
        _propose(meant);
        _propose(other);
        _open();
        bytes memory signature = _ballotSignature(1, meant.id, 1);
        _refuseBallot(governor, other.id, signature);
        governor.castVoteBySig(meant.id, 1, _member(1), signature);
    }

    function test_ABallotCastTwice() public {
        Proposal memory proposal = _opened("twice");
        bytes memory signature = _ballotSignature(1, proposal.id, 1);
        governor.castVoteBySig(proposal.id, 1, _member(1), signature);
        _refuseBallot(governor, proposal.id, signature);
    }

    /// @dev A member revokes what it has signed by another ballot of the same number: a split of nothing
    /// uses the number up and casts no vote.
    function test_ABallotAfterItsRevocation() public {
        Proposal memory proposal = _opened("revoked");
        bytes memory signature = _ballotSignature(1, proposal.id, 1);
        bytes memory nothing = new bytes(48);
        governor.castVoteWithReasonAndParamsBySig(
            proposal.id, 255, _member(1), "", nothing, _extendedSignature(1, proposal.id, 255, "", nothing)
        );
        _refuseBallot(governor, proposal.id, signature);
        (uint256 against, uint256 for_, uint256 abstain) = governor.proposalVotes(proposal.id);
        _require(against + for_ + abstain == 0, "no vote was cast");
        governor.castVoteBySig(proposal.id, 0, _member(1), _ballotSignature(1, proposal.id, 0));
    }

    /// @dev Who votes in person is not voted for by what was signed before.
    function test_ABallotAfterVotingInPerson() public {
        Proposal memory proposal = _opened("in person");
        bytes memory signature = _ballotSignature(1, proposal.id, 1);
        vm.prank(_member(1));
        governor.castVote(proposal.id, 0);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorAlreadyCastVote.selector, _member(1)));
        governor.castVoteBySig(proposal.id, 1, _member(1), signature);
    }

    function testFuzz_AMalleatedSignature(uint256 key) public {
        vm.assume(key != 0 && key < ORDER);
        address voter = vm.addr(key);
        vm.prank(_member(3));
        token.transfer(voter, POINT);
        vm.prank(voter);
        token.delegate(voter);
        vm.warp(block.timestamp + 1);
        Proposal memory proposal = _opened("malleated");
        bytes32 structHash =
            keccak256(abi.encode(governor.BALLOT_TYPEHASH(), proposal.id, uint8(1), voter, uint256(0)));
        bytes32 digest = _digest(_domain("Vklad Governor", address(governor)), structHash);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        bytes memory other = abi.encodePacked(r, bytes32(ORDER - uint256(s)), v == 27 ? uint8(28) : uint8(27));
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorInvalidSignature.selector, voter));
        governor.castVoteBySig(proposal.id, 1, voter, other);
        governor.castVoteBySig(proposal.id, 1, voter, abi.encodePacked(r, s, v));
    }

    // --- votes that are not one's own ---

    function test_VotesBorrowedWithinOneBlock() public {
        address thief = vm.addr(0x7411EF);
        vm.prank(thief);
        token.delegate(thief);
        Proposal memory proposal = _activation("borrowed");
        for (uint256 i = 0; i < MEMBERS; ++i) {
            vm.prank(_member(i));
            token.transfer(thief, 100 * POINT);
        }
        _require(token.getVotes(thief) == 400 * POINT, "all votes for a moment");
        vm.prank(thief);
        vm.expectRevert(
            abi.encodeWithSelector(IGovernor.GovernorInsufficientProposerVotes.selector, thief, 0, POINT)
        );
        governor.propose(proposal.targets, proposal.values, proposal.calldatas, proposal.description);
        for (uint256 i = 0; i < MEMBERS; ++i) {
            vm.prank(thief);
            token.transfer(_member(i), 100 * POINT);
        }
        uint256 moment = block.timestamp;
        vm.warp(moment + 1);
        _require(token.getPastVotes(thief, moment) == 0, "nothing of it is remembered");
    }

    function test_VotesBorrowedToProposeBySignature() public {
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(_member(i));
            token.transfer(_member(77), 100 * POINT);
        }
        vm.prank(_member(77));
        token.delegate(_member(77));
        Proposal memory proposal = _activation("borrowed and signed");
        uint256 deadline = block.timestamp + 60;
        bytes memory signature = _proposalSignature(77, proposal, deadline);
        vm.expectRevert(
            abi.encodeWithSelector(
                IGovernor.GovernorInsufficientProposerVotes.selector, _member(77), 0, POINT
            )
        );
        _submit(_member(77), proposal, deadline, signature);
        vm.warp(block.timestamp + 1);
        _submit(_member(77), proposal, deadline, signature);
    }

    /// @dev At the snapshot's own second and after it.
    function test_VotesBorrowedDuringTheVote() public {
        Proposal memory proposal = _activation("during");
        _propose(proposal);
        address thief = vm.addr(0x7411EF);
        vm.prank(thief);
        token.delegate(thief);
        vm.warp(governor.proposalSnapshot(proposal.id));
        vm.prank(_member(1));
        token.transfer(thief, 100 * POINT);
        vm.prank(thief);
        token.transfer(_member(1), 100 * POINT);
        vm.warp(block.timestamp + 1);
        vm.prank(_member(1));
        token.transfer(thief, 100 * POINT);
        vm.prank(thief);
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorAlreadyCastVote.selector, thief));
        governor.castVote(proposal.id, 1);
        vm.prank(_member(1));
        _require(governor.castVote(proposal.id, 1) == 100 * POINT, "whose they were at the snapshot");
    }

    // --- quorum ---

    /// @dev The moment for a capture is when there are hardly any tokens.
    function test_CaptureAtLowSupply() public {
        for (uint256 i = 0; i < MEMBERS; ++i) {
            vm.prank(_member(i));
            bridge.redeem(93 * POINT, bytes32(uint256(1)));
        }
        vm.warp(block.timestamp + 1);
        Proposal memory proposal = _activation("captured");
        _propose(proposal);
        _open();
        _vote(proposal, MEMBERS, 1);
        (, uint256 for_,) = governor.proposalVotes(proposal.id);
        _require(for_ == token.totalSupply(), "every vote there is");
        _close();
        _requireState(proposal, IGovernor.ProposalState.Defeated);
    }

    /// @dev Most tokens by far, but one person.
    function test_OneHolderIsNoQuorum() public {
        _bring(_member(0), 6000);
        vm.warp(block.timestamp + 1);
        Proposal memory proposal = _activation("rich");
        _propose(proposal);
        _open();
        _vote(proposal, 2, 1);
        _close();
        _requireState(proposal, IGovernor.ProposalState.Defeated);
    }

    /// @dev Whoever stays at home against a rich holder must not do better than who votes against.
    function test_OpponentsBringNoQuorum() public {
        _bring(_member(0), 6000);
        vm.warp(block.timestamp + 1);
        Proposal memory proposal = _activation("opposed");
        _propose(proposal);
        _open();
        _vote(proposal, 1, 1);
        uint32 before = governor.proposalTerms(proposal.id).voters;
        for (uint256 i = 1; i < 3; ++i) {
            vm.prank(_member(i));
            governor.castVote(proposal.id, 0);
        }
        bytes memory split = abi.encodePacked(uint128(1e18), uint128(1e18 - 1), uint128(0));
        vm.prank(_member(3));
        governor.castVoteWithReasonAndParams(proposal.id, 255, "", split);
        _require(governor.proposalTerms(proposal.id).voters == before, "opponents count for nobody");
        _close();
        _requireState(proposal, IGovernor.ProposalState.Defeated);
    }

    /// @dev Ballots that cast nothing, or crumbs, make nobody several voters.
    function testFuzz_OneHolderIsNoCrowd(uint8 ballots, uint64 crumb) public {
        Proposal memory proposal = _opened("crowd");
        bytes memory split = abi.encodePacked(uint128(0), uint128(crumb % 1e16), uint128(0));
        for (uint256 i = 0; i < ballots % 32; ++i) {
            vm.prank(_member(0));
            governor.castVoteWithReasonAndParams(proposal.id, 255, "", split);
        }
        _require(governor.proposalTerms(proposal.id).voters == 0, "less than a token is no voter");
        vm.prank(_member(0));
        governor.castVote(proposal.id, 1);
        _require(governor.proposalTerms(proposal.id).voters == 1, "one");
        _close();
        _requireState(proposal, IGovernor.ProposalState.Defeated);
    }

    function testFuzz_QuorumInTheLastMinute(uint8 before) public {
        Proposal memory proposal = _activation("late");
        _propose(proposal);
        uint256 deadline = governor.proposalDeadline(proposal.id);
        uint256 left = before % 5;
        vm.warp(deadline - left);
        _vote(proposal, 2, 1);
        _require(governor.proposalDeadline(proposal.id) == deadline, "no quorum yet");
        vm.prank(_member(2));
        governor.castVote(proposal.id, 1);
        _require(governor.proposalDeadline(proposal.id) == deadline - left + 5, "time to answer");
        vm.warp(deadline - left + 5);
        vm.prank(_member(3));
        governor.castVote(proposal.id, 0);
    }

    // --- a proposal of others ---

    function test_AProposalFrontRun() public {
        // The suffix is the first member's, as its page writes it.
        Proposal memory proposal = _activation(string.concat("mine #proposer=", _hex(_member(0))));
        vm.prank(_member(1));
        vm.expectRevert(
            abi.encodeWithSelector(IGovernor.GovernorRestrictedProposer.selector, _member(1))
        );
        governor.propose(proposal.targets, proposal.values, proposal.calldatas, proposal.description);
        _propose(proposal);
        _require(governor.proposalProposer(proposal.id) == _member(0), "the member's own");
    }

    // --- the relayer ---

    /// @dev As many hostile wallets as fit a batch, with the gas of one transaction (EIP-7825), and a
    /// member's ballot after them all.
    function test_AWalletThatBurnsAllGas() public {
        _burn(false, 39);
    }

    function test_AWalletThatAnswersWithMuch() public {
        _burn(true, 39);
    }

    function _burn(bool returnsMuch, uint256 wallets) private {
        IBallotRelay.SignedBallot[] memory ballots = new IBallotRelay.SignedBallot[](wallets + 1);
        for (uint256 i = 0; i < wallets; ++i) {
            address wallet = address(new HostileWallet(address(token), returnsMuch));
            vm.prank(_member(3));
            token.transfer(wallet, POINT);
            ballots[i].voter = wallet;
        }
        vm.warp(block.timestamp + 1);
        Proposal memory proposal = _opened("burned");
        for (uint256 i = 0; i <= wallets; ++i) {
            ballots[i].proposalId = proposal.id;
            ballots[i].support = 1;
        }
        ballots[wallets].voter = _member(0);
        ballots[wallets].signature = _ballotSignature(0, proposal.id, 1);
        bytes memory call = abi.encodeCall(relay.castBallots, (ballots));
        // 21 000 and 16 for each byte is what a transaction costs before anything is done.
        uint256 gas_ = 2 ** 24 - 21_000 - call.length * 16;
        (bool done, bytes memory answer) = address(relay).call{gas: gas_}(call);
        _require(done && abi.decode(answer, (uint256)) == 1, "the member's ballot alone");
    }

    // --- helpers ---

    function _activation(string memory description) private view returns (Proposal memory) {
        return _single(
            address(registry), abi.encodeCall(registry.activate, (PROGRAMME, bytes32(0), 0)), description
        );
    }

    function _opened(string memory description) private returns (Proposal memory proposal) {
        proposal = _activation(description);
        _propose(proposal);
        _open();
    }

    function _refuseBallot(VklGovernor to, uint256 proposalId, bytes memory signature) private {
        vm.expectRevert(abi.encodeWithSelector(IGovernor.GovernorInvalidSignature.selector, _member(1)));
        to.castVoteBySig(proposalId, 1, _member(1), signature);
    }

    function _hex(address account) private pure returns (string memory) {
        bytes16 digits = "0123456789abcdef";
        bytes memory text = new bytes(42);
        text[0] = "0";
        text[1] = "x";
        for (uint256 i = 0; i < 40; ++i) {
            text[2 + i] = digits[(uint160(account) >> (156 - 4 * i)) & 0xf];
        }
        return string(text);
    }
}
