// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {PointsBridge} from "vklad/PointsBridge.sol";
import {VklToken} from "vklad/VklToken.sol";
import {IPointsBridge} from "vklad/interfaces/IPointsBridge.sol";

import {Vm} from "./Vm.sol";

/// @dev Everybody who acts on the bridge, and what an honest journal would say of it. An action that
/// cannot be done now gives the call back (`vm.assume`), so that every call counted is an action done.
contract BridgeActors {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    uint256 internal constant POINT = 1e18;
    uint256 internal constant MEMBERS = 4;

    VklToken internal immutable TOKEN;
    PointsBridge internal immutable BRIDGE;

    uint256 public commits;
    uint256 public redemptions;
    uint64 public journalPoints;
    uint64 public falseExecutions;
    /// @dev Most that may ever have been executed: what the bucket began with and all that flowed in.
    uint256 public allowancePointSeconds;
    uint256 private _flowedUntil;
    mapping(uint64 sequence => bytes) public records;
    mapping(uint64 sequence => bool) public inJournal;

    constructor(VklToken token, PointsBridge bridge) {
        TOKEN = token;
        BRIDGE = bridge;
        allowancePointSeconds = uint256(bridge.limits().capacityPoints) * 1 days;
        _flowedUntil = block.timestamp;
    }

    function member(uint256 number) public pure returns (address) {
        return address(uint160(0x7001 + number % MEMBERS));
    }

    // --- poster ---

    /// @dev Two members' points, as the journal has them.
    function commitsTheJournal(uint256 seed) external {
        vm.assume(!BRIDGE.paused());
        uint64 first = uint64(seed % 2900) + 1;
        uint64 second = uint64((seed >> 16) % 2900) + 1;
        bytes memory packed = abi.encodePacked(
            member(seed >> 32), uint48(first), member(seed >> 40), uint48(second)
        );
        uint64 points = first + second;
        vm.assume(points <= _batchPointsMax());
        uint64 sequence = BRIDGE.lastSequence() + 1;
        uint64 escrowed = BRIDGE.escrowedPoints() + points;
        vm.prank(BRIDGE.poster());
        BRIDGE.commitBatch(sequence, keccak256(packed), points, sequence, escrowed);
        ++commits;
        records[sequence] = packed;
        inJournal[sequence] = true;
        journalPoints += points;
    }

    // --- watcher ---

    /// @dev Vetoes what the journal does not have, then says that it has seen the rest.
    function watches() public virtual {
        uint64 last = BRIDGE.lastSequence();
        for (uint64 sequence = 1; sequence <= last; ++sequence) {
            if (!inJournal[sequence] && _isStored(sequence, IPointsBridge.BatchState.Committed)) {
                vm.prank(BRIDGE.watcher());
                BRIDGE.veto(sequence);
            }
        }
        vm.prank(BRIDGE.watcher());
        BRIDGE.heartbeat(last);
    }

    // --- guardian and timelock ---

    function vetoes(uint256 seed) external {
        vm.assume(seed % 4 == 0);
        uint64 sequence = _anOpenOne(seed >> 2);
        vm.prank(BRIDGE.guardian());
        BRIDGE.veto(sequence);
    }

    function pauses(uint256 seed) external {
        vm.assume(!BRIDGE.paused() && seed % 4 == 0);
        vm.prank(BRIDGE.guardian());
        BRIDGE.pause();
    }

    function unpauses() public {
        vm.assume(BRIDGE.paused());
        vm.prank(BRIDGE.TIMELOCK());
        BRIDGE.unpause();
    }

    function changesLimits(uint256 seed) external {
        vm.assume(seed % 4 == 0);
        vm.warp(block.timestamp + 1);
        _flow();
        IPointsBridge.Limits memory present = BRIDGE.limits();
        present.capacityPoints = _stepped(present.capacityPoints, seed >> 8, 6000, 30_000);
        present.refillPointsPerDay = _stepped(present.refillPointsPerDay, seed >> 16, 100, 25_000);
        vm.prank(BRIDGE.TIMELOCK());
        BRIDGE.setLimits(present);
    }

    function replacesAKey(uint256 seed) external {
        vm.assume(seed % 4 == 0);
        // Even ones watch, odd ones post: no account may do both.
        uint160 present = uint160(0x10000 + (seed >> 8) % 1_000_000 * 2);
        vm.prank(BRIDGE.TIMELOCK());
        if (seed & 4 != 0) BRIDGE.setWatcher(address(present));
        else BRIDGE.setPoster(address(present + 1));
    }

    // --- anyone ---

    /// @dev What is due, watched and within the bucket executes, whoever asks.
    function executesWhatIsDue(uint256 seed) external {
        vm.assume(!BRIDGE.paused() && _isWatched());
        uint64 last = BRIDGE.lastSequence();
        for (uint64 tried = 0; tried < last; ++tried) {
            uint64 sequence = uint64((seed % last + tried) % last) + 1;
            if (!_isDue(sequence)) continue;
            vm.prank(address(0xA11));
            BRIDGE.executeBatch(sequence, records[sequence]);
            if (!inJournal[sequence]) ++falseExecutions;
            return;
        }
        vm.assume(false);
    }

    /// @dev Any batch at any time with its records or others: it mints only what the journal has.
    function triesToExecute(uint256 seed) external {
        uint64 last = BRIDGE.lastSequence();
        vm.assume(last != 0);
        uint64 sequence = uint64(seed % last) + 1;
        bytes memory packed =
            seed & (1 << 70) == 0 ? records[sequence] : abi.encodePacked(member(seed), uint48(seed >> 80));
        try BRIDGE.executeBatch(sequence, packed) {
            if (!inJournal[sequence]) ++falseExecutions;
        } catch {}
    }

    function expires(uint256 seed) external {
        uint64 last = BRIDGE.lastSequence();
        for (uint64 tried = 0; tried < last; ++tried) {
            uint64 sequence = uint64((seed % last + tried) % last) + 1;
            bool stands = _isStored(sequence, IPointsBridge.BatchState.Committed);
            if (!stands || block.timestamp < BRIDGE.batch(sequence).expiresAt) continue;
            BRIDGE.expireBatch(sequence);
            return;
        }
        vm.assume(false);
    }

    function redeems(uint256 seed) external {
        address holder = member(seed);
        uint256 held = TOKEN.balanceOf(holder) / POINT;
        vm.assume(held != 0);
        vm.prank(holder);
        uint64 sequence = BRIDGE.redeem(((seed >> 8) % held + 1) * POINT, bytes32(seed | 1));
        ++redemptions;
        assert(sequence == redemptions);
    }

    function transfers(uint256 seed) external {
        address holder = member(seed);
        uint256 held = TOKEN.balanceOf(holder);
        vm.assume(held != 0);
        vm.prank(holder);
        TOKEN.transfer(member(seed >> 8), held * (seed % 7 + 1) / 7 / POINT * POINT);
    }

    /// @dev Whatever a stranger asks of a privileged function, it is refused.
    function strangers(uint256 seed) external {
        address stranger = address(uint160(uint256(keccak256(abi.encode(seed)))));
        uint64 next = BRIDGE.lastSequence() + 1;
        bytes[6] memory calls = [
            abi.encodeCall(BRIDGE.commitBatch, (next, bytes32(seed | 1), 1, next, BRIDGE.escrowedPoints() + 1)),
            abi.encodeCall(BRIDGE.heartbeat, (BRIDGE.lastSequence())),
            abi.encodeCall(BRIDGE.veto, (BRIDGE.lastSequence())),
            abi.encodeCall(BRIDGE.pause, ()),
            abi.encodeCall(BRIDGE.setPoster, (stranger)),
            abi.encodeCall(BRIDGE.setLimits, (BRIDGE.limits()))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            vm.prank(stranger);
            (bool done,) = address(BRIDGE).call(calls[i]);
            assert(!done);
        }
        vm.prank(stranger);
        (bool minted,) = address(TOKEN).call(abi.encodeCall(TOKEN.crosschainMint, (stranger, 1)));
        assert(!minted);
    }

    function waits(uint256 seed) external {
        vm.warp(block.timestamp + (seed % 8 == 0 ? seed % 1500 : seed % 12) + 1);
    }

    // --- what is so ---

    /// @dev Counts what flows into the bucket; before every change of the rate.
    function _flow() internal {
        allowancePointSeconds += (block.timestamp - _flowedUntil) * BRIDGE.limits().refillPointsPerDay;
        _flowedUntil = block.timestamp;
    }

    function allowedPoints() external view returns (uint256) {
        uint256 since = (block.timestamp - _flowedUntil) * BRIDGE.limits().refillPointsPerDay;
        return (allowancePointSeconds + since) / 1 days;
    }

    function _isDue(uint64 sequence) private view returns (bool) {
        if (BRIDGE.batchState(sequence) != IPointsBridge.BatchState.Committed) return false;
        IPointsBridge.Batch memory batch = BRIDGE.batch(sequence);
        if (sequence > BRIDGE.checkedSequence() || block.timestamp < batch.executableAt) return false;
        return batch.points <= BRIDGE.availablePoints();
    }

    function _isWatched() private view returns (bool) {
        return block.timestamp <= BRIDGE.watcherAliveUntil();
    }

    function _anOpenOne(uint256 seed) private view returns (uint64) {
        uint64 last = BRIDGE.lastSequence();
        for (uint64 tried = 0; tried < last; ++tried) {
            uint64 sequence = uint64((seed % last + tried) % last) + 1;
            if (_isStored(sequence, IPointsBridge.BatchState.Committed)) return sequence;
        }
        vm.assume(false);
        return 0;
    }

    function _isStored(uint64 sequence, IPointsBridge.BatchState state) internal view returns (bool) {
        return BRIDGE.batch(sequence).state == state;
    }

    function _batchPointsMax() internal view returns (uint64) {
        IPointsBridge.Limits memory present = BRIDGE.limits();
        return present.capacityPoints < present.growthPointsMax
            ? present.capacityPoints
            : present.growthPointsMax;
    }

    function _stepped(uint64 previous, uint256 seed, uint64 least, uint64 most) private pure returns (uint64) {
        uint64 given = uint64(uint256(previous) * (seed % 200 + 1) / 100);
        return given < least ? least : given > most ? most : given;
    }
}

/// @dev The same bridge in the hands of a poster who commits whatever it likes, and of a watcher that
/// may fall silent for good.
contract LyingActors is BridgeActors {
    bool public watcherIsGone;

    constructor(VklToken token, PointsBridge bridge) BridgeActors(token, bridge) {}

    /// @dev A batch that the journal does not have, or one with a total that its records do not have.
    function commitsAnInvention(uint256 seed) external {
        vm.assume(!BRIDGE.paused());
        uint64 points = uint64(seed % 400) + 1;
        uint64 claimed = seed & (1 << 100) == 0 ? points : uint64((seed >> 64) % 400) + 1;
        bytes memory packed = abi.encodePacked(member(seed >> 32), uint48(points));
        _commitsFalsely(packed, claimed);
    }

    /// @dev An earlier batch once more: true records, but they are in the journal once.
    function commitsAReplay(uint256 seed) external {
        uint64 last = BRIDGE.lastSequence();
        vm.assume(!BRIDGE.paused() && last != 0);
        uint64 earlier = uint64(seed % last) + 1;
        uint64 points = BRIDGE.batch(earlier).points;
        vm.assume(points <= _batchPointsMax());
        _commitsFalsely(records[earlier], points);
    }

    /// @dev Any numbers at all; the bridge takes them if and only if they follow from those before.
    function commitsAnything(uint256 seed, bytes32 recordsHash, uint64 points, uint64 position) external {
        vm.assume(!BRIDGE.paused());
        uint64 last = BRIDGE.lastSequence();
        uint64 sequence = uint64(uint256(last) + seed % 3);
        points = seed & (1 << 9) == 0 ? points % 7000 : points;
        position = seed & (1 << 10) == 0 ? last : position;
        if (seed & (7 << 20) == 0) recordsHash = bytes32(0);
        uint256 escrowed = uint256(BRIDGE.escrowedPoints()) + points + (seed >> 12) % 2;
        vm.assume(escrowed <= type(uint64).max);
        bool follows = sequence == last + 1 && recordsHash != 0 && points != 0
            && points <= _batchPointsMax() && escrowed == uint256(BRIDGE.escrowedPoints()) + points
            && position >= BRIDGE.executedLedgerPosition();
        vm.prank(BRIDGE.poster());
        (bool taken,) = address(BRIDGE).call(
            abi.encodeCall(BRIDGE.commitBatch, (sequence, recordsHash, points, position, uint64(escrowed)))
        );
        assert(taken == follows);
        if (taken) ++commits;
    }

    function watches() public override {
        vm.assume(!watcherIsGone);
        super.watches();
    }

    /// @dev From now on nobody recomputes anything: what was not checked yet must never execute.
    function watcherFallsSilent(uint256 seed) external {
        vm.assume(!watcherIsGone && seed % 16 == 0);
        watcherIsGone = true;
    }

    /// @dev As soon as it is possible: what is false must be caught before.
    function executesInHaste(uint256 seed) external {
        uint64 last = BRIDGE.lastSequence();
        vm.assume(last != 0);
        vm.warp(block.timestamp + BRIDGE.DELAY_S());
        for (uint64 back = 0; back < last && back < 3; ++back) {
            uint64 sequence = last - back;
            try BRIDGE.executeBatch(sequence, records[sequence]) {
                if (!inJournal[sequence]) ++falseExecutions;
            } catch {}
        }
        try BRIDGE.executeBatch(last, abi.encodePacked(member(seed), uint48(seed >> 80))) {
            ++falseExecutions;
        } catch {}
    }

    function _commitsFalsely(bytes memory packed, uint64 points) private {
        uint64 sequence = BRIDGE.lastSequence() + 1;
        uint64 escrowed = BRIDGE.escrowedPoints() + points;
        uint64 position = BRIDGE.executedLedgerPosition() + sequence;
        vm.prank(BRIDGE.poster());
        BRIDGE.commitBatch(sequence, keccak256(packed), points, position, escrowed);
        ++commits;
        records[sequence] = packed;
    }
}
