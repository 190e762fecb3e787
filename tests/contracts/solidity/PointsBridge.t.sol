// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {VklToken} from "vklad/VklToken.sol";
import {IPointsBridge} from "vklad/interfaces/IPointsBridge.sol";

import {Deployed} from "./Deployed.sol";

contract PointsBridgeTest is Deployed {
    address private constant MEMBER = address(0x7001);
    bytes32 private constant REFERENCE = bytes32(uint256(0xabc));

    function setUp() public {
        _deploy();
    }

    // --- points in ---

    function test_CommitWatchExecute() public {
        bytes memory records = bytes.concat(_record(MEMBER, 70), _record(address(0x7002), 30));
        uint64 sequence = _commit(records, 100);
        _require(bridge.batchState(sequence) == IPointsBridge.BatchState.Committed, "committed");
        vm.warp(block.timestamp + DELAY_S);
        _watch();
        bridge.executeBatch(sequence, records);
        _require(token.balanceOf(MEMBER) == 70 * POINT, "balance");
        _require(token.totalSupply() == 100 * POINT, "supply");
        _require(bridge.executedPoints() == 100 && bridge.escrowedPoints() == 100, "sums");
        _require(bridge.availablePoints() == CAPACITY - 100, "bucket");
        vm.expectRevert(_notOpen(sequence, IPointsBridge.BatchState.Executed));
        bridge.executeBatch(sequence, records);
    }

    function testFuzz_OnlyPosterCommits(address caller) public {
        vm.assume(caller != poster);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.OnlyPoster.selector, caller));
        bridge.commitBatch(1, keccak256("x"), 1, 1, 1);
    }

    function testFuzz_CommitRefusals(uint64 sequence, uint64 points, uint64 escrowed) public {
        vm.assume(sequence != 1);
        vm.assume(points > GROWTH);
        vm.assume(escrowed != 5);
        _refuseCommit(
            abi.encodeWithSelector(IPointsBridge.SequenceNotNext.selector, sequence, 1), sequence, "r", 5, 5
        );
        _refuseCommit(
            abi.encodeWithSelector(IPointsBridge.BatchTooLarge.selector, points, GROWTH), 1, "r", points, points
        );
        _refuseCommit(
            abi.encodeWithSelector(IPointsBridge.EscrowMismatch.selector, escrowed, 5), 1, "r", 5, escrowed
        );
        _refuseCommit(abi.encodeWithSelector(IPointsBridge.ZeroHash.selector), 1, bytes32(0), 5, 5);
        _refuseCommit(abi.encodeWithSelector(IPointsBridge.NoPoints.selector), 1, "r", 0, 0);
    }

    function test_LedgerPositionNeverBehindAnExecutedOne() public {
        vm.prank(poster);
        bridge.commitBatch(1, keccak256(_record(MEMBER, 5)), 5, 40, 5);
        vm.warp(block.timestamp + DELAY_S);
        _watch();
        bridge.executeBatch(1, _record(MEMBER, 5));
        vm.prank(poster);
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.LedgerPositionBehind.selector, 39, 40));
        bridge.commitBatch(2, keccak256("x"), 5, 39, 10);
    }

    function test_TooEarlyAndTooLate() public {
        bytes memory records = _record(MEMBER, 5);
        uint64 sequence = _commit(records, 5);
        _watch();
        uint48 executableAt = uint48(block.timestamp) + DELAY_S;
        vm.warp(executableAt - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IPointsBridge.BatchTooEarly.selector, sequence, executableAt)
        );
        bridge.executeBatch(sequence, records);
        uint48 expiresAt = executableAt + LIFETIME_S;
        vm.warp(expiresAt - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IPointsBridge.BatchNotExpired.selector, sequence, expiresAt)
        );
        bridge.expireBatch(sequence);
        vm.warp(expiresAt);
        _watch();
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.BatchTooLate.selector, sequence, expiresAt));
        bridge.executeBatch(sequence, records);
        _require(bridge.batchState(sequence) == IPointsBridge.BatchState.Expired, "expired");
        bridge.expireBatch(sequence);
        _require(bridge.cancelledPoints() == 5, "cancelled");
        vm.expectRevert(_notOpen(sequence, IPointsBridge.BatchState.Expired));
        bridge.expireBatch(sequence);
    }

    function testFuzz_OtherRecordsAreRefused(bytes calldata records) public {
        bytes memory committed = _record(MEMBER, 5);
        vm.assume(keccak256(records) != keccak256(committed));
        vm.assume(records.length <= bridge.RECORDS_BYTES_MAX());
        uint64 sequence = _commit(committed, 5);
        vm.warp(block.timestamp + DELAY_S);
        _watch();
        vm.expectRevert(
            abi.encodeWithSelector(
                IPointsBridge.RecordsMismatch.selector, keccak256(records), keccak256(committed)
            )
        );
        bridge.executeBatch(sequence, records);
    }

    function test_AFalseTotalNeverMints() public {
        uint64 sequence = _commit(_record(MEMBER, 6), 5);
        vm.warp(block.timestamp + DELAY_S);
        _watch();
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.PointsMismatch.selector, 6, 5));
        bridge.executeBatch(sequence, _record(MEMBER, 6));
        _require(token.totalSupply() == 0 && bridge.executedPoints() == 0, "nothing happened");
    }

    function test_TooManyRecords() public {
        bytes memory records = new bytes(561 * 26);
        uint64 sequence = _commit(records, 5);
        vm.warp(block.timestamp + DELAY_S);
        _watch();
        vm.expectRevert(
            abi.encodeWithSelector(IPointsBridge.TooManyRecords.selector, 561 * 26, 560 * 26)
        );
        bridge.executeBatch(sequence, records);
    }

    function test_NoWatcherNoExecution() public {
        bytes memory records = _record(MEMBER, 5);
        uint64 sequence = _commit(records, 5);
        vm.warp(block.timestamp + DELAY_S);
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.WatcherSilent.selector, 0));
        bridge.executeBatch(sequence, records);
        uint48 beat = uint48(block.timestamp);
        vm.prank(watcher);
        bridge.heartbeat(0);
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.WatcherHasNotChecked.selector, 1, 0));
        bridge.executeBatch(sequence, records);
        vm.prank(watcher);
        bridge.heartbeat(1);
        vm.warp(beat + HEARTBEAT_S + 1);
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.WatcherSilent.selector, beat + HEARTBEAT_S));
        bridge.executeBatch(sequence, records);
        vm.warp(beat + HEARTBEAT_S);
        bridge.executeBatch(sequence, records);
    }

    function test_HeartbeatRefusals() public {
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.OnlyWatcher.selector, address(this)));
        bridge.heartbeat(0);
        vm.prank(watcher);
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.CheckedSequenceRefused.selector, 1, 0, 0));
        bridge.heartbeat(1);
        _commit(_record(MEMBER, 5), 5);
        _watch();
        vm.prank(watcher);
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.CheckedSequenceRefused.selector, 0, 1, 1));
        bridge.heartbeat(0);
    }

    function test_VetoIsTerminal() public {
        bytes memory records = _record(MEMBER, 5);
        uint64 first = _commit(records, 5);
        uint64 second = _commit(records, 5);
        uint64 third = _commit(records, 5);
        vm.prank(watcher);
        bridge.veto(first);
        vm.prank(guardian);
        bridge.veto(second);
        vm.expectRevert(
            abi.encodeWithSelector(IPointsBridge.OnlyWatcherOrGuardian.selector, address(this))
        );
        bridge.veto(third);
        vm.prank(watcher);
        vm.expectRevert(_notOpen(first, IPointsBridge.BatchState.Vetoed));
        bridge.veto(first);
        vm.warp(block.timestamp + DELAY_S);
        _watch();
        vm.expectRevert(_notOpen(first, IPointsBridge.BatchState.Vetoed));
        bridge.executeBatch(first, records);
        bridge.executeBatch(third, records);
        _require(bridge.cancelledPoints() == 10 && bridge.escrowedPoints() == 15, "sums");
        _require(bridge.lastSequence() == 3, "numbers stay used");
    }

    function testFuzz_BucketBoundsMinting(uint64 wait) public {
        wait = wait % 90_000;
        _bring(MEMBER, GROWTH);
        bytes memory records = _record(MEMBER, GROWTH);
        uint64 sequence = _commit(records, GROWTH);
        uint256 since = block.timestamp;
        vm.warp(since + DELAY_S);
        _watch();
        uint64 available = CAPACITY - GROWTH + uint64(DELAY_S * uint256(REFILL_PER_DAY) / 1 days);
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.BucketTooEmpty.selector, GROWTH, available));
        bridge.executeBatch(sequence, records);
        vm.warp(since + wait);
        uint256 level = CAPACITY - GROWTH + wait * uint256(REFILL_PER_DAY) / 1 days;
        _require(bridge.availablePoints() == (level < CAPACITY ? level : CAPACITY), "bucket level");
    }

    // --- guardian ---

    function test_PauseStopsInButNotOut() public {
        _bring(MEMBER, 5);
        uint64 sequence = _commit(_record(MEMBER, 5), 5);
        vm.expectRevert(
            abi.encodeWithSelector(
                IPointsBridge.OnlyGuardian.selector, address(this), bridge.guardianTermEndsAt()
            )
        );
        bridge.pause();
        vm.prank(guardian);
        bridge.pause();
        vm.warp(block.timestamp + DELAY_S);
        _watch();
        vm.expectRevert(IPointsBridge.BridgePaused.selector);
        bridge.executeBatch(sequence, _record(MEMBER, 5));
        vm.prank(poster);
        vm.expectRevert(IPointsBridge.BridgePaused.selector);
        bridge.commitBatch(3, keccak256("x"), 1, 1, 11);
        vm.prank(MEMBER);
        bridge.redeem(2 * POINT, REFERENCE);
        vm.prank(guardian);
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.OnlyTimelock.selector, guardian));
        bridge.unpause();
        vm.prank(address(timelock));
        bridge.unpause();
        bridge.executeBatch(sequence, _record(MEMBER, 5));
        vm.prank(address(timelock));
        vm.expectRevert(IPointsBridge.BridgeNotPaused.selector);
        bridge.unpause();
    }

    function test_GuardianTermEnds() public {
        uint64 sequence = _commit(_record(MEMBER, 5), 5);
        uint48 end = bridge.guardianTermEndsAt();
        vm.warp(end);
        vm.prank(guardian);
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.OnlyGuardian.selector, guardian, end));
        bridge.pause();
        vm.prank(guardian);
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.OnlyWatcherOrGuardian.selector, guardian));
        bridge.veto(sequence);
        vm.prank(address(timelock));
        bridge.setGuardian(guardian);
        vm.prank(guardian);
        bridge.pause();
        _require(bridge.guardianTermEndsAt() == end + GUARDIAN_TERM_S, "renewed");
    }

    // --- timelock ---

    function testFuzz_OnlyTimelock(address caller) public {
        vm.assume(caller != address(timelock));
        bytes[5] memory calls = [
            abi.encodeCall(bridge.unpause, ()),
            abi.encodeCall(bridge.setLimits, (_limits())),
            abi.encodeCall(bridge.setPoster, (address(9))),
            abi.encodeCall(bridge.setWatcher, (address(9))),
            abi.encodeCall(bridge.setGuardian, (address(9)))
        ];
        for (uint256 i = 0; i < calls.length; ++i) {
            vm.prank(caller);
            (bool done, bytes memory answer) = address(bridge).call(calls[i]);
            bytes memory refusal = abi.encodeWithSelector(IPointsBridge.OnlyTimelock.selector, caller);
            _require(!done && keccak256(answer) == keccak256(refusal), "refused");
        }
    }

    function testFuzz_LimitsAreBounded(uint64 capacity, uint64 refill, uint64 growth) public {
        bool fits = capacity > 0 && capacity <= CAPACITY * 2 && refill > 0 && refill <= REFILL_PER_DAY * 2
            && growth > 0 && growth <= GROWTH * 2;
        if (!fits) vm.expectRevert();
        vm.prank(address(timelock));
        bridge.setLimits(IPointsBridge.Limits(capacity, refill, growth));
        if (!fits) return;
        _require(bridge.limits().capacityPoints == capacity, "stored");
        _require(bridge.availablePoints() == (capacity < CAPACITY ? capacity : CAPACITY), "no gift");
    }

    function test_ANewRateCountsFromNow() public {
        _bring(MEMBER, GROWTH);
        uint64 level = bridge.availablePoints();
        vm.warp(block.timestamp + 1000);
        vm.prank(address(timelock));
        bridge.setLimits(IPointsBridge.Limits(CAPACITY, REFILL_PER_DAY * 2, GROWTH));
        _require(bridge.availablePoints() == level + 100, "the past at the old rate");
        vm.warp(block.timestamp + 1000);
        _require(bridge.availablePoints() == level + 300, "from now at the new one");
    }

    function test_LimitsNeverPassTheCeiling() public {
        vm.prank(address(timelock));
        bridge.setLimits(IPointsBridge.Limits(CAPACITY * 2, REFILL_PER_DAY, GROWTH));
        vm.warp(block.timestamp + 1);
        vm.prank(address(timelock));
        vm.expectRevert(
            abi.encodeWithSelector(
                IPointsBridge.LimitOutOfBounds.selector, CAPACITY * 3 + 1, 1, CAPACITY * 3
            )
        );
        bridge.setLimits(IPointsBridge.Limits(CAPACITY * 3 + 1, REFILL_PER_DAY, GROWTH));
        vm.prank(address(timelock));
        bridge.setLimits(IPointsBridge.Limits(CAPACITY * 3, REFILL_PER_DAY, GROWTH));
    }

    function test_RolesStayDistinct() public {
        address[4] memory taken = [address(0), watcher, guardian, address(timelock)];
        for (uint256 i = 0; i < 4; ++i) {
            vm.prank(address(timelock));
            vm.expectRevert(abi.encodeWithSelector(IPointsBridge.RoleRefused.selector, taken[i]));
            bridge.setPoster(taken[i]);
        }
        vm.prank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.RoleRefused.selector, poster));
        bridge.setWatcher(poster);
        vm.prank(address(timelock));
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.RoleRefused.selector, poster));
        bridge.setGuardian(poster);
        vm.prank(address(timelock));
        bridge.setPoster(address(9));
        _require(bridge.poster() == address(9), "replaced");
    }

    function test_ANewWatcherMustShowLife() public {
        bytes memory records = _record(MEMBER, 5);
        uint64 sequence = _commit(records, 5);
        vm.warp(block.timestamp + DELAY_S);
        _watch();
        vm.prank(address(timelock));
        bridge.setWatcher(address(9));
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.WatcherSilent.selector, 0));
        bridge.executeBatch(sequence, records);
    }

    // --- points out ---

    function testFuzz_RedeemBurns(uint64 points) public {
        points = points % GROWTH + 1;
        _bring(MEMBER, points);
        vm.prank(MEMBER);
        uint64 sequence = bridge.redeem(points * POINT, REFERENCE);
        _require(sequence == 1 && bridge.lastRedemption() == 1, "dense");
        _require(token.totalSupply() == 0 && bridge.redeemedPoints() == points, "burned");
    }

    function test_RedeemRefusals() public {
        _bring(MEMBER, 5);
        vm.prank(MEMBER);
        vm.expectRevert(IPointsBridge.ZeroHash.selector);
        bridge.redeem(POINT, bytes32(0));
        vm.prank(MEMBER);
        vm.expectRevert(IPointsBridge.NoPoints.selector);
        bridge.redeem(0, REFERENCE);
        vm.prank(MEMBER);
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.NotWholePoints.selector, POINT + 1));
        bridge.redeem(POINT + 1, REFERENCE);
        vm.prank(MEMBER);
        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientBalance.selector, MEMBER, 5 * POINT, 6 * POINT
            )
        );
        bridge.redeem(6 * POINT, REFERENCE);
        _require(bridge.lastRedemption() == 0, "no number used");
    }

    function test_RedeemBySignature() public {
        uint256 key = 0xA11CE;
        address holder = vm.addr(key);
        _bring(holder, 5);
        uint256 deadline = block.timestamp + 10;
        bytes memory signature = _sign(key, _redeemDigest(holder, 2 * POINT, 0, deadline));
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.SignatureInvalid.selector, holder));
        bridge.redeemBySig(holder, 3 * POINT, REFERENCE, deadline, signature);
        bridge.redeemBySig(holder, 2 * POINT, REFERENCE, deadline, signature);
        _require(token.balanceOf(holder) == 3 * POINT, "burned");
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.SignatureInvalid.selector, holder));
        bridge.redeemBySig(holder, 2 * POINT, REFERENCE, deadline, signature);
        vm.warp(deadline + 1);
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.SignatureExpired.selector, deadline));
        bridge.redeemBySig(holder, 2 * POINT, REFERENCE, deadline, signature);
    }

    // --- construction ---

    function test_ConstructionRefusals() public {
        address next = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        VklToken other = VklToken(_create("VklToken", abi.encode(next)));
        vm.expectRevert(
            abi.encodeWithSelector(IPointsBridge.TokenOfAnotherBridge.selector, address(other))
        );
        _construct(address(other), address(timelock), _periods(), _limits());
        address timelock_ = address(timelock);
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.RoleRefused.selector, address(0)));
        _construct(_tokenForNext(), address(0), _periods(), _limits());
        IPointsBridge.Periods memory none = _periods();
        none.delayS = 0;
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.PeriodRefused.selector, 0));
        _construct(_tokenForNext(), timelock_, none, _limits());
        for (uint256 i = 0; i < 6; ++i) {
            _refuseLimits(timelock_, i % 3, i < 3);
        }
        address[3] memory roles = [poster, poster, guardian];
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.RoleRefused.selector, poster));
        _createBridge(_tokenForNext(), timelock_, roles, _periods(), _limits());
        for (uint256 i = 0; i < 4; ++i) {
            IPointsBridge.Periods memory periods = _periods();
            if (i == 0) periods.delayS = 0;
            if (i == 1) periods.lifetimeS = 0;
            if (i == 2) periods.heartbeatS = 0;
            if (i == 3) periods.guardianTermS = 0;
            vm.expectRevert(abi.encodeWithSelector(IPointsBridge.PeriodRefused.selector, 0));
            _construct(_tokenForNext(), timelock_, periods, _limits());
        }
    }

    /// @dev Each of the three limits, too large or nothing.
    function _refuseLimits(address timelock_, uint256 which, bool large) private {
        IPointsBridge.Limits memory limits = _limits();
        IPointsBridge.Limits memory ceiling = _ceilings();
        uint64 max = [ceiling.capacityPoints, ceiling.refillPointsPerDay, ceiling.growthPointsMax][which];
        uint64 given = large ? max + 1 : 0;
        if (which == 0) limits.capacityPoints = given;
        if (which == 1) limits.refillPointsPerDay = given;
        if (which == 2) limits.growthPointsMax = given;
        vm.expectRevert(abi.encodeWithSelector(IPointsBridge.LimitOutOfBounds.selector, given, 1, max));
        _construct(_tokenForNext(), timelock_, _periods(), limits);
    }

    /// @dev What is built in, and that everything works in a century to come.
    function test_FarAhead() public {
        _require(bridge.DELAY_S() == DELAY_S && bridge.LIFETIME_S() == LIFETIME_S, "periods");
        _require(bridge.HEARTBEAT_S() == HEARTBEAT_S && bridge.GUARDIAN_TERM_S() == GUARDIAN_TERM_S, "terms");
        _require(bridge.CAPACITY_POINTS_CEILING() == CAPACITY * 3, "capacity");
        _require(bridge.REFILL_POINTS_PER_DAY_CEILING() == REFILL_PER_DAY * 3, "refill");
        _require(bridge.GROWTH_POINTS_CEILING() == GROWTH * 3, "growth");
        _require(bridge.TOKEN() == address(token) && bridge.TIMELOCK() == address(timelock), "places");
        vm.warp(2 ** 33);
        _bring(MEMBER, 4000);
        _bring(MEMBER, 4000);
        _require(token.balanceOf(MEMBER) == 8000 * POINT, "minted");
        _require(bridge.availablePoints() == CAPACITY - 8000, "counted");
        _require(bridge.watcherAliveUntil() == block.timestamp + HEARTBEAT_S, "alive");
        vm.prank(address(timelock));
        bridge.setGuardian(address(9));
        _require(bridge.guardianTermEndsAt() == block.timestamp + GUARDIAN_TERM_S, "a term");
    }

    function _tokenForNext() private returns (address) {
        // expectRevert waits for the next call; this one must not be it, hence etch.
        address place = address(0xbeef);
        address next = vm.computeCreateAddress(address(this), vm.getNonce(address(this)));
        vm.etch(place, abi.encodePacked(hex"73", next, hex"5f5260205ff3"));
        return place;
    }

    function _construct(
        address token_,
        address timelock_,
        IPointsBridge.Periods memory periods,
        IPointsBridge.Limits memory initial
    ) private {
        _createBridge(token_, timelock_, _roles(), periods, initial);
    }

    function _refuseCommit(
        bytes memory refusal,
        uint64 sequence,
        bytes32 recordsHash,
        uint64 points,
        uint64 escrowed
    ) private {
        vm.prank(poster);
        vm.expectRevert(refusal);
        bridge.commitBatch(sequence, recordsHash, points, 1, escrowed);
    }

    function _notOpen(uint64 sequence, IPointsBridge.BatchState state) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IPointsBridge.BatchNotOpen.selector, sequence, state);
    }

    function _redeemDigest(address holder, uint256 amount, uint256 nonce, uint256 deadline)
        private
        view
        returns (bytes32)
    {
        bytes32 structHash =
            keccak256(abi.encode(bridge.REDEEM_TYPEHASH(), holder, amount, REFERENCE, nonce, deadline));
        return _digest(_domain("Vklad Points Bridge", address(bridge)), structHash);
    }
}
