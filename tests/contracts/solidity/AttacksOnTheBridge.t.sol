// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IPointsBridge} from "vklad/interfaces/IPointsBridge.sol";
import {IVklToken} from "vklad/interfaces/IVklToken.sol";

import {Deployed} from "./Deployed.sol";

/// @dev Stolen keys and lies about points. docs/threat-model.md names each test.
contract AttacksOnTheBridgeTest is Deployed {
    address private constant THIEF = address(0x7411EF);
    bytes32 private constant REFERENCE = bytes32(uint256(0xabc));
    uint256 private constant ORDER =
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    function setUp() public {
        _deploy();
    }

    /// @dev The watcher is awake: whatever the thief commits, nothing is minted.
    function test_AStolenPosterKeyMintsNothing() public {
        for (uint256 i = 0; i < 60; ++i) {
            bytes memory records = _record(THIEF, 100 + i);
            uint64 sequence = _commit(records, uint64(100 + i));
            vm.warp(block.timestamp + 60);
            vm.prank(watcher);
            bridge.heartbeat(0);
            vm.expectRevert(
                abi.encodeWithSelector(IPointsBridge.WatcherHasNotChecked.selector, sequence, 0)
            );
            bridge.executeBatch(sequence, records);
        }
        _require(token.totalSupply() == 0, "an hour, and nothing");
    }

    /// @dev Poster and watcher both stolen, nobody awake: an hour mints the bucket and what flows in.
    function test_StolenPosterAndWatcherKeysAtTheirWorstHour() public {
        uint256 began = block.timestamp;
        for (uint64 minute = 0; minute < 60; ++minute) {
            uint64 points = bridge.availablePoints();
            if (points > GROWTH) points = GROWTH;
            bytes memory records = _record(THIEF, points);
            uint64 sequence = _commit(records, points);
            _watch();
            vm.warp(began + (minute + 1) * 60);
            try bridge.executeBatch(sequence, records) {} catch {}
        }
        uint256 stolen = token.balanceOf(THIEF) / POINT;
        _require(stolen >= CAPACITY, "they did what they could");
        _require(stolen <= CAPACITY + uint256(REFILL_PER_DAY) / 24, "bucket and an hour's flow");
    }

    function test_AReplayedCommit() public {
        bytes memory records = _record(THIEF, 5);
        _commit(records, 5);
        vm.prank(poster);
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.SequenceNotNext.selector, 1, 2));
        bridge.commitBatch(1, keccak256(records), 5, 1, 10);
    }

    /// @dev The same records under a new number need the watcher like any others.
    function test_AReplayedHash() public {
        _bring(THIEF, 5);
        bytes memory records = _record(THIEF, 5);
        uint64 replayed = _commit(records, 5);
        vm.warp(block.timestamp + DELAY_S);
        vm.expectRevert(
            abi.encodeWithSelector(IPointsBridge.WatcherHasNotChecked.selector, replayed, replayed - 1)
        );
        bridge.executeBatch(replayed, records);
        vm.prank(watcher);
        bridge.veto(replayed);
        _watch();
        vm.expectRevert(
            abi.encodeWithSelector(
                IPointsBridge.BatchNotOpen.selector, replayed, IPointsBridge.BatchState.Vetoed
            )
        );
        bridge.executeBatch(replayed, records);
        _require(token.balanceOf(THIEF) == 5 * POINT, "once");
    }

    function testFuzz_TheCumulativeEscrowNeverDecreases(uint64 stated) public {
        _commit(_record(THIEF, 500), 500);
        vm.prank(watcher);
        bridge.veto(1);
        _require(bridge.escrowedPoints() == 500, "a veto takes nothing away");
        vm.assume(stated != 507);
        vm.prank(poster);
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.EscrowMismatch.selector, stated, 507));
        bridge.commitBatch(2, keccak256("x"), 7, 2, stated);
    }

    function testFuzz_ABatchAboveTheBucket(uint64 capacity, uint64 points) public {
        capacity = capacity % GROWTH + 1;
        points = capacity + points % GROWTH + 1;
        vm.prank(address(timelock));
        bridge.setLimits(IPointsBridge.Limits(capacity, REFILL_PER_DAY, GROWTH));
        uint64 escrowed = bridge.escrowedPoints() + points;
        vm.prank(poster);
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.BatchTooLarge.selector, points, capacity));
        bridge.commitBatch(1, keccak256("x"), points, 1, escrowed);
    }

    /// @dev A smaller bucket keeps what fits, a larger one is not filled by having grown.
    function test_ChangingTheBucketGivesNothing() public {
        _bring(THIEF, GROWTH);
        uint64 level = bridge.availablePoints();
        vm.prank(address(timelock));
        bridge.setLimits(IPointsBridge.Limits(level - 10, REFILL_PER_DAY, GROWTH));
        _require(bridge.availablePoints() == level - 10, "what fits");
        vm.warp(block.timestamp + 1);
        vm.prank(address(timelock));
        bridge.setLimits(IPointsBridge.Limits((level - 10) * 2, REFILL_PER_DAY, GROWTH));
        _require(bridge.availablePoints() == level - 10, "no gift");
    }

    /// @dev A record for nobody, the token or the bridge stops its whole batch, which then expires.
    function test_RecipientsThatCannotBe() public {
        address[3] memory refused = [address(0), address(token), address(bridge)];
        for (uint256 i = 0; i < 3; ++i) {
            bytes memory records = bytes.concat(_record(THIEF, 5), _record(refused[i], 5));
            uint64 sequence = _commit(records, 10);
            vm.warp(block.timestamp + DELAY_S);
            _watch();
            vm.expectRevert(abi.encodeWithSelector(IVklToken.RecipientRefused.selector, refused[i]));
            bridge.executeBatch(sequence, records);
        }
        _require(token.totalSupply() == 0 && bridge.executedPoints() == 0, "nothing happened");
    }

    /// @dev A batch that fails halfway uses nothing of the bucket and can be tried again.
    function test_AFailedExecutionLeavesNoTrace() public {
        bytes memory records = bytes.concat(_record(THIEF, 5), _record(address(0), 5));
        uint64 sequence = _commit(records, 10);
        vm.warp(block.timestamp + DELAY_S);
        _watch();
        uint64 available = bridge.availablePoints();
        vm.expectRevert(abi.encodeWithSelector(IVklToken.RecipientRefused.selector, address(0)));
        bridge.executeBatch(sequence, records);
        _require(bridge.availablePoints() == available, "bucket");
        _require(bridge.batchState(sequence) == IPointsBridge.BatchState.Committed, "still open");
    }

    function testFuzz_OnlyTheBridgeMintsAndBurns(address caller, uint256 value) public {
        vm.assume(caller != address(bridge));
        _bring(THIEF, 5);
        bytes memory refusal = abi.encodeWithSelector(IVklToken.OnlyBridge.selector, caller);
        vm.prank(caller);
        vm.expectRevert(refusal);
        token.crosschainMint(caller, value);
        vm.prank(caller);
        vm.expectRevert(refusal);
        token.crosschainBurn(THIEF, value % 5);
        vm.prank(caller);
        vm.expectRevert(refusal);
        token.mintBatch(_record(THIEF, 1));
    }

    // --- a redemption by signature in wrong hands ---

    function test_ARedemptionOfAnotherChainOrContract() public {
        (address holder, uint256 key) = (vm.addr(0xA11CE), 0xA11CE);
        _bring(holder, 5);
        uint256 deadline = block.timestamp + 10;
        bytes memory elsewhere = _sign(key, _redeemDigest(address(token), holder, 0, deadline));
        bytes memory refusal = abi.encodeWithSelector(IPointsBridge.SignatureInvalid.selector, holder);
        vm.expectRevert(refusal);
        bridge.redeemBySig(holder, POINT, REFERENCE, deadline, elsewhere);
        bytes memory signature = _sign(key, _redeemDigest(address(bridge), holder, 0, deadline));
        uint256 home = block.chainid;
        vm.chainId(home + 1);
        vm.expectRevert(refusal);
        bridge.redeemBySig(holder, POINT, REFERENCE, deadline, signature);
        vm.chainId(home);
        bridge.redeemBySig(holder, POINT, REFERENCE, deadline, signature);
    }

    function testFuzz_AMalleatedRedemption(uint256 key) public {
        vm.assume(key != 0 && key < ORDER);
        address holder = vm.addr(key);
        _bring(holder, 5);
        uint256 deadline = block.timestamp + 10;
        bytes32 digest = _redeemDigest(address(bridge), holder, 0, deadline);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        bytes memory other = abi.encodePacked(r, bytes32(ORDER - uint256(s)), v == 27 ? uint8(28) : uint8(27));
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.SignatureInvalid.selector, holder));
        bridge.redeemBySig(holder, POINT, REFERENCE, deadline, other);
    }

    /// @dev What is signed is the whole of it: holder, amount, reference and deadline.
    function testFuzz_AnAlteredRedemption(uint8 which) public {
        (address holder, uint256 key) = (vm.addr(0xA11CE), 0xA11CE);
        _bring(holder, 5);
        uint256 deadline = block.timestamp + 10;
        bytes memory signature = _sign(key, _redeemDigest(address(bridge), holder, 0, deadline));
        address presumed = which % 4 == 0 ? THIEF : holder;
        uint256 amount = which % 4 == 1 ? 2 * POINT : POINT;
        bytes32 reference_ = which % 4 == 2 ? bytes32(uint256(7)) : REFERENCE;
        uint256 until = which % 4 == 3 ? deadline + 1 : deadline;
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.SignatureInvalid.selector, presumed));
        bridge.redeemBySig(presumed, amount, reference_, until, signature);
    }

    function _redeemDigest(address contract_, address holder, uint256 nonce, uint256 deadline)
        private
        view
        returns (bytes32)
    {
        bytes32 structHash =
            keccak256(abi.encode(bridge.REDEEM_TYPEHASH(), holder, POINT, REFERENCE, nonce, deadline));
        return _digest(_domain("Vklad Points Bridge", contract_), structHash);
    }
}
