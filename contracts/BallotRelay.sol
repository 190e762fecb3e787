// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IGovernor} from "@openzeppelin/contracts/governance/IGovernor.sol";

import {IBallotRelay} from "./interfaces/IBallotRelay.sol";

/// @title Ballot relay
/// @notice See {IBallotRelay}. It has no power: a ballot counts because of its signature alone.
contract BallotRelay is IBallotRelay {
    /// @notice Gas that one ballot may use, so that a contract wallet cannot eat the others' gas.
    uint256 public constant BALLOT_GAS_MAX = 400_000;
    /// @notice Most ballots in one call: with all their gas they fit one transaction (EIP-7825).
    uint256 public constant BALLOTS_MAX = 40;

    /// @dev Left over for the event and the rest of the loop.
    uint256 private constant LOOP_GAS = 60_000;

    /// @notice Where ballots are cast.
    IGovernor public immutable GOVERNOR;

    constructor(IGovernor governor) {
        GOVERNOR = governor;
    }

    /// @inheritdoc IBallotRelay
    function castBallots(SignedBallot[] calldata ballots) external returns (uint256 accepted) {
        if (ballots.length == 0) revert NoBallots();
        if (ballots.length > BALLOTS_MAX) revert TooManyBallots(ballots.length, BALLOTS_MAX);
        for (uint256 i = 0; i < ballots.length; ++i) {
            SignedBallot calldata ballot = ballots[i];
            // A call gets at most 63/64 of what is left (EIP-150): with less than this a good ballot
            // could fail for want of gas and be reported as bad.
            uint256 gasNeeded = BALLOT_GAS_MAX * 64 / 63 + LOOP_GAS;
            if (gasleft() < gasNeeded) revert TooLittleGas(gasleft(), gasNeeded);
            (bool success, bytes memory answer) = address(GOVERNOR).call{gas: BALLOT_GAS_MAX}(_encode(ballot));
            if (success) ++accepted;
            else emit BallotRejected(ballot.proposalId, ballot.voter, i, answer);
        }
    }

    function _encode(SignedBallot calldata ballot) private pure returns (bytes memory) {
        if (bytes(ballot.reason).length == 0 && ballot.params.length == 0) {
            return abi.encodeCall(
                IGovernor.castVoteBySig,
                (ballot.proposalId, ballot.support, ballot.voter, ballot.signature)
            );
        }
        return abi.encodeCall(
            IGovernor.castVoteWithReasonAndParamsBySig,
            (
                ballot.proposalId,
                ballot.support,
                ballot.voter,
                ballot.reason,
                ballot.params,
                ballot.signature
            )
        );
    }
}
