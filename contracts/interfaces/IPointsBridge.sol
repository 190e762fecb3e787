// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.30;

/// @title Bridge between the journal of points and the token
/// @notice Points in: the poster commits a batch by hash, after a delay anyone executes it once, within
/// a token bucket and only while a watcher that has checked it is alive. Points out: `redeem` burns.
///
///     commit ──▶ Committed ──execute──▶ Executed
///                    ├────────veto────▶ Vetoed    (terminal: the points return to their lots)
///                    └───────expire───▶ Expired   (terminal: the same)
///
/// @dev Always: escrowed = executed + cancelled + open, and supply = executed − redeemed, in points.
interface IPointsBridge {
    enum BatchState {
        None,
        Committed,
        Executed,
        Vetoed,
        Expired
    }

    /// @param recordsHash keccak256 of the packed records.
    /// @param points Sum of the records, whole points.
    /// @param ledgerPosition Sequence of the last journal transfer the batch takes account of.
    /// @param executableAt First second at which it may be executed.
    /// @param expiresAt First second at which it may no longer be executed.
    struct Batch {
        bytes32 recordsHash;
        uint64 points;
        uint64 ledgerPosition;
        uint48 executableAt;
        uint48 expiresAt;
        BatchState state;
    }

    /// @param capacityPoints Most that the bucket holds, hence the most in one batch.
    /// @param refillPointsPerDay How fast the bucket fills, spread evenly over the day.
    /// @param growthPointsMax Most by which one batch may raise the cumulative escrow.
    struct Limits {
        uint64 capacityPoints;
        uint64 refillPointsPerDay;
        uint64 growthPointsMax;
    }

    /// @param delayS From commit to the first possible execution.
    /// @param lifetimeS From the end of the delay to expiry.
    /// @param heartbeatS How long a heartbeat of the watcher is good for.
    /// @param guardianTermS How long a guardian serves.
    struct Periods {
        uint32 delayS;
        uint32 lifetimeS;
        uint32 heartbeatS;
        uint32 guardianTermS;
    }

    event BatchCommitted(
        uint64 indexed sequence,
        bytes32 indexed recordsHash,
        uint64 points,
        uint64 ledgerPosition,
        uint64 escrowedPoints,
        uint48 executableAt,
        uint48 expiresAt
    );
    event BatchExecuted(uint64 indexed sequence, bytes32 indexed recordsHash, uint64 points, uint64 executedPoints);
    event BatchVetoed(uint64 indexed sequence, address indexed by, uint64 points, uint64 cancelledPoints);
    event BatchExpired(uint64 indexed sequence, uint64 points, uint64 cancelledPoints);
    /// @param sequence Dense: 1, 2, 3, …
    /// @param amount Token units burned, a whole number of points.
    /// @param creditReference One-time salted reference by which the journal finds who is credited.
    event Redeemed(uint64 indexed sequence, address indexed holder, uint256 amount, bytes32 indexed creditReference);
    event WatcherAlive(address indexed watcher, uint64 checkedSequence);
    event Paused(address indexed by);
    event Unpaused();
    event LimitsSet(Limits previous, Limits present);
    event PosterSet(address indexed previous, address indexed present);
    event WatcherSet(address indexed previous, address indexed present);
    event GuardianSet(address indexed previous, address indexed present, uint48 termEndsAt);

    error OnlyPoster(address caller);
    error OnlyWatcher(address caller);
    error OnlyGuardian(address caller, uint48 termEndsAt);
    error OnlyWatcherOrGuardian(address caller);
    error OnlyTimelock(address caller);
    error BridgePaused();
    error BridgeNotPaused();
    error SequenceNotNext(uint64 given, uint64 expected);
    error ZeroHash();
    error NoPoints();
    error BatchTooLarge(uint64 points, uint64 pointsMax);
    error EscrowMismatch(uint64 given, uint64 expected);
    error LedgerPositionBehind(uint64 given, uint64 executed);
    error BatchNotOpen(uint64 sequence, BatchState state);
    error BatchTooEarly(uint64 sequence, uint48 executableAt);
    error BatchTooLate(uint64 sequence, uint48 expiresAt);
    error BatchNotExpired(uint64 sequence, uint48 expiresAt);
    error RecordsMismatch(bytes32 given, bytes32 committed);
    error TooManyRecords(uint256 bytesGiven, uint256 bytesMax);
    error PointsMismatch(uint256 minted, uint64 committed);
    error WatcherSilent(uint48 aliveUntil);
    error WatcherHasNotChecked(uint64 sequence, uint64 checkedSequence);
    error CheckedSequenceRefused(uint64 given, uint64 checkedSequence, uint64 lastSequence);
    error BucketTooEmpty(uint64 points, uint64 availablePoints);
    error NotWholePoints(uint256 amount);
    error SignatureExpired(uint256 deadline);
    error SignatureInvalid(address holder);
    error LimitOutOfBounds(uint64 given, uint64 min, uint64 max);
    error LimitsSetJustNow();
    error RoleRefused(address account);
    error PeriodRefused(uint32 given);
    error TokenOfAnotherBridge(address token);

    // --- poster ---

    /// @notice Commit the next batch. Poster only: the hot key of the oracle. It says what is to be
    /// minted, never mints.
    /// @param sequence Exactly one more than the last.
    /// @param recordsHash keccak256 of the packed records, see {IVklToken-mintBatch}.
    /// @param points Sum of the records.
    /// @param ledgerPosition Journal sequence up to which escrowed requests are in batches; not below
    /// that of an executed batch.
    /// @param escrowedPoints Cumulative points of all batches, this one included and nothing deducted:
    /// the previous value plus `points`.
    function commitBatch(
        uint64 sequence,
        bytes32 recordsHash,
        uint64 points,
        uint64 ledgerPosition,
        uint64 escrowedPoints
    ) external;

    // --- watcher and guardian ---

    /// @notice Say that the watcher lives and has recomputed every batch up to one. Watcher only.
    function heartbeat(uint64 checkedSequence) external;

    /// @notice Refuse a batch for good, at once. Watcher, or guardian in term.
    function veto(uint64 sequence) external;

    /// @notice Stop commits and executions at once. Guardian in term only. Redeeming goes on.
    function pause() external;

    // --- anyone ---

    /// @notice Mint a committed batch. Anyone, once, between its delay and its expiry.
    function executeBatch(uint64 sequence, bytes calldata records) external;

    /// @notice Write down that a batch has expired. Anyone.
    function expireBatch(uint64 sequence) external;

    /// @notice Burn the caller's tokens to get points back.
    /// @dev Warning: the reference must come from the journal, else nobody can be credited.
    /// @param amount Token units, a whole number of points.
    function redeem(uint256 amount, bytes32 creditReference) external returns (uint64 sequence);

    /// @notice As {redeem}, for a holder who signed `Redeem` (EIP-712, ERC-1271); anyone pays the gas.
    function redeemBySig(
        address holder,
        uint256 amount,
        bytes32 creditReference,
        uint256 deadline,
        bytes calldata signature
    ) external returns (uint64 sequence);

    // --- timelock ---

    /// @notice Lift a pause. Timelock only: what a guardian stops, the members start again.
    function unpause() external;

    /// @notice Change the limits. Timelock only; each at most doubles and stays within its ceiling. Once a
    /// second, so that the calls of one vote do not add up to more.
    function setLimits(Limits calldata present) external;

    /// @notice Replace the poster. Timelock only.
    function setPoster(address present) external;

    /// @notice Replace the watcher. Timelock only.
    function setWatcher(address present) external;

    /// @notice Replace the guardian or renew its term. Timelock only.
    function setGuardian(address present) external;

    // --- views ---

    /// @notice What was committed under a sequence, its state as written down.
    function batch(uint64 sequence) external view returns (Batch memory);

    /// @notice The state now: also Expired where nobody has written it down yet.
    function batchState(uint64 sequence) external view returns (BatchState);

    /// @notice Points that the bucket would let through now.
    function availablePoints() external view returns (uint64);

    /// @notice The limits in force.
    function limits() external view returns (Limits memory);

    /// @notice The last second at which the latest heartbeat is good.
    function watcherAliveUntil() external view returns (uint48);
}
