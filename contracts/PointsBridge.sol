// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

import {IERC7802} from "@openzeppelin/contracts/interfaces/draft-IERC7802.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";

import {IPointsBridge} from "./interfaces/IPointsBridge.sol";
import {IVklToken} from "./interfaces/IVklToken.sol";

/// @title Points bridge
/// @notice See {IPointsBridge}. No proxy and no owner: a new version is a new bridge and a new token.
contract PointsBridge is IPointsBridge, EIP712, Nonces {
    /// @notice EIP-712 type of {redeemBySig}.
    bytes32 public constant REDEEM_TYPEHASH =
        keccak256("Redeem(address holder,uint256 amount,bytes32 creditReference,uint256 nonce,uint256 deadline)");
    /// @notice Token units in one point.
    uint256 public constant UNITS_PER_POINT = 1e18;
    /// @notice Longest records of a batch: 560 members fit the 2^24 gas of one transaction (EIP-7825).
    uint256 public constant RECORDS_BYTES_MAX = 560 * 26;

    uint256 private constant DAY_S = 1 days;

    /// @notice The token minted and burned here.
    address public immutable TOKEN;
    /// @notice Who changes limits and roles: the members' timelock.
    address public immutable TIMELOCK;
    /// @notice See {IPointsBridge-Periods}.
    uint32 public immutable DELAY_S;
    uint32 public immutable LIFETIME_S;
    uint32 public immutable HEARTBEAT_S;
    uint32 public immutable GUARDIAN_TERM_S;
    /// @notice Ceilings that no vote lifts; see {IPointsBridge-Limits}.
    uint64 public immutable CAPACITY_POINTS_CEILING;
    uint64 public immutable REFILL_POINTS_PER_DAY_CEILING;
    uint64 public immutable GROWTH_POINTS_CEILING;

    /// @notice Who commits batches.
    address public poster;
    /// @notice Sequence of the latest batch.
    uint64 public lastSequence;

    /// @notice Who recomputes batches.
    address public watcher;
    /// @notice Batches up to this one were recomputed by the watcher.
    uint64 public checkedSequence;

    /// @notice Who stops.
    address public guardian;
    /// @notice First second at which the guardian has no power any more.
    uint48 public guardianTermEndsAt;
    /// @notice Whether commits and executions are stopped.
    bool public paused;

    /// @notice Cumulative points of all batches committed.
    uint64 public escrowedPoints;
    /// @notice Cumulative points of batches executed.
    uint64 public executedPoints;
    /// @notice Cumulative points of batches vetoed or expired.
    uint64 public cancelledPoints;
    /// @notice Cumulative points redeemed.
    uint64 public redeemedPoints;

    /// @notice Sequence of the latest redemption.
    uint64 public lastRedemption;
    /// @notice Highest ledger position among executed batches.
    uint64 public executedLedgerPosition;
    uint48 private _heartbeatAt;

    Limits private _limits;
    uint48 private _bucketAt;
    /// @dev Contents of the bucket in 1/86 400 of a point, so that filling it never rounds.
    uint128 private _bucketPointSeconds;
    uint48 private _limitsSetAt;

    mapping(uint64 sequence => Batch) private _batches;

    modifier onlyTimelock() {
        if (msg.sender != TIMELOCK) revert OnlyTimelock(msg.sender);
        _;
    }

    modifier whenNotPaused() {
        if (paused) revert BridgePaused();
        _;
    }

    /// @param token Built for this very address.
    /// @param timelock The members' timelock.
    /// @param roles Poster, watcher and guardian, all different.
    /// @param periods See {IPointsBridge-Periods}; none zero.
    /// @param initial Limits to begin with.
    /// @param ceiling Limits that no vote may exceed.
    constructor(
        address token,
        address timelock,
        address[3] memory roles,
        Periods memory periods,
        Limits memory initial,
        Limits memory ceiling
    ) EIP712("Vklad Points Bridge", "1") {
        if (IVklToken(token).BRIDGE() != address(this)) revert TokenOfAnotherBridge(token);
        if (timelock == address(0)) revert RoleRefused(timelock);
        TOKEN = token;
        TIMELOCK = timelock;
        DELAY_S = _notZero(periods.delayS);
        LIFETIME_S = _notZero(periods.lifetimeS);
        HEARTBEAT_S = _notZero(periods.heartbeatS);
        GUARDIAN_TERM_S = _notZero(periods.guardianTermS);
        CAPACITY_POINTS_CEILING = ceiling.capacityPoints;
        REFILL_POINTS_PER_DAY_CEILING = ceiling.refillPointsPerDay;
        GROWTH_POINTS_CEILING = ceiling.growthPointsMax;
        _requireWithin(initial.capacityPoints, ceiling.capacityPoints);
        _requireWithin(initial.refillPointsPerDay, ceiling.refillPointsPerDay);
        _requireWithin(initial.growthPointsMax, ceiling.growthPointsMax);
        _limits = initial;
        emit LimitsSet(Limits(0, 0, 0), initial);
        _bucketAt = uint48(block.timestamp);
        _bucketPointSeconds = uint128(initial.capacityPoints * DAY_S);
        _setPoster(roles[0]);
        _setWatcher(roles[1]);
        _setGuardian(roles[2]);
    }

    // --- poster ---

    /// @inheritdoc IPointsBridge
    function commitBatch(
        uint64 sequence,
        bytes32 recordsHash,
        uint64 points,
        uint64 ledgerPosition,
        uint64 escrowedPoints_
    ) external whenNotPaused {
        if (msg.sender != poster) revert OnlyPoster(msg.sender);
        if (sequence != lastSequence + 1) revert SequenceNotNext(sequence, lastSequence + 1);
        if (recordsHash == bytes32(0)) revert ZeroHash();
        if (points == 0) revert NoPoints();
        uint64 pointsMax = _batchPointsMax();
        if (points > pointsMax) revert BatchTooLarge(points, pointsMax);
        uint64 expected = escrowedPoints + points;
        if (escrowedPoints_ != expected) revert EscrowMismatch(escrowedPoints_, expected);
        if (ledgerPosition < executedLedgerPosition) {
            revert LedgerPositionBehind(ledgerPosition, executedLedgerPosition);
        }
        uint48 executableAt = uint48(block.timestamp) + DELAY_S;
        uint48 expiresAt = executableAt + LIFETIME_S;

        lastSequence = sequence;
        escrowedPoints = expected;
        _batches[sequence] =
            Batch(recordsHash, points, ledgerPosition, executableAt, expiresAt, BatchState.Committed);
        emit BatchCommitted(
            sequence, recordsHash, points, ledgerPosition, expected, executableAt, expiresAt
        );
    }

    // --- watcher and guardian ---

    /// @inheritdoc IPointsBridge
    function heartbeat(uint64 checkedSequence_) external {
        if (msg.sender != watcher) revert OnlyWatcher(msg.sender);
        if (checkedSequence_ < checkedSequence || checkedSequence_ > lastSequence) {
            revert CheckedSequenceRefused(checkedSequence_, checkedSequence, lastSequence);
        }
        checkedSequence = checkedSequence_;
        _heartbeatAt = uint48(block.timestamp);
        emit WatcherAlive(msg.sender, checkedSequence_);
    }

    /// @inheritdoc IPointsBridge
    function veto(uint64 sequence) external {
        if (msg.sender != watcher && !_isGuardianInTerm(msg.sender)) {
            revert OnlyWatcherOrGuardian(msg.sender);
        }
        uint64 points = _cancel(sequence, BatchState.Vetoed);
        emit BatchVetoed(sequence, msg.sender, points, cancelledPoints);
    }

    /// @inheritdoc IPointsBridge
    function pause() external whenNotPaused {
        if (!_isGuardianInTerm(msg.sender)) revert OnlyGuardian(msg.sender, guardianTermEndsAt);
        paused = true;
        emit Paused(msg.sender);
    }

    // --- anyone ---

    /// @inheritdoc IPointsBridge
    function executeBatch(uint64 sequence, bytes calldata records) external whenNotPaused {
        Batch storage stored = _batches[sequence];
        Batch memory committed = stored;
        if (committed.state != BatchState.Committed) revert BatchNotOpen(sequence, committed.state);
        if (block.timestamp < committed.executableAt) {
            revert BatchTooEarly(sequence, committed.executableAt);
        }
        if (block.timestamp >= committed.expiresAt) revert BatchTooLate(sequence, committed.expiresAt);
        _requireWatched(sequence);
        if (records.length > RECORDS_BYTES_MAX) revert TooManyRecords(records.length, RECORDS_BYTES_MAX);
        bytes32 recordsHash = keccak256(records);
        if (recordsHash != committed.recordsHash) revert RecordsMismatch(recordsHash, committed.recordsHash);

        _takeFromBucket(committed.points);
        stored.state = BatchState.Executed;
        executedPoints += committed.points;
        if (committed.ledgerPosition > executedLedgerPosition) {
            executedLedgerPosition = committed.ledgerPosition;
        }
        emit BatchExecuted(sequence, recordsHash, committed.points, executedPoints);
        uint256 minted = IVklToken(TOKEN).mintBatch(records);
        if (minted != committed.points) revert PointsMismatch(minted, committed.points);
    }

    /// @inheritdoc IPointsBridge
    function expireBatch(uint64 sequence) external {
        uint48 expiresAt = _batches[sequence].expiresAt;
        if (block.timestamp < expiresAt) revert BatchNotExpired(sequence, expiresAt);
        uint64 points = _cancel(sequence, BatchState.Expired);
        emit BatchExpired(sequence, points, cancelledPoints);
    }

    /// @inheritdoc IPointsBridge
    function redeem(uint256 amount, bytes32 creditReference) external returns (uint64 sequence) {
        return _redeem(msg.sender, amount, creditReference);
    }

    /// @inheritdoc IPointsBridge
    function redeemBySig(
        address holder,
        uint256 amount,
        bytes32 creditReference,
        uint256 deadline,
        bytes calldata signature
    ) external returns (uint64 sequence) {
        if (block.timestamp > deadline) revert SignatureExpired(deadline);
        bytes32 structHash =
            keccak256(abi.encode(REDEEM_TYPEHASH, holder, amount, creditReference, _useNonce(holder), deadline));
        if (!SignatureChecker.isValidSignatureNowCalldata(holder, _hashTypedDataV4(structHash), signature)) {
            revert SignatureInvalid(holder);
        }
        return _redeem(holder, amount, creditReference);
    }

    // --- timelock ---

    /// @inheritdoc IPointsBridge
    function unpause() external onlyTimelock {
        if (!paused) revert BridgeNotPaused();
        paused = false;
        emit Unpaused();
    }

    /// @inheritdoc IPointsBridge
    function setLimits(Limits calldata present) external onlyTimelock {
        // The calls of one vote run in the same second: several must not add up to more than a step.
        if (_limitsSetAt == block.timestamp) revert LimitsSetJustNow();
        _limitsSetAt = uint48(block.timestamp);
        Limits memory previous = _limits;
        _requireStep(present.capacityPoints, previous.capacityPoints, CAPACITY_POINTS_CEILING);
        _requireStep(
            present.refillPointsPerDay, previous.refillPointsPerDay, REFILL_POINTS_PER_DAY_CEILING
        );
        _requireStep(present.growthPointsMax, previous.growthPointsMax, GROWTH_POINTS_CEILING);
        // What has flowed in so far flowed at the old rate; a smaller bucket keeps what fits.
        uint256 level = _bucketLevel();
        uint256 room = present.capacityPoints * DAY_S;
        _storeBucket(level < room ? level : room);
        _limits = present;
        emit LimitsSet(previous, present);
    }

    /// @inheritdoc IPointsBridge
    function setPoster(address present) external onlyTimelock {
        _setPoster(present);
    }

    /// @inheritdoc IPointsBridge
    function setWatcher(address present) external onlyTimelock {
        _setWatcher(present);
    }

    /// @inheritdoc IPointsBridge
    function setGuardian(address present) external onlyTimelock {
        _setGuardian(present);
    }

    // --- views ---

    /// @inheritdoc IPointsBridge
    function batch(uint64 sequence) external view returns (Batch memory) {
        return _batches[sequence];
    }

    /// @inheritdoc IPointsBridge
    function batchState(uint64 sequence) external view returns (BatchState) {
        Batch storage stored = _batches[sequence];
        if (stored.state == BatchState.Committed && block.timestamp >= stored.expiresAt) {
            return BatchState.Expired;
        }
        return stored.state;
    }

    /// @inheritdoc IPointsBridge
    function availablePoints() external view returns (uint64) {
        return uint64(_bucketLevel() / DAY_S);
    }

    /// @inheritdoc IPointsBridge
    function limits() external view returns (Limits memory) {
        return _limits;
    }

    /// @inheritdoc IPointsBridge
    function watcherAliveUntil() public view returns (uint48) {
        return _heartbeatAt == 0 ? 0 : _heartbeatAt + HEARTBEAT_S;
    }

    // --- within ---

    function _redeem(address holder, uint256 amount, bytes32 creditReference) private returns (uint64 sequence) {
        if (creditReference == bytes32(0)) revert ZeroHash();
        if (amount == 0) revert NoPoints();
        if (amount % UNITS_PER_POINT != 0) revert NotWholePoints(amount);
        sequence = ++lastRedemption;
        // The burn below fails if this is more than the holder has, hence more than was ever executed.
        redeemedPoints += uint64(amount / UNITS_PER_POINT);
        emit Redeemed(sequence, holder, amount, creditReference);
        IERC7802(TOKEN).crosschainBurn(holder, amount);
    }

    function _cancel(uint64 sequence, BatchState state) private returns (uint64 points) {
        Batch storage stored = _batches[sequence];
        if (stored.state != BatchState.Committed) revert BatchNotOpen(sequence, stored.state);
        stored.state = state;
        points = stored.points;
        cancelledPoints += points;
    }

    function _takeFromBucket(uint64 points) private {
        uint256 level = _bucketLevel();
        uint256 wanted = points * DAY_S;
        if (wanted > level) revert BucketTooEmpty(points, uint64(level / DAY_S));
        _storeBucket(level - wanted);
    }

    function _storeBucket(uint256 level) private {
        _bucketAt = uint48(block.timestamp);
        // A level is at most a uint64 capacity times 86 400.
        _bucketPointSeconds = uint128(level);
    }

    function _bucketLevel() private view returns (uint256) {
        uint256 level = _bucketPointSeconds + (block.timestamp - _bucketAt) * _limits.refillPointsPerDay;
        uint256 room = _limits.capacityPoints * DAY_S;
        return level < room ? level : room;
    }

    function _batchPointsMax() private view returns (uint64) {
        Limits storage present = _limits;
        return present.capacityPoints < present.growthPointsMax
            ? present.capacityPoints
            : present.growthPointsMax;
    }

    function _requireWatched(uint64 sequence) private view {
        uint48 aliveUntil = watcherAliveUntil();
        if (block.timestamp > aliveUntil) revert WatcherSilent(aliveUntil);
        if (sequence > checkedSequence) revert WatcherHasNotChecked(sequence, checkedSequence);
    }

    function _isGuardianInTerm(address account) private view returns (bool) {
        return account == guardian && block.timestamp < guardianTermEndsAt;
    }

    function _setPoster(address present) private {
        _requireDistinct(present, watcher, guardian);
        emit PosterSet(poster, present);
        poster = present;
    }

    function _setWatcher(address present) private {
        _requireDistinct(present, poster, guardian);
        emit WatcherSet(watcher, present);
        watcher = present;
        // The new watcher must show life itself before anything is executed.
        _heartbeatAt = 0;
    }

    function _setGuardian(address present) private {
        _requireDistinct(present, poster, watcher);
        uint48 termEndsAt = uint48(block.timestamp) + GUARDIAN_TERM_S;
        emit GuardianSet(guardian, present, termEndsAt);
        guardian = present;
        guardianTermEndsAt = termEndsAt;
    }

    function _requireDistinct(address present, address other, address another) private view {
        if (present == address(0) || present == other || present == another || present == TIMELOCK) {
            revert RoleRefused(present);
        }
    }

    function _requireStep(uint64 given, uint64 previous, uint64 ceiling) private pure {
        uint64 doubled = previous > type(uint64).max / 2 ? type(uint64).max : previous * 2;
        _requireWithin(given, doubled < ceiling ? doubled : ceiling);
    }

    function _requireWithin(uint64 given, uint64 max) private pure {
        if (given == 0 || given > max) revert LimitOutOfBounds(given, 1, max);
    }

    function _notZero(uint32 period) private pure returns (uint32) {
        if (period == 0) revert PeriodRefused(period);
        return period;
    }
}
