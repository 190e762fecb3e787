"""Mutants that no test can or need tell from the original, and why: a literal list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_UNSIGNED: Final = "an unsigned number is never below zero"
_CONSTANT: Final = "the same value, kept elsewhere in the code"
_NARROWER: Final = "the value fits, and what is worked out with it is as wide as before"
_FULL: Final = "the bucket begins full, and what is full stays so since whenever"
_TRIMMED: Final = "what is above the room is cut whenever the level is read"
_SAME_POSITION: Final = "writing the position that stands there changes nothing"
_COPY: Final = "nothing that is read here is written between; a copy says the same"
_SAME_STEP: Final = "a count goes up by one either way, and what it was before is not asked"
_ONE_GAS: Final = "where exactly the bound lies is the compiler's to say, to a unit of gas"
_UP_BY_ONE: Final = "counted up by one, it meets the length exactly"
_FIRST_OF_ITS_OWN: Final = "the first call is of the kind of the first call"
_ZERO_KIND: Final = "what is not said is zero, and that is the constitution"
_NO_FUTURE: Final = "what was done was done now or before; time does not go back"
_SAME_VALUE: Final = "what is exactly at the ceiling is set to the ceiling"
_MULTIPLE: Final = "the length is a multiple of a record's, so that the loop meets it exactly"

EXPLAINED: Final[Mapping[str, str]] = {
    (
        "Anchors: if (number == 0 || number > count) revert UnknownHead(number); => "
        "if (number <= 0 || number > count || number > count) revert UnknownHead(number);"
    ): _UNSIGNED,
    "VklTimelock: if (delayS == 0) revert NoDelay(); => if (delayS <= 0) revert NoDelay();": (
        _UNSIGNED
    ),
    "PointsBridge: Batch memory committed = stored; => Batch storage committed = stored;": _COPY,
    (
        "PointsBridge: Batch storage stored = _batches[sequence]; => Batch memory "
        "stored = _batches[sequence]; [2]"
    ): _COPY,
    "PointsBridge: Limits storage present = _limits; => Limits memory present = _limits;": _COPY,
    (
        "PointsBridge: _bucketAt = uint48(block.timestamp); => //_bucketAt = "
        "uint48(block.timestamp); [1]"
    ): _FULL,
    "PointsBridge: _bucketAt = uint48(block.timestamp); => _bucketAt = uint48(0); [1]": _FULL,
    (
        "PointsBridge: _storeBucket(level < room ? level : room); => _storeBucket(true "
        "? level : room);"
    ): _TRIMMED,
    (
        "PointsBridge: bytes32 public constant REDEEM_TYPEHASH = => bytes32 public "
        "immutable REDEEM_TYPEHASH ="
    ): _CONSTANT,
    (
        "PointsBridge: if (amount % UNITS_PER_POINT != 0) revert "
        "NotWholePoints(amount); => if (amount % UNITS_PER_POINT > 0) revert "
        "NotWholePoints(amount);"
    ): _UNSIGNED,
    (
        "PointsBridge: if (amount == 0) revert NoPoints(); => if (amount <= 0) revert NoPoints();"
    ): _UNSIGNED,
    (
        "PointsBridge: if (committed.ledgerPosition > executedLedgerPosition) { => if "
        "(committed.ledgerPosition >= executedLedgerPosition) {"
    ): _SAME_POSITION,
    (
        "PointsBridge: if (given == 0 || given > max) revert LimitOutOfBounds(given, "
        "1, max); => if (given <= 0 || given > max || given > max) revert "
        "LimitOutOfBounds(given, 1, max);"
    ): _UNSIGNED,
    (
        "PointsBridge: if (period == 0) revert PeriodRefused(period); => if (period <= "
        "0) revert PeriodRefused(period);"
    ): _UNSIGNED,
    (
        "PointsBridge: if (points == 0) revert NoPoints(); => if (points <= 0) revert NoPoints();"
    ): _UNSIGNED,
    (
        "PointsBridge: uint256 private constant DAY_S = 1 days; => uint128 private "
        "constant DAY_S = 1 days;"
    ): _NARROWER,
    (
        "PointsBridge: uint256 private constant DAY_S = 1 days; => uint256 private "
        "immutable DAY_S = 1 days;"
    ): _CONSTANT,
    (
        "PointsBridge: uint256 public constant RECORDS_BYTES_MAX = 560 * 26; => "
        "uint128 public constant RECORDS_BYTES_MAX = 560 * 26;"
    ): _NARROWER,
    (
        "PointsBridge: uint256 public constant RECORDS_BYTES_MAX = 560 * 26; => "
        "uint256 public immutable RECORDS_BYTES_MAX = 560 * 26;"
    ): _CONSTANT,
    (
        "PointsBridge: uint256 public constant UNITS_PER_POINT = 1e18; => uint128 "
        "public constant UNITS_PER_POINT = 1e18;"
    ): _NARROWER,
    (
        "PointsBridge: uint256 public constant UNITS_PER_POINT = 1e18; => uint256 "
        "public immutable UNITS_PER_POINT = 1e18;"
    ): _CONSTANT,
    (
        "VklToken: for (uint256 offset = 0; offset < length; offset += RECORD_BYTES) { "
        "=> for (uint256 offset = 0; offset != length; offset += RECORD_BYTES) {"
    ): _MULTIPLE,
    (
        "VklToken: if (length == 0 || length % RECORD_BYTES != 0) revert "
        "MalformedRecords(length, RECORD_BYTES); => if (length <= 0 || length % "
        "RECORD_BYTES != 0 || length % RECORD_BYTES != 0) revert "
        "MalformedRecords(length, RECORD_BYTES);"
    ): _UNSIGNED,
    (
        "VklToken: if (length == 0 || length % RECORD_BYTES != 0) revert "
        "MalformedRecords(length, RECORD_BYTES); => if (length == 0 || length == 0 || "
        "length % RECORD_BYTES > 0) revert MalformedRecords(length, RECORD_BYTES);"
    ): _UNSIGNED,
    (
        "VklToken: if (recordPoints == 0) revert EmptyRecord(recipient); => if "
        "(recordPoints <= 0) revert EmptyRecord(recipient);"
    ): _UNSIGNED,
    (
        "VklToken: uint256 private constant RECORD_BYTES = 26; => uint256 private "
        "immutable RECORD_BYTES = 26;"
    ): _CONSTANT,
    (
        "VklToken: uint256 private constant UNITS_PER_POINT = 1e18; => uint256 private "
        "immutable UNITS_PER_POINT = 1e18;"
    ): _CONSTANT,
    (
        "VklToken: uint256 recordPoints = uint48(word >> 48); => uint128 recordPoints "
        "= uint48(word >> 48);"
    ): _NARROWER,
    (
        "ProgrammeRegistry: Activation memory previous = _activations[count]; => Activation "
        "storage previous = _activations[count];"
    ): _COPY,
    (
        "ProgrammeRegistry: if (number == 0 || number > count) revert UnknownActivation(number); "
        "=> if (number <= 0 || number > count || number > count) revert "
        "UnknownActivation(number);"
    ): _UNSIGNED,
    (
        "ProgrammeRegistry: uint64 public constant EFFECTIVE_AHEAD_S_MAX = 366 days; => uint32 "
        "public constant EFFECTIVE_AHEAD_S_MAX = 366 days;"
    ): _NARROWER,
    (
        "ProgrammeRegistry: uint64 public constant EFFECTIVE_AHEAD_S_MAX = 366 days; => uint64 "
        "public immutable EFFECTIVE_AHEAD_S_MAX = 366 days;"
    ): _CONSTANT,
    (
        "BallotRelay: for (uint256 i = 0; i < ballots.length; ++i) { => for (uint128 i = "
        "0; i < ballots.length; ++i) {"
    ): _NARROWER,
    (
        "BallotRelay: for (uint256 i = 0; i < ballots.length; ++i) { => for (uint256 i = "
        "0; i != ballots.length; ++i) {"
    ): _UP_BY_ONE,
    (
        "BallotRelay: for (uint256 i = 0; i < ballots.length; ++i) { => for (uint256 i = "
        "0; i < ballots.length; i++) {"
    ): _SAME_STEP,
    (
        "BallotRelay: if (ballots.length == 0) revert NoBallots(); => if (ballots.length "
        "<= 0) revert NoBallots();"
    ): _UNSIGNED,
    (
        "BallotRelay: if (gasleft() < gasNeeded) revert TooLittleGas(gasleft(), "
        "gasNeeded); => if (gasleft() <= gasNeeded) revert TooLittleGas(gasleft(), "
        "gasNeeded);"
    ): _ONE_GAS,
    "BallotRelay: if (success) ++accepted; => if (success) accepted++;": _SAME_STEP,
    (
        "BallotRelay: uint256 private constant LOOP_GAS = 60_000; => uint256 private "
        "immutable LOOP_GAS = 60_000;"
    ): _CONSTANT,
    (
        "BallotRelay: uint256 public constant BALLOTS_MAX = 40; => uint128 public "
        "constant BALLOTS_MAX = 40;"
    ): _NARROWER,
    (
        "BallotRelay: uint256 public constant BALLOTS_MAX = 40; => uint256 public "
        "immutable BALLOTS_MAX = 40;"
    ): _CONSTANT,
    (
        "BallotRelay: uint256 public constant BALLOT_GAS_MAX = 400_000; => uint128 public"
        " constant BALLOT_GAS_MAX = 400_000;"
    ): _NARROWER,
    (
        "BallotRelay: uint256 public constant BALLOT_GAS_MAX = 400_000; => uint256 public"
        " immutable BALLOT_GAS_MAX = 400_000;"
    ): _CONSTANT,
    (
        "GovernorProposeBySig: for (uint256 i = 0; i < calldatas.length; ++i) { => for "
        "(uint128 i = 0; i < calldatas.length; ++i) {"
    ): _NARROWER,
    (
        "GovernorProposeBySig: for (uint256 i = 0; i < calldatas.length; ++i) { => for "
        "(uint256 i = 0; i != calldatas.length; ++i) {"
    ): _UP_BY_ONE,
    (
        "Mandates: if (points == 0) revert NoPoints(); => if (points <= 0) revert NoPoints();"
    ): _UNSIGNED,
    "VklGovernor: return Kind.Constitution; => //return Kind.Constitution;": _ZERO_KIND,
    (
        "VklGovernor: for (uint256 i = 1; i < targets.length; ++i) { => for (uint256 i = "
        "0; i < targets.length; ++i) {"
    ): _FIRST_OF_ITS_OWN,
    (
        "VklGovernor: for (uint256 i = 1; i < targets.length; ++i) { => for (uint256 i ; "
        "i < targets.length; ++i) {"
    ): _FIRST_OF_ITS_OWN,
    (
        "VklGovernor: for (uint256 i = 1; i < targets.length; ++i) { => for (uint256 i = "
        "1; i != targets.length; ++i) {"
    ): _UP_BY_ONE,
    (
        "VklGovernor: if (parameters.guardianTermS == 0) revert SettingZero(); => if "
        "(parameters.guardianTermS <= 0) revert SettingZero();"
    ): _UNSIGNED,
    (
        "VklGovernor: for (uint256 i = 0; i < parameters.terms.length; ++i) { => for "
        "(uint256 i = 0; i != parameters.terms.length; ++i) {"
    ): _UP_BY_ONE,
    (
        "VklGovernor: if (value != 0 || calldata_.length < 4) return Kind.Constitution; "
        "=> if (value > 0 || calldata_.length < 4 || calldata_.length < 4) return "
        "Kind.Constitution;"
    ): _UNSIGNED,
    (
        "VklGovernor: if (targets.length == 0 || targets.length != values.length || "
        "targets.length != calldatas.length) { => if (targets.length <= 0 || "
        "targets.length != values.length || targets.length != calldatas.length || "
        "targets.length != values.length || targets.length != calldatas.length) {"
    ): _UNSIGNED,
    (
        "VklGovernor: for (uint256 i = 0; i < targets.length; ++i) { => for (uint256 i = "
        "0; i != targets.length; ++i) { [1]"
    ): _UP_BY_ONE,
    (
        "VklGovernor: for (uint256 i = 0; i < targets.length; ++i) { => for (uint256 i = "
        "0; i != targets.length; ++i) { [2]"
    ): _UP_BY_ONE,
    (
        "VklGovernor: if (targets[i].code.length != 0) codeHashes[i] = "
        "targets[i].codehash; => if (targets[i].code.length > 0) codeHashes[i] = "
        "targets[i].codehash;"
    ): _UNSIGNED,
    (
        "VklGovernor: if (_steppedAt[setting] == block.timestamp) revert "
        "SettingChangedJustNow(setting); => if (_steppedAt[setting] >= block.timestamp) "
        "revert SettingChangedJustNow(setting);"
    ): _NO_FUTURE,
    (
        "VklGovernor: uint256 public constant VOTER_WEIGHT_MIN = 1e18; => uint256 public "
        "immutable VOTER_WEIGHT_MIN = 1e18;"
    ): _CONSTANT,
    (
        "VklGovernor: uint256 public constant VOTER_WEIGHT_MIN = 1e18; => uint128 public "
        "constant VOTER_WEIGHT_MIN = 1e18;"
    ): _NARROWER,
    (
        "VklGovernor: uint256 private constant VOTING_DELAY = 0; => uint256 private "
        "immutable VOTING_DELAY = 0;"
    ): _CONSTANT,
    (
        "VklGovernor: uint256 private constant VOTING_DELAY = 0; => uint128 private "
        "constant VOTING_DELAY = 0;"
    ): _NARROWER,
    (
        "VklGovernor: uint256 private constant PROPOSAL_THRESHOLD = 1; => uint256 private "
        "immutable PROPOSAL_THRESHOLD = 1;"
    ): _CONSTANT,
    (
        "VklGovernor: uint256 private constant PROPOSAL_THRESHOLD = 1; => uint128 private "
        "constant PROPOSAL_THRESHOLD = 1;"
    ): _NARROWER,
    (
        "VklGovernor: uint256 private constant LATE_QUORUM_EXTENSION = 2; => uint256 "
        "private immutable LATE_QUORUM_EXTENSION = 2;"
    ): _CONSTANT,
    (
        "VklGovernor: uint256 private constant LATE_QUORUM_EXTENSION = 2; => uint128 "
        "private constant LATE_QUORUM_EXTENSION = 2;"
    ): _NARROWER,
    (
        "VklGovernor: uint256 private constant VOTING_PERIOD = 16; => uint256 private "
        "immutable VOTING_PERIOD = 16;"
    ): _CONSTANT,
    (
        "VklGovernor: uint256 private constant VOTING_PERIOD = 16; => uint128 private "
        "constant VOTING_PERIOD = 16;"
    ): _NARROWER,
    (
        "VklGovernor: uint256 private constant QUORUM_PERCENT = 32; => uint256 private "
        "immutable QUORUM_PERCENT = 32;"
    ): _CONSTANT,
    (
        "VklGovernor: uint256 private constant QUORUM_PERCENT = 32; => uint128 private "
        "constant QUORUM_PERCENT = 32;"
    ): _NARROWER,
    (
        "VklGovernor: for (uint256 i = 0; i < parameters.terms.length; ++i) { => for "
        "(uint128 i = 0; i < parameters.terms.length; ++i) {"
    ): _NARROWER,
    (
        "VklGovernor: for (uint256 i = 1; i < targets.length; ++i) { => for (uint128 i = "
        "1; i < targets.length; ++i) {"
    ): _NARROWER,
    (
        "VklGovernor: for (uint256 i = 0; i < targets.length; ++i) { => for (uint128 i = "
        "0; i < targets.length; ++i) { [1]"
    ): _NARROWER,
    (
        "VklGovernor: for (uint256 i = 0; i < targets.length; ++i) { => for (uint128 i = "
        "0; i < targets.length; ++i) { [2]"
    ): _NARROWER,
    (
        "VklGovernor: if (kind == Kind.Constitution && terms.votingPeriodS != "
        "previous.votingPeriodS) { => if (kind <= Kind.Constitution && "
        "terms.votingPeriodS != previous.votingPeriodS && terms.votingPeriodS != "
        "previous.votingPeriodS) {"
    ): _UNSIGNED,
    (
        "VklTimelock: if (delayS > DELAY_CEILING_S) delayS = DELAY_CEILING_S; => if "
        "(delayS >= DELAY_CEILING_S) delayS = DELAY_CEILING_S;"
    ): _SAME_VALUE,
    (
        "VklTimelock: uint256 public constant DELAY_CEILING_S = 30 days; => uint128 "
        "public constant DELAY_CEILING_S = 30 days;"
    ): _NARROWER,
    (
        "VklTimelock: uint256 public constant DELAY_CEILING_S = 30 days; => uint256 "
        "public immutable DELAY_CEILING_S = 30 days;"
    ): _CONSTANT,
    (
        "PointsBridge: if (_limitsSetAt == block.timestamp) revert LimitsSetJustNow(); => "
        "if (_limitsSetAt >= block.timestamp) revert LimitsSetJustNow();"
    ): _NO_FUTURE,
    (
        "VklGovernor: if (given == 0) revert SettingZero(); => if (given <= 0) revert "
        "SettingZero();"
    ): _UNSIGNED,
    (
        "VklGovernor: Pinned storage pinned = _pinned[proposalId]; => Pinned memory "
        "pinned = _pinned[proposalId]; [1]"
    ): _COPY,
    (
        "VklGovernor: Terms storage terms = _terms[Kind.Constitution]; => Terms memory "
        "terms = _terms[Kind.Constitution]; [1]"
    ): _COPY,
    (
        "VklGovernor: Terms memory terms = _terms[kind]; => Terms storage terms = _terms[kind]; [2]"
    ): _COPY,
    (
        "VklGovernor: for (uint256 i = 0; i < parameters.terms.length; ++i) { => for "
        "(uint256 i = 0; i < parameters.terms.length; i++) {"
    ): _SAME_STEP,
    (
        "VklGovernor: for (uint256 i = 1; i < targets.length; ++i) { => for (uint256 i = "
        "1; i < targets.length; i++) {"
    ): _SAME_STEP,
    (
        "VklGovernor: for (uint256 i = 0; i < targets.length; ++i) { => for (uint256 i = "
        "0; i < targets.length; i++) { [1]"
    ): _SAME_STEP,
    (
        "VklGovernor: for (uint256 i = 0; i < targets.length; ++i) { => for (uint256 i = "
        "0; i < targets.length; i++) { [2]"
    ): _SAME_STEP,
    (
        "VklGovernor: if (i >= calldatas.length || calldatas[i].length < 4) return false; "
        "=> if (i == calldatas.length || calldatas[i].length < 4 || calldatas[i].length < "
        "4) return false;"
    ): _UP_BY_ONE,
    (
        "VklGovernor: Pinned storage pinned = _pinned[proposalId]; => Pinned memory "
        "pinned = _pinned[proposalId]; [2]"
    ): _COPY,
}
"""By the mutant's name: contract, line before and after, and its place among lines alike."""
