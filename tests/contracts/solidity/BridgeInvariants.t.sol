// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IPointsBridge} from "vklad/interfaces/IPointsBridge.sol";

import {BridgeActors, LyingActors} from "./BridgeActors.sol";
import {Deployed} from "./Deployed.sol";

/// @dev What holds after every action of either campaign.
abstract contract BridgeInvariants is Deployed {
    BridgeActors internal actors;

    function _begin(BridgeActors actors_) internal {
        actors = actors_;
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(actors);
    }

    /// @dev One function, as each invariant is a campaign of its own to the runner.
    function invariant_TheBridgeKeepsItsBooks() public view {
        _escrowIsExecutedCancelledAndOpen();
        _supplyIsExecutedLessRedeemed();
        _mintingIsBoundedByTheBucket();
        _numbersAreDense();
        _nothingFalseIsMinted();
    }

    function _escrowIsExecutedCancelledAndOpen() private view {
        uint256 open;
        for (uint64 sequence = 1; sequence <= bridge.lastSequence(); ++sequence) {
            IPointsBridge.Batch memory batch = bridge.batch(sequence);
            if (batch.state == IPointsBridge.BatchState.Committed) open += batch.points;
        }
        uint256 terminal = uint256(bridge.executedPoints()) + bridge.cancelledPoints();
        _require(terminal <= bridge.escrowedPoints(), "executed + cancelled <= escrowed");
        _require(bridge.escrowedPoints() == terminal + open, "escrowed = executed + cancelled + open");
    }

    function _supplyIsExecutedLessRedeemed() private view {
        uint256 points = bridge.executedPoints() - bridge.redeemedPoints();
        _require(token.totalSupply() == points * POINT, "supply = executed - redeemed");
        uint256 held;
        for (uint256 i = 0; i < 4; ++i) {
            held += token.balanceOf(actors.member(i));
        }
        _require(held == token.totalSupply(), "balances add up");
    }

    function _mintingIsBoundedByTheBucket() private view {
        _require(bridge.executedPoints() <= actors.allowedPoints(), "executed <= cap + rate * time");
    }

    function _numbersAreDense() private view {
        uint64 last = bridge.lastSequence();
        _require(last == actors.commits(), "batches");
        _require(bridge.lastRedemption() == actors.redemptions(), "redemptions");
        for (uint64 sequence = 1; sequence <= last; ++sequence) {
            _require(bridge.batch(sequence).recordsHash != 0, "no gap");
        }
        _require(bridge.batch(last + 1).recordsHash == 0, "nothing beyond");
    }

    function _nothingFalseIsMinted() private view {
        _require(actors.falseExecutions() == 0, "false batch executed");
        _require(bridge.executedPoints() <= actors.journalPoints(), "executed within the journal");
    }

    /// @dev Whatever happened: who holds tokens gets them off the chain, every one of them, at once.
    function _everybodyLeaves() internal {
        for (uint256 i = 0; i < 4; ++i) {
            address holder = actors.member(i);
            uint256 held = token.balanceOf(holder);
            if (held == 0) continue;
            vm.prank(holder);
            bridge.redeem(held, bytes32(uint256(1)));
        }
        _require(token.totalSupply() == 0, "nothing is left");
        _require(bridge.redeemedPoints() == bridge.executedPoints(), "all came back");
    }
}

contract HonestPosterTest is BridgeInvariants {
    function setUp() public {
        _deploy();
        _begin(new BridgeActors(token, bridge));
    }

    /// @dev Liveness: whatever happened before, every honest batch executes, or is terminal already,
    /// or has become too late and its points return.
    function afterInvariant() public {
        if (bridge.paused()) actors.unpauses();
        uint64 last = bridge.lastSequence();
        for (uint64 sequence = 1; sequence <= last; ++sequence) {
            IPointsBridge.Batch memory batch = bridge.batch(sequence);
            if (batch.state != IPointsBridge.BatchState.Committed) continue;
            _waitFor(batch);
            actors.watches();
            if (block.timestamp < batch.expiresAt && batch.points <= bridge.availablePoints()) {
                bridge.executeBatch(sequence, actors.records(sequence));
            } else {
                vm.warp(block.timestamp < batch.expiresAt ? batch.expiresAt : block.timestamp);
                bridge.expireBatch(sequence);
            }
        }
        uint256 terminal = uint256(bridge.executedPoints()) + bridge.cancelledPoints();
        _require(bridge.escrowedPoints() == terminal, "every batch has come to its end");
        _everybodyLeaves();
    }

    /// @dev Until it is executable and fits the bucket, but no longer than it lives.
    function _waitFor(IPointsBridge.Batch memory batch) private {
        if (block.timestamp < batch.executableAt) vm.warp(batch.executableAt);
        while (batch.points > bridge.availablePoints() && block.timestamp + 50 < batch.expiresAt) {
            vm.warp(block.timestamp + 50);
        }
    }
}

contract LyingPosterTest is BridgeInvariants {
    function setUp() public {
        _deploy();
        _begin(new LyingActors(token, bridge));
    }

    /// @dev A liar can delay, not hold: nobody's tokens are caught, and every lie can be cleared away.
    function afterInvariant() public {
        _everybodyLeaves();
        vm.warp(block.timestamp + DELAY_S + LIFETIME_S);
        for (uint64 sequence = 1; sequence <= bridge.lastSequence(); ++sequence) {
            if (bridge.batch(sequence).state != IPointsBridge.BatchState.Committed) continue;
            bridge.expireBatch(sequence);
        }
        uint256 terminal = uint256(bridge.executedPoints()) + bridge.cancelledPoints();
        _require(bridge.escrowedPoints() == terminal, "nothing stays open");
    }
}
