// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {PointsBridge} from "vklad/PointsBridge.sol";
import {IPointsBridge} from "vklad/interfaces/IPointsBridge.sol";

import {Svm, Symbolic} from "./Symbolic.sol";

/// @dev Stands for the token: it says any sum of any records, which is the worst that one can do.
contract AnyToken {
    Svm private constant svm = Svm(address(uint160(uint256(keccak256("svm cheat code")))));

    /// @dev The bridge asks while it is made.
    function BRIDGE() external view returns (address) {
        return msg.sender;
    }

    function mintBatch(bytes calldata) external pure returns (uint256) {
        return svm.createUint256("minted");
    }

    function crosschainBurn(address, uint256) external {}
}

/// @dev From any state of the bridge, reachable or not, by any call: what never happens.
contract BridgeProof is Symbolic {
    address private constant TIMELOCK = address(0x77);

    PointsBridge private bridge;

    function setUp() public {
        AnyToken token = new AnyToken();
        PointsBridge made = new PointsBridge(
            address(token),
            TIMELOCK,
            [address(0x1001), address(0x1002), address(0x1003)],
            IPointsBridge.Periods(3, 1000, 100, 30 days),
            IPointsBridge.Limits(10_000, 8_640, 6_000),
            IPointsBridge.Limits(30_000, 25_920, 18_000)
        );
        bridge = PointsBridge(_inAnyState(address(made)));
    }

    function check_CumulativeSumsNeverDecrease() public {
        uint64 escrowed = bridge.escrowedPoints();
        uint64 executed = bridge.executedPoints();
        uint64 cancelled = bridge.cancelledPoints();
        uint64 redeemed = bridge.redeemedPoints();
        _callAnything(address(bridge), "PointsBridge");
        assert(bridge.escrowedPoints() >= escrowed);
        assert(bridge.executedPoints() >= executed);
        assert(bridge.cancelledPoints() >= cancelled);
        assert(bridge.redeemedPoints() >= redeemed);
    }

    /// @dev Escrowed less executed less cancelled is what is open. It falls by exactly a batch's points
    /// when that batch comes to its end; a commit never lowers it, nor touches an earlier batch.
    function check_TheSumsAreThoseOfTheBatches(uint64 sequence) public {
        uint64 last = bridge.lastSequence();
        IPointsBridge.Batch memory before = bridge.batch(sequence);
        vm.assume(before.state == IPointsBridge.BatchState.Committed && sequence > 0 && sequence <= last);
        // What this very proof gives of every state before: the sums hold, and this batch is among the open.
        uint256 terminal = uint256(bridge.executedPoints()) + bridge.cancelledPoints();
        vm.assume(terminal + before.points <= bridge.escrowedPoints());
        uint256 open = _open();
        _callAnything(address(bridge), "PointsBridge");
        IPointsBridge.Batch memory present = bridge.batch(sequence);
        assert(present.points == before.points && present.recordsHash == before.recordsHash);
        if (present.state != IPointsBridge.BatchState.Committed) {
            assert(_open() == open - before.points);
        } else {
            assert(_open() >= open || bridge.lastSequence() == last);
        }
    }

    /// @dev Executed, vetoed and expired are for ever: no batch executes twice or after a veto.
    function check_ATerminalBatchStays(uint64 sequence) public {
        IPointsBridge.Batch memory before = bridge.batch(sequence);
        vm.assume(uint8(before.state) > uint8(IPointsBridge.BatchState.Committed));
        vm.assume(sequence <= bridge.lastSequence());
        _callAnything(address(bridge), "PointsBridge");
        IPointsBridge.Batch memory present = bridge.batch(sequence);
        assert(present.state == before.state && present.points == before.points);
    }

    /// @dev One batch a commit, by the poster alone, with the next number.
    function check_NumbersAreDense() public {
        uint64 last = bridge.lastSequence();
        uint64 redemption = bridge.lastRedemption();
        address poster = bridge.poster();
        (address caller,) = _callAnything(address(bridge), "PointsBridge");
        if (bridge.lastSequence() != last) {
            assert(bridge.lastSequence() == last + 1 && caller == poster);
        }
        assert(bridge.lastRedemption() == redemption || bridge.lastRedemption() == redemption + 1);
    }

    /// @dev What executes was watched, due, within the bucket, and not while paused.
    function check_WhatExecutesMay() public {
        uint64 executed = bridge.executedPoints();
        uint64 checked = bridge.checkedSequence();
        bool paused = bridge.paused();
        uint48 aliveUntil = bridge.watcherAliveUntil();
        uint64 sequence = uint64(svm.createUint256("sequence"));
        IPointsBridge.Batch memory before = bridge.batch(sequence);
        vm.assume(before.state == IPointsBridge.BatchState.Committed);
        _callAnything(address(bridge), "PointsBridge");
        if (bridge.batch(sequence).state == IPointsBridge.BatchState.Executed) {
            assert(!paused && sequence <= checked && block.timestamp <= aliveUntil);
            assert(block.timestamp >= before.executableAt && block.timestamp < before.expiresAt);
            assert(bridge.executedPoints() == executed + before.points);
        }
    }

    /// @dev Keys and limits are the timelock's.
    function check_OnlyTheTimelockSets() public {
        address poster = bridge.poster();
        address watcher = bridge.watcher();
        address guardian = bridge.guardian();
        IPointsBridge.Limits memory limits = bridge.limits();
        bool paused = bridge.paused();
        (address caller,) = _callAnything(address(bridge), "PointsBridge");
        vm.assume(caller != TIMELOCK);
        assert(bridge.poster() == poster && bridge.watcher() == watcher && bridge.guardian() == guardian);
        assert(bridge.limits().capacityPoints == limits.capacityPoints);
        assert(bridge.limits().refillPointsPerDay == limits.refillPointsPerDay);
        assert(bridge.limits().growthPointsMax == limits.growthPointsMax);
        assert(!paused || bridge.paused());
    }

    function _open() private view returns (uint256) {
        return uint256(bridge.escrowedPoints()) - bridge.executedPoints() - bridge.cancelledPoints();
    }
}
