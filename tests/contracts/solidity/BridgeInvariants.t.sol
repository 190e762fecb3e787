// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {PointsBridge} from "vklad/PointsBridge.sol";
import {VklToken} from "vklad/VklToken.sol";
import {IPointsBridge} from "vklad/interfaces/IPointsBridge.sol";

import {Vm} from "./Vm.sol";
import {Deployed} from "./Deployed.sol";

/// @dev Everybody who acts on the bridge, and what an honest journal would say. With a lying poster
/// half of the batches are not in the journal, or do not add up.
contract Actors {
    Vm private constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint256 private constant POINT = 1e18;

    VklToken private immutable TOKEN;
    PointsBridge private immutable BRIDGE;
    bool private immutable POSTER_LIES;

    address[4] public members = [address(0x7001), address(0x7002), address(0x7003), address(0x7004)];
    uint64 public journalPoints;
    uint64 public falseExecutions;
    uint256 public commits;
    uint256 public redemptions;
    mapping(uint64 sequence => bytes) public records;
    mapping(uint64 sequence => bool) public inJournal;

    constructor(VklToken token, PointsBridge bridge, bool posterLies) {
        TOKEN = token;
        BRIDGE = bridge;
        POSTER_LIES = posterLies;
    }

    function commit(uint256 seed) external {
        if (BRIDGE.paused()) return;
        uint64 sequence = BRIDGE.lastSequence() + 1;
        // An honest poster meets a bucket that is soon empty, a liar one that would let much through.
        uint64 most = POSTER_LIES ? 200 : 2900;
        uint64 first = uint64(seed % most) + 1;
        uint64 second = uint64((seed >> 16) % most) + 1;
        bytes memory packed = abi.encodePacked(
            members[seed % 4], uint48(first), members[(seed >> 32) % 4], uint48(second)
        );
        uint64 points = first + second;
        bool lies = POSTER_LIES && seed & (1 << 100) != 0;
        // One sort of lie is a total that the records do not have, the other a batch out of nothing.
        if (lies && seed & (1 << 101) != 0) points = uint64((seed >> 64) % 400) + 1;
        uint64 escrowed = BRIDGE.escrowedPoints() + points;
        vm.prank(BRIDGE.poster());
        BRIDGE.commitBatch(sequence, keccak256(packed), points, sequence, escrowed);
        ++commits;
        records[sequence] = packed;
        inJournal[sequence] = !lies;
        if (!lies) journalPoints += points;
    }

    /// @dev The watcher vetoes what the journal does not have, then says that it has seen the rest.
    function watch() external {
        uint64 last = BRIDGE.lastSequence();
        for (uint64 sequence = 1; sequence <= last; ++sequence) {
            bool open = BRIDGE.batch(sequence).state == IPointsBridge.BatchState.Committed;
            if (open && !inJournal[sequence]) {
                vm.prank(BRIDGE.watcher());
                BRIDGE.veto(sequence);
            }
        }
        vm.prank(BRIDGE.watcher());
        BRIDGE.heartbeat(last);
    }

    /// @dev Anyone, at any time, on any batch.
    function execute(uint256 seed) external {
        uint64 last = BRIDGE.lastSequence();
        if (last == 0) return;
        uint64 sequence = uint64(seed % last) + 1;
        _tryToExecute(sequence, records[sequence]);
    }

    /// @dev As soon as it is possible: what is false must be caught before.
    function executeLatest(uint256 seed) external {
        uint64 last = BRIDGE.lastSequence();
        if (last == 0) return;
        vm.warp(block.timestamp + 3);
        for (uint64 back = 0; back < last && back < 3; ++back) {
            _tryToExecute(last - back, records[last - back]);
        }
        _tryToExecute(last, abi.encodePacked(members[0], uint48(seed)));
    }

    function _tryToExecute(uint64 sequence, bytes memory packed) private {
        vm.prank(address(0xA11));
        try BRIDGE.executeBatch(sequence, packed) {
            if (!inJournal[sequence]) ++falseExecutions;
        } catch {}
    }

    function expire(uint256 seed) external {
        uint64 last = BRIDGE.lastSequence();
        if (last == 0) return;
        try BRIDGE.expireBatch(uint64(seed % last) + 1) {} catch {}
    }

    function guardianVetoes(uint256 seed) external {
        uint64 last = BRIDGE.lastSequence();
        if (last == 0 || seed % 8 != 0) return;
        vm.prank(BRIDGE.guardian());
        try BRIDGE.veto(uint64(seed % last) + 1) {} catch {}
    }

    function redeem(uint256 seed) external {
        address member = members[seed % 4];
        uint256 held = TOKEN.balanceOf(member) / POINT;
        if (held == 0) return;
        vm.prank(member);
        BRIDGE.redeem(((seed >> 8) % held + 1) * POINT, bytes32(seed | 1));
        ++redemptions;
    }

    function transfer(uint256 seed) external {
        address member = members[seed % 4];
        uint256 held = TOKEN.balanceOf(member);
        vm.prank(member);
        TOKEN.transfer(members[(seed >> 8) % 4], held * (seed % 7) / 7 / POINT * POINT);
    }

    function pauseOrUnpause(uint256 seed) external {
        if (BRIDGE.paused()) {
            vm.prank(BRIDGE.TIMELOCK());
            BRIDGE.unpause();
        } else if (seed % 8 == 0) {
            vm.prank(BRIDGE.guardian());
            BRIDGE.pause();
        }
    }

    function outsider(uint256 seed) external {
        address stranger = address(uint160(uint256(keccak256(abi.encode(seed)))));
        uint64 next = BRIDGE.lastSequence() + 1;
        uint64 escrowed = BRIDGE.escrowedPoints() + 1;
        vm.prank(stranger);
        (bool committed,) =
            address(BRIDGE).call(abi.encodeCall(BRIDGE.commitBatch, (next, bytes32(seed | 1), 1, next, escrowed)));
        vm.prank(stranger);
        (bool minted,) = address(TOKEN).call(abi.encodeCall(TOKEN.crosschainMint, (stranger, 1)));
        vm.prank(stranger);
        (bool paused,) = address(BRIDGE).call(abi.encodeCall(BRIDGE.pause, ()));
        assert(!committed && !minted && !paused);
    }

    function pass(uint256 seed) external {
        vm.warp(block.timestamp + (seed % 8 == 0 ? seed % 1500 : seed % 12));
    }
}

abstract contract BridgeInvariants is Deployed {
    Actors internal actors;
    uint256 private _startedAt;

    function _posterLies() internal pure virtual returns (bool);

    function setUp() public {
        _deploy();
        actors = new Actors(token, bridge, _posterLies());
        _startedAt = block.timestamp;
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(actors);
    }

    function invariant_EscrowIsExecutedCancelledAndOpen() public view {
        uint256 open;
        for (uint64 sequence = 1; sequence <= bridge.lastSequence(); ++sequence) {
            IPointsBridge.Batch memory batch = bridge.batch(sequence);
            if (batch.state == IPointsBridge.BatchState.Committed) open += batch.points;
        }
        uint256 sum = bridge.executedPoints() + bridge.cancelledPoints() + open;
        _require(bridge.escrowedPoints() == sum, "escrowed = executed + cancelled + open");
    }

    function invariant_SupplyIsExecutedLessRedeemed() public view {
        uint256 points = bridge.executedPoints() - bridge.redeemedPoints();
        _require(token.totalSupply() == points * POINT, "supply = executed - redeemed");
        uint256 held;
        for (uint256 i = 0; i < 4; ++i) {
            held += token.balanceOf(actors.members(i));
        }
        _require(held == token.totalSupply(), "balances add up");
    }

    function invariant_MintingIsBoundedByTheBucket() public view {
        uint256 flowed = (block.timestamp - _startedAt) * REFILL_PER_DAY / 1 days;
        _require(bridge.executedPoints() <= CAPACITY + flowed, "bucket");
    }

    function invariant_NumbersAreDense() public view {
        _require(bridge.lastSequence() == actors.commits(), "batches");
        _require(bridge.lastRedemption() == actors.redemptions(), "redemptions");
    }

    function invariant_NothingFalseIsMinted() public view {
        _require(actors.falseExecutions() == 0, "false batch executed");
        _require(bridge.executedPoints() <= actors.journalPoints(), "executed within the journal");
    }

    /// @dev Liveness: whatever happened, every true batch that is not too late and fits the bucket
    /// can be executed once the bridge is watched and not paused.
    function afterInvariant() public {
        if (bridge.paused()) {
            vm.prank(address(timelock));
            bridge.unpause();
        }
        actors.watch();
        vm.warp(block.timestamp + DELAY_S);
        for (uint64 sequence = 1; sequence <= bridge.lastSequence(); ++sequence) {
            IPointsBridge.Batch memory batch = bridge.batch(sequence);
            if (bridge.batchState(sequence) != IPointsBridge.BatchState.Committed) continue;
            if (batch.points <= bridge.availablePoints()) {
                bridge.executeBatch(sequence, actors.records(sequence));
            }
        }
    }
}

contract HonestPosterTest is BridgeInvariants {
    function _posterLies() internal pure override returns (bool) {
        return false;
    }
}

contract LyingPosterTest is BridgeInvariants {
    function _posterLies() internal pure override returns (bool) {
        return true;
    }
}
