// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IProgrammeRegistry} from "./interfaces/IProgrammeRegistry.sol";

/// @title Programme registry
/// @notice See {IProgrammeRegistry}.
contract ProgrammeRegistry is IProgrammeRegistry {
    /// @notice How far ahead a version may be declared.
    uint64 public constant EFFECTIVE_AHEAD_S_MAX = 366 days;

    /// @notice The members' timelock.
    address public immutable TIMELOCK;

    /// @inheritdoc IProgrammeRegistry
    uint64 public count;
    mapping(uint64 number => Activation) private _activations;

    constructor(address timelock) {
        if (timelock == address(0)) revert TimelockRefused(timelock);
        TIMELOCK = timelock;
    }

    /// @inheritdoc IProgrammeRegistry
    function activate(bytes32 programme, bytes32 replaces, uint64 effectiveAt) external {
        if (msg.sender != TIMELOCK) revert OnlyTimelock(msg.sender);
        if (programme == bytes32(0)) revert ZeroHash();
        Activation memory previous = _activations[count];
        if (replaces != previous.programme) revert StaleActivation(replaces, previous.programme);
        if (programme == previous.programme) revert AlreadyCurrent(programme);
        uint64 present = uint64(block.timestamp);
        uint64 latest = present + EFFECTIVE_AHEAD_S_MAX;
        if (effectiveAt > latest) revert EffectiveTooFar(effectiveAt, latest);
        uint64 from = effectiveAt > present ? effectiveAt : present;
        if (from < previous.effectiveAt) revert EffectiveBeforePrevious(from, previous.effectiveAt);

        uint64 number = ++count;
        _activations[number] = Activation(programme, from, present);
        emit ProgrammeActivated(number, programme, replaces, from);
    }

    /// @inheritdoc IProgrammeRegistry
    function current() external view returns (bytes32) {
        return _activations[count].programme;
    }

    /// @inheritdoc IProgrammeRegistry
    function activation(uint64 number) external view returns (Activation memory) {
        if (number == 0 || number > count) revert UnknownActivation(number);
        return _activations[number];
    }
}
