// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Programme versions activated by vote
/// @notice The oracle switches the programme in force when it sees {ProgrammeActivated} at finality.
interface IProgrammeRegistry {
    /// @param programme Hash of the canonical form of the programme version.
    /// @param effectiveAt First second (Unix time) of events that it governs.
    /// @param activatedAt Block time of the activation.
    struct Activation {
        bytes32 programme;
        uint64 effectiveAt;
        uint64 activatedAt;
    }

    /// @param number Dense: 1, 2, 3, …
    /// @param replaces Hash of the previous activation, zero for the first.
    /// @param effectiveAt The greater of the block time and the time that the proposal declared.
    event ProgrammeActivated(
        uint64 indexed number, bytes32 indexed programme, bytes32 indexed replaces, uint64 effectiveAt
    );

    error OnlyTimelock(address caller);
    error TimelockRefused(address timelock);
    error ZeroHash();
    error StaleActivation(bytes32 replaces, bytes32 current);
    error AlreadyCurrent(bytes32 programme);
    error EffectiveTooFar(uint64 effectiveAt, uint64 latest);
    error EffectiveBeforePrevious(uint64 effectiveAt, uint64 previous);
    error UnknownActivation(uint64 number);

    /// @notice Put a programme version in force. Timelock only: members vote on it.
    /// @param replaces What the vote was about to replace; the activation is refused if that has changed.
    /// @param effectiveAt Declared time; one in the past means the time of execution.
    function activate(bytes32 programme, bytes32 replaces, uint64 effectiveAt) external;

    /// @notice How many activations there were.
    function count() external view returns (uint64);

    /// @notice Hash of the latest activation, zero before the first.
    function current() external view returns (bytes32);

    /// @notice One activation by its number, from 1.
    function activation(uint64 number) external view returns (Activation memory);
}
