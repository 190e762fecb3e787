// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title What the members order by vote beyond the chain
/// @notice Points live in the ledger; a vote spends them or opens a budget by an order here, which the
/// installation carries out once it is final. An order names a document by its hash; what it may come
/// to is bounded here, for no vote to lift.
interface IMandates {
    /// @param orderPointsMax Points of one order.
    /// @param windowPointsMax Points of all orders within a window.
    /// @param windowS Seconds of a window; it begins with the first order after the last one's end.
    struct Bounds {
        uint64 orderPointsMax;
        uint64 windowPointsMax;
        uint32 windowS;
    }

    /// @param number Dense over all three events: 1, 2, 3, …
    /// @param pool Short name of the ledger's pool, as `treasury`, padded with zeros.
    /// @param order SHA-256 of the order's canonical document.
    event SpendingOrdered(uint64 indexed number, bytes32 indexed pool, uint64 points, bytes32 order);
    /// @param order SHA-256 of the order's canonical document.
    event BudgetOrdered(uint64 indexed number, uint64 points, bytes32 order);
    /// @param text Keccak-256 of the proposal's text.
    event TextResolved(uint64 indexed number, bytes32 text);

    error OnlyTimelock(address caller);
    error TimelockRefused(address timelock);
    error BoundsZero();
    error ZeroHash();
    error NoPool();
    error NoPoints();
    error OrderTooLarge(uint64 points, uint64 pointsMax);
    error WindowSpent(uint64 points, uint64 left, uint64 windowEndsAt);

    /// @notice Move points out of a pool of the ledger, as the document says. Timelock only.
    function spend(bytes32 pool, uint64 points, bytes32 order) external;

    /// @notice Open a budget for grants, as the document says. Timelock only.
    function openBudget(uint64 points, bytes32 order) external;

    /// @notice Resolve a text that changes nothing by itself. Timelock only.
    function resolve(bytes32 text) external;

    /// @notice How many orders there were.
    function count() external view returns (uint64);

    /// @notice Points that may still be ordered in the window at this time.
    function pointsLeft() external view returns (uint64);
}
