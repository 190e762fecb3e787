// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IMandates} from "./interfaces/IMandates.sol";

/// @title Mandates
/// @notice See {IMandates}.
contract Mandates is IMandates {
    /// @notice The members' timelock.
    address public immutable TIMELOCK;
    /// @notice See {IMandates-Bounds}. Fixed: what one vote may cost is not for a vote to say.
    uint64 public immutable ORDER_POINTS_MAX;
    uint64 public immutable WINDOW_POINTS_MAX;
    uint32 public immutable WINDOW_S;

    /// @inheritdoc IMandates
    uint64 public count;
    uint64 private _windowEndsAt;
    uint64 private _windowPoints;

    modifier onlyTimelock() {
        if (msg.sender != TIMELOCK) revert OnlyTimelock(msg.sender);
        _;
    }

    constructor(address timelock, Bounds memory bounds) {
        if (timelock == address(0)) revert TimelockRefused(timelock);
        if (bounds.orderPointsMax == 0 || bounds.windowPointsMax == 0 || bounds.windowS == 0) {
            revert BoundsZero();
        }
        TIMELOCK = timelock;
        ORDER_POINTS_MAX = bounds.orderPointsMax;
        WINDOW_POINTS_MAX = bounds.windowPointsMax;
        WINDOW_S = bounds.windowS;
    }

    /// @inheritdoc IMandates
    function spend(bytes32 pool, uint64 points, bytes32 order) external onlyTimelock {
        if (pool == bytes32(0)) revert NoPool();
        _take(points, order);
        emit SpendingOrdered(++count, pool, points, order);
    }

    /// @inheritdoc IMandates
    function openBudget(uint64 points, bytes32 order) external onlyTimelock {
        _take(points, order);
        emit BudgetOrdered(++count, points, order);
    }

    /// @inheritdoc IMandates
    function resolve(bytes32 text) external onlyTimelock {
        if (text == bytes32(0)) revert ZeroHash();
        emit TextResolved(++count, text);
    }

    /// @inheritdoc IMandates
    function pointsLeft() public view returns (uint64) {
        return block.timestamp < _windowEndsAt ? WINDOW_POINTS_MAX - _windowPoints : WINDOW_POINTS_MAX;
    }

    /// @dev Count an order's points against both bounds.
    function _take(uint64 points, bytes32 order) private {
        if (order == bytes32(0)) revert ZeroHash();
        if (points == 0) revert NoPoints();
        if (points > ORDER_POINTS_MAX) revert OrderTooLarge(points, ORDER_POINTS_MAX);
        if (block.timestamp >= _windowEndsAt) {
            _windowEndsAt = uint64(block.timestamp) + WINDOW_S;
            _windowPoints = 0;
        }
        uint64 left = WINDOW_POINTS_MAX - _windowPoints;
        if (points > left) revert WindowSpent(points, left, _windowEndsAt);
        _windowPoints += points;
    }
}
