// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {PointsBridge} from "vklad/PointsBridge.sol";
import {VklToken} from "vklad/VklToken.sol";
import {IPointsBridge} from "vklad/interfaces/IPointsBridge.sol";

import {Deployed} from "./Deployed.sol";

/// @dev The last value that is taken and the first that is not; numbers that are never committed.
contract BridgeEdgesTest is Deployed {
    address private constant MEMBER = address(0x7001);
    bytes32 private constant REFERENCE = bytes32(uint256(0xabc));

    function setUp() public {
        _deploy();
    }

    function test_ABatchThatNeverWas() public {
        bytes memory refusal =
            abi.encodeWithSelector(IPointsBridge.BatchNotOpen.selector, 99, IPointsBridge.BatchState.None);
        vm.expectRevert(refusal);
        bridge.executeBatch(99, _record(MEMBER, 5));
        vm.prank(guardian);
        vm.expectRevert(refusal);
        bridge.veto(99);
        vm.expectRevert(refusal);
        bridge.expireBatch(99);
        _require(bridge.batchState(99) == IPointsBridge.BatchState.None, "never");
    }

    function test_WhatIsTerminalDoesNotExpire() public {
        bytes memory records = _record(MEMBER, 5);
        _bring(MEMBER, 5);
        uint64 vetoed = _commit(records, 5);
        vm.prank(watcher);
        bridge.veto(vetoed);
        vm.warp(block.timestamp + 10 * LIFETIME_S);
        _require(bridge.batchState(1) == IPointsBridge.BatchState.Executed, "executed");
        _require(bridge.batchState(vetoed) == IPointsBridge.BatchState.Vetoed, "vetoed");
    }

    function test_LongAfterItsExpiry() public {
        bytes memory records = _record(MEMBER, 5);
        uint64 sequence = _commit(records, 5);
        uint48 expiresAt = bridge.batch(sequence).expiresAt;
        vm.warp(expiresAt + 77);
        _watch();
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.BatchTooLate.selector, sequence, expiresAt));
        bridge.executeBatch(sequence, records);
    }

    function test_TheLastSecondOfABatch() public {
        bytes memory records = _record(MEMBER, 5);
        uint64 sequence = _commit(records, 5);
        vm.warp(bridge.batch(sequence).expiresAt - 1);
        _watch();
        bridge.executeBatch(sequence, records);
    }

    function test_RecordsThatComeToLess() public {
        uint64 sequence = _commit(_record(MEMBER, 6), 7);
        vm.warp(block.timestamp + DELAY_S);
        _watch();
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.PointsMismatch.selector, 6, 7));
        bridge.executeBatch(sequence, _record(MEMBER, 6));
    }

    function test_TheMostRecords() public {
        bytes memory records;
        for (uint160 i = 0; i < 560; ++i) {
            records = bytes.concat(records, _record(address(0x90000 + i), 1));
        }
        uint64 sequence = _commit(records, 560);
        vm.warp(block.timestamp + DELAY_S);
        _watch();
        bridge.executeBatch(sequence, records);
        _require(token.totalSupply() == 560 * POINT, "all");
    }

    /// @dev Positions go up as batches execute, in whatever order they do.
    function test_LedgerPositions() public {
        bytes memory records = _record(MEMBER, 5);
        vm.startPrank(poster);
        bridge.commitBatch(1, keccak256(records), 5, 40, 5);
        bridge.commitBatch(2, keccak256(records), 5, 30, 10);
        vm.stopPrank();
        vm.warp(block.timestamp + DELAY_S);
        _watch();
        bridge.executeBatch(1, records);
        bridge.executeBatch(2, records);
        _require(bridge.executedLedgerPosition() == 40, "the highest");
        vm.prank(poster);
        bridge.commitBatch(3, keccak256(records), 5, 40, 15);
    }

    function test_TheWholeBucketAtOnce() public {
        vm.prank(address(timelock));
        bridge.setLimits(IPointsBridge.Limits(GROWTH, REFILL_PER_DAY, GROWTH));
        _bring(MEMBER, GROWTH);
        _require(bridge.availablePoints() == 0, "empty");
    }

    function test_TheBucketFillsFromItsLastUse() public {
        vm.warp(100);
        _deploy();
        _bring(MEMBER, GROWTH);
        uint256 used = block.timestamp;
        vm.warp(used + 1000);
        _require(bridge.availablePoints() == CAPACITY - GROWTH + 100, "a thousand seconds");
    }

    function test_TheLastSecondOfASignature() public {
        uint256 key = 0xA11CE;
        address holder = vm.addr(key);
        _bring(holder, 5);
        bytes32 typehash = keccak256(
            "Redeem(address holder,uint256 amount,bytes32 creditReference,uint256 nonce,uint256 deadline)"
        );
        _require(bridge.REDEEM_TYPEHASH() == typehash, "as wallets show it");
        uint256 deadline = block.timestamp + 9;
        bytes32 structHash = keccak256(abi.encode(typehash, holder, POINT, REFERENCE, 0, deadline));
        bytes memory signature =
            _sign(key, _digest(_domain("Vklad Points Bridge", address(bridge)), structHash));
        vm.warp(deadline);
        bridge.redeemBySig(holder, POINT, REFERENCE, deadline, signature);
    }

    /// @dev Numbers far beyond those of any community are kept whole.
    function test_HugeNumbers() public {
        uint64 huge = 2 ** 63 + 5;
        IPointsBridge.Limits memory limits = IPointsBridge.Limits(huge, huge, huge);
        _deployWith(limits);
        _require(bridge.availablePoints() == huge, "full");
        uint64 points = 2 ** 47;
        _bring(MEMBER, points);
        _require(bridge.availablePoints() >= huge - points, "whole");
        vm.prank(MEMBER);
        bridge.redeem(uint256(points) * POINT, REFERENCE);
        _require(bridge.redeemedPoints() == points, "redeemed");
        vm.prank(address(timelock));
        bridge.setLimits(limits);
        _require(bridge.limits().capacityPoints == huge, "a step from the highest overflows nothing");
    }

    function test_AHugeBucketSaysWhatItHas() public {
        uint64 capacity = 2 ** 50;
        _deployWith(IPointsBridge.Limits(capacity, 1, capacity));
        uint64 taken = 2 ** 47;
        _bring(MEMBER, taken);
        uint64 sequence = _commit(_record(MEMBER, taken), capacity);
        vm.warp(block.timestamp + DELAY_S);
        _watch();
        vm.expectRevert(
            abi.encodeWithSelector(IPointsBridge.BucketTooEmpty.selector, capacity, capacity - taken)
        );
        bridge.executeBatch(sequence, _record(MEMBER, taken));
    }

    function _deployWith(IPointsBridge.Limits memory limits) private {
        address next = vm.computeCreateAddress(address(this), vm.getNonce(address(this)) + 1);
        token = VklToken(_create("VklToken", abi.encode(next)));
        bridge = PointsBridge(
            _create("PointsBridge", abi.encode(token, timelock, _roles(), _periods(), limits, limits))
        );
    }
}
