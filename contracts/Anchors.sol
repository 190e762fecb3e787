// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IAnchors} from "./interfaces/IAnchors.sol";

/// @title Anchors
/// @notice See {IAnchors}.
contract Anchors is IAnchors {
    /// @notice The members' timelock.
    address public immutable TIMELOCK;

    /// @notice Who appends.
    address public anchorer;
    /// @inheritdoc IAnchors
    uint64 public count;
    mapping(uint64 number => Head) private _heads;

    constructor(address timelock, address firstAnchorer) {
        if (timelock == address(0)) revert AccountRefused(timelock);
        TIMELOCK = timelock;
        _setAnchorer(firstAnchorer);
    }

    /// @inheritdoc IAnchors
    function anchor(uint64 treeSize, bytes32 rootHash) external {
        if (msg.sender != anchorer) revert OnlyAnchorer(msg.sender);
        if (rootHash == bytes32(0)) revert ZeroHash();
        uint64 previous = _heads[count].treeSize;
        if (treeSize <= previous) revert TreeNotGrown(treeSize, previous);

        uint64 number = ++count;
        _heads[number] = Head(treeSize, rootHash, uint64(block.timestamp));
        emit HeadAnchored(number, treeSize, rootHash);
    }

    /// @inheritdoc IAnchors
    function setAnchorer(address present) external {
        if (msg.sender != TIMELOCK) revert OnlyTimelock(msg.sender);
        _setAnchorer(present);
    }

    /// @inheritdoc IAnchors
    function head(uint64 number) external view returns (Head memory) {
        if (number == 0 || number > count) revert UnknownHead(number);
        return _heads[number];
    }

    function _setAnchorer(address present) private {
        if (present == address(0)) revert AccountRefused(present);
        emit AnchorerSet(anchorer, present);
        anchorer = present;
    }
}
