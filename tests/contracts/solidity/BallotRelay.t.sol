// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {BallotRelay} from "vklad/BallotRelay.sol";
import {IBallotRelay} from "vklad/interfaces/IBallotRelay.sol";

import {Governance} from "./Governance.sol";

/// @dev A contract wallet: accepts everything, refuses everything, or eats all gas.
contract Wallet {
    uint256 public mode;

    constructor(uint256 mode_) {
        mode = mode_;
    }

    function isValidSignature(bytes32, bytes calldata) external view returns (bytes4) {
        if (mode == 2) while (true) {}
        return mode == 0 ? this.isValidSignature.selector : bytes4(0);
    }

    function delegateTo(address token, address delegatee) external {
        (bool done,) = token.call(abi.encodeWithSignature("delegate(address)", delegatee));
        require(done);
    }
}

contract BallotRelayTest is Governance {
    Proposal private proposal;

    function setUp() public {
        _deployWithMembers();
        Proposal memory made = _single(
            address(registry), abi.encodeCall(registry.activate, (keccak256("p"), 0, 0)), "relay"
        );
        proposal.id = made.id;
        _propose(made);
        _open();
    }

    function test_OneBadBallotFailsAlone() public {
        IBallotRelay.SignedBallot[] memory ballots = new IBallotRelay.SignedBallot[](5);
        ballots[0] = _ballot(0, 1);
        ballots[1] = _ballot(1, 1);
        ballots[1].support = 0; // not what was signed
        ballots[2] = _ballot(2, 2);
        ballots[3] = _ballot(0, 1); // a second ballot of one member
        ballots[4] = _ballot(3, 7); // no such kind of vote
        _require(relay.castBallots(ballots) == 2, "two are good");
        (uint256 against, uint256 for_, uint256 abstain) = governor.proposalVotes(proposal.id);
        _require(against == 0 && for_ == 100 * POINT && abstain == 100 * POINT, "tally");
        _require(governor.nonces(_member(1)) == 0, "a refused ballot uses no nonce");
    }

    function test_SplitVotesAndReasons() public {
        bytes memory split = abi.encodePacked(uint128(30 * POINT), uint128(60 * POINT), uint128(10 * POINT));
        IBallotRelay.SignedBallot[] memory ballots = new IBallotRelay.SignedBallot[](2);
        ballots[0] = _extended(0, 255, unicode"частью", split);
        ballots[1] = _extended(1, 1, "because", "");
        _require(relay.castBallots(ballots) == 2, "both");
        (uint256 against, uint256 for_, uint256 abstain) = governor.proposalVotes(proposal.id);
        _require(against == 30 * POINT && for_ == 160 * POINT && abstain == 10 * POINT, "tally");
    }

    function test_ContractWallets() public {
        IBallotRelay.SignedBallot[] memory ballots = new IBallotRelay.SignedBallot[](4);
        for (uint256 mode = 0; mode < 3; ++mode) {
            Wallet wallet = new Wallet(mode);
            vm.prank(_member(3));
            token.transfer(address(wallet), 5 * POINT);
            wallet.delegateTo(address(token), address(wallet));
            ballots[mode].voter = address(wallet);
            ballots[mode].support = 1;
        }
        vm.warp(block.timestamp + 1);
        Proposal memory later = _single(
            address(registry), abi.encodeCall(registry.activate, (keccak256("q"), 0, 0)), "wallets"
        );
        _propose(later);
        _open();
        for (uint256 mode = 0; mode < 3; ++mode) {
            ballots[mode].proposalId = later.id;
        }
        proposal.id = later.id;
        ballots[3] = _ballot(0, 1);
        // Enough for four ballots, not for one wallet that takes whatever it can get.
        _require(relay.castBallots{gas: 1_500_000}(ballots) == 2, "the honest wallet and the member");
        (, uint256 for_,) = governor.proposalVotes(later.id);
        _require(for_ == 105 * POINT, "tally");
    }

    function test_TooLittleGasIsNotABadBallot() public {
        IBallotRelay.SignedBallot[] memory ballots = new IBallotRelay.SignedBallot[](1);
        ballots[0] = _ballot(0, 1);
        (bool done, bytes memory answer) =
            address(relay).call{gas: 300_000}(abi.encodeCall(relay.castBallots, (ballots)));
        _require(!done && bytes4(answer) == IBallotRelay.TooLittleGas.selector, "refused whole");
        uint256 needed = uint256(400_000) * 64 / 63 + 60_000;
        (, uint256 said) = abi.decode(_operands(answer), (uint256, uint256));
        _require(said == needed, "what one ballot may use, and the rest of the loop");
        (done,) = address(relay).call{gas: needed + 10_000}(abi.encodeCall(relay.castBallots, (ballots)));
        _require(done, "enough");
    }

    function test_BatchLimits() public {
        vm.expectRevert(IBallotRelay.NoBallots.selector);
        relay.castBallots(new IBallotRelay.SignedBallot[](0));
        vm.expectRevert(abi.encodeWithSelector(IBallotRelay.TooManyBallots.selector, 41, 40));
        relay.castBallots(new IBallotRelay.SignedBallot[](41));
    }

    function _operands(bytes memory answer) private pure returns (bytes memory operands) {
        operands = new bytes(answer.length - 4);
        for (uint256 i = 0; i < operands.length; ++i) {
            operands[i] = answer[i + 4];
        }
    }

    function _ballot(uint256 number, uint8 support) private view returns (IBallotRelay.SignedBallot memory) {
        return IBallotRelay.SignedBallot({
            proposalId: proposal.id,
            support: support,
            voter: _member(number),
            reason: "",
            params: "",
            signature: _ballotSignature(number, proposal.id, support)
        });
    }

    function _extended(uint256 number, uint8 support, string memory reason, bytes memory params)
        private
        view
        returns (IBallotRelay.SignedBallot memory ballot)
    {
        ballot = _ballot(number, support);
        ballot.reason = reason;
        ballot.params = params;
        ballot.signature = _extendedSignature(number, proposal.id, support, reason, params);
    }
}
