// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {TimelockController} from "@openzeppelin/contracts/governance/TimelockController.sol";

/// @title Timelock of the members
/// @notice OpenZeppelin's, except that no vote can bring the delay below the one it began with, so that
/// between a vote and its effect there is always time to leave or to stop it, nor above thirty days, so
/// that no vote is the last one that ever has an effect.
/// @dev The governor alone proposes, cancels and executes. Executing here directly would pass by the
/// governor's pins, so the executor role must not be open.
contract VklTimelock is TimelockController {
    /// @notice Most seconds between queueing and execution, unless it began with more.
    uint256 public constant DELAY_CEILING_S = 30 days;
    /// @notice Seconds that always lie between queueing and execution.
    uint256 public immutable DELAY_FLOOR_S;

    /// @notice A timelock without a delay protects nobody.
    error NoDelay();

    /// @param delayS Initial delay, and the floor of every later one.
    /// @param admin Deployer, who gives the governor its roles and then renounces.
    constructor(uint256 delayS, address admin)
        TimelockController(delayS, new address[](0), new address[](0), admin)
    {
        if (delayS == 0) revert NoDelay();
        DELAY_FLOOR_S = delayS;
    }

    /// @inheritdoc TimelockController
    function getMinDelay() public view override returns (uint256) {
        uint256 delayS = super.getMinDelay();
        if (delayS > DELAY_CEILING_S) delayS = DELAY_CEILING_S;
        return delayS < DELAY_FLOOR_S ? DELAY_FLOOR_S : delayS;
    }
}
