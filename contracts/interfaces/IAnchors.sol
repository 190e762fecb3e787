// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Tree heads of the transparency log
/// @notice Append-only: what was anchored can be neither changed nor taken back.
interface IAnchors {
    /// @param treeSize Leaves in the log.
    /// @param rootHash Merkle tree hash (RFC 9162) of those leaves.
    /// @param anchoredAt Block time.
    struct Head {
        uint64 treeSize;
        bytes32 rootHash;
        uint64 anchoredAt;
    }

    /// @param number Dense: 1, 2, 3, …
    event HeadAnchored(uint64 indexed number, uint64 indexed treeSize, bytes32 rootHash);
    event AnchorerSet(address indexed previous, address indexed present);

    error OnlyAnchorer(address caller);
    error OnlyTimelock(address caller);
    error AccountRefused(address account);
    error ZeroHash();
    error TreeNotGrown(uint64 given, uint64 previous);
    error UnknownHead(uint64 number);

    /// @notice Append a tree head. Anchorer only: a key of its own, which can add but never replace.
    /// @param treeSize More than in the previous head.
    function anchor(uint64 treeSize, bytes32 rootHash) external;

    /// @notice Replace the anchorer's key. Timelock only.
    function setAnchorer(address present) external;

    /// @notice How many heads there are.
    function count() external view returns (uint64);

    /// @notice One head by its number, from 1.
    function head(uint64 number) external view returns (Head memory);
}
