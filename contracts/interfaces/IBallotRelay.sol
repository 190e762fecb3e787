// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Many signed ballots in one transaction
/// @notice A relayer pays the gas. A bad ballot fails alone, with its reason in an event.
interface IBallotRelay {
    /// @param support As in the governor: 0 against, 1 for, 2 abstain, 255 fractional.
    /// @param reason Free text, often empty.
    /// @param params Empty, or the three packed uint128 of a fractional vote.
    /// @param signature Over `Ballot` if reason and params are empty, else over `ExtendedBallot`.
    struct SignedBallot {
        uint256 proposalId;
        uint8 support;
        address voter;
        string reason;
        bytes params;
        bytes signature;
    }

    /// @param index Place in the batch.
    /// @param answer What the governor reverted with; empty if the gas of one ballot ran out.
    event BallotRejected(
        uint256 indexed proposalId, address indexed voter, uint256 index, bytes answer
    );

    error NoBallots();
    error TooManyBallots(uint256 given, uint256 max);
    error TooLittleGas(uint256 gasLeft, uint256 gasNeeded);

    /// @notice Cast every ballot that is good.
    /// @return accepted How many were.
    function castBallots(SignedBallot[] calldata ballots) external returns (uint256 accepted);
}
