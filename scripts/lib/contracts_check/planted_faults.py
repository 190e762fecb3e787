"""The faults that are planted, each a defence taken away: a literal list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Fault:
    """What stands once in a contract, what to put there, and the tests that must notice."""

    contract: str
    name: str
    old: str
    new: str
    tests: tuple[str, ...]


_BRIDGE: Final = (
    Fault(
        "PointsBridge",
        "a batch without a hash is committed",
        "if (recordsHash == bytes32(0)) revert ZeroHash();",
        "",
        ("testFuzz_CommitRefusals",),
    ),
    Fault(
        "PointsBridge",
        "a number can be committed again",
        "if (sequence != lastSequence + 1) revert SequenceNotNext(sequence, lastSequence + 1);",
        "",
        ("test_AReplayedCommit",),
    ),
    Fault(
        "PointsBridge",
        "a batch executes twice",
        "stored.state = BatchState.Executed;",
        "",
        ("test_CommitWatchExecute",),
    ),
    Fault(
        "PointsBridge",
        "a vetoed batch executes",
        "if (committed.state != BatchState.Committed) revert BatchNotOpen(sequence, "
        "committed.state);",
        "if (committed.state == BatchState.Executed) revert BatchNotOpen(sequence, "
        "committed.state);",
        ("test_VetoIsTerminal", "test_AReplayedHash"),
    ),
    Fault(
        "PointsBridge",
        "a silent watcher stops nothing",
        "if (block.timestamp > aliveUntil) revert WatcherSilent(aliveUntil);",
        "",
        ("test_NoWatcherNoExecution",),
    ),
    Fault(
        "PointsBridge",
        "what the watcher has not recomputed executes",
        "if (sequence > checkedSequence) revert WatcherHasNotChecked(sequence, checkedSequence);",
        "",
        ("test_AStolenPosterKeyMintsNothing",),
    ),
    Fault(
        "PointsBridge",
        "the watcher may check what is not committed yet",
        "checkedSequence_ < checkedSequence || checkedSequence_ > lastSequence",
        "checkedSequence_ < checkedSequence",
        ("test_HeartbeatRefusals",),
    ),
    Fault(
        "PointsBridge",
        "a new watcher inherits the old one's life",
        "_heartbeatAt = 0;",
        "",
        ("test_ANewWatcherMustShowLife",),
    ),
    Fault(
        "PointsBridge",
        "records need not be those committed",
        "if (recordsHash != committed.recordsHash) revert RecordsMismatch(recordsHash, "
        "committed.recordsHash);",
        "",
        ("testFuzz_OtherRecordsAreRefused",),
    ),
    Fault(
        "PointsBridge",
        "records need not add up to the total",
        "if (minted != committed.points) revert PointsMismatch(minted, committed.points);",
        "minted;",
        ("test_AFalseTotalNeverMints",),
    ),
    Fault(
        "PointsBridge",
        "the cumulative escrow is whatever the poster says",
        "if (escrowedPoints_ != expected) revert EscrowMismatch(escrowedPoints_, expected);",
        "expected = escrowedPoints_;",
        ("testFuzz_TheCumulativeEscrowNeverDecreases",),
    ),
    Fault(
        "PointsBridge",
        "a batch may be larger than the bucket",
        "if (points > pointsMax) revert BatchTooLarge(points, pointsMax);",
        "pointsMax;",
        ("testFuzz_ABatchAboveTheBucket",),
    ),
    Fault(
        "PointsBridge",
        "the bucket is never empty",
        "_takeFromBucket(committed.points);",
        "",
        ("test_StolenPosterAndWatcherKeysAtTheirWorstHour", "testFuzz_BucketBoundsMinting"),
    ),
    Fault(
        "PointsBridge",
        "a changed rate counts for the past",
        "_storeBucket(level < room ? level : room);",
        "",
        ("test_ANewRateCountsFromNow",),
    ),
    Fault(
        "PointsBridge",
        "a batch executes at once",
        "if (block.timestamp < committed.executableAt) {",
        "if (false) {",
        ("test_TooEarlyAndTooLate",),
    ),
    Fault(
        "PointsBridge",
        "an expired batch executes",
        "if (block.timestamp >= committed.expiresAt) revert BatchTooLate(sequence, "
        "committed.expiresAt);",
        "",
        ("test_TooEarlyAndTooLate",),
    ),
    Fault(
        "PointsBridge",
        "the guardian's term never ends",
        "return account == guardian && block.timestamp < guardianTermEndsAt;",
        "return account == guardian;",
        ("test_GuardianTermEnds",),
    ),
    Fault(
        "PointsBridge",
        "a pause holds redemptions, too",
        "function redeem(uint256 amount, bytes32 creditReference) external returns",
        "function redeem(uint256 amount, bytes32 creditReference) external whenNotPaused returns",
        ("test_PauseStopsInButNotOut",),
    ),
    Fault(
        "PointsBridge",
        "limits pass the ceiling",
        "_requireWithin(given, doubled < ceiling ? doubled : ceiling);",
        "_requireWithin(given, ceiling < doubled ? doubled : doubled);",
        ("test_LimitsNeverPassTheCeiling",),
    ),
    Fault(
        "PointsBridge",
        "a redemption's signature is good for ever",
        "if (block.timestamp > deadline) revert SignatureExpired(deadline);",
        "",
        ("test_RedeemBySignature",),
    ),
    Fault(
        "PointsBridge",
        "a redemption's signature is good twice",
        "_useNonce(holder)",
        "nonces(holder)",
        ("test_RedeemBySignature",),
    ),
    Fault(
        "PointsBridge",
        "a redemption has no reference",
        "if (creditReference == bytes32(0)) revert ZeroHash();",
        "",
        ("test_RedeemRefusals",),
    ),
)
_TOKEN: Final = (
    Fault(
        "VklToken",
        "anybody mints",
        "if (caller != BRIDGE) revert OnlyBridge(caller);",
        "caller;",
        ("testFuzz_OnlyTheBridgeMintsAndBurns",),
    ),
    Fault(
        "VklToken",
        "the zero account is credited",
        "if (recipient == address(0) || recipient == address(this) || recipient == BRIDGE) {",
        "if (recipient == address(this) || recipient == BRIDGE) {",
        ("test_RecipientsThatCannotBe", "test_RefusedRecords"),
    ),
    Fault(
        "VklToken",
        "the token is credited",
        "if (recipient == address(0) || recipient == address(this) || recipient == BRIDGE) {",
        "if (recipient == address(0) || recipient == BRIDGE) {",
        ("test_RecipientsThatCannotBe",),
    ),
    Fault(
        "VklToken",
        "the bridge is credited",
        "if (recipient == address(0) || recipient == address(this) || recipient == BRIDGE) {",
        "if (recipient == address(0) || recipient == address(this)) {",
        ("test_RecipientsThatCannotBe",),
    ),
    Fault(
        "VklToken",
        "the clock runs ahead",
        "return Time.timestamp();",
        "return Time.timestamp() + 1;",
        ("test_Faces", "testFuzz_SameAsOpenZeppelin"),
    ),
    Fault(
        "VklToken",
        "a mint moves no votes",
        "if (from == address(0)) _moveDelegateVotes(address(0), delegates(to), amount);",
        "if (from == address(0)) return;",
        ("testFuzz_SameAsOpenZeppelin",),
    ),
)
_GOVERNANCE: Final = (
    Fault(
        "VklGovernor",
        "a voter is counted for every ballot of nothing",
        "if (before < VOTER_WEIGHT_MIN && towardsQuorum >= VOTER_WEIGHT_MIN) "
        "++_pinned[proposalId].voters;",
        "if (totalWeight >= VOTER_WEIGHT_MIN && before == 0) ++_pinned[proposalId].voters;",
        ("testFuzz_OneHolderIsNoCrowd",),
    ),
    Fault(
        "VklGovernor",
        "opponents bring the quorum of voters about",
        "uint256 towardsQuorum = weight - against;",
        "uint256 towardsQuorum = weight;",
        ("test_OpponentsBringNoQuorum",),
    ),
    Fault(
        "VklGovernor",
        "one rich holder is a quorum",
        "if (pinned.voters < pinned.quorumVotersFloor) return false;",
        "",
        ("test_OneHolderIsNoQuorum", "test_QuorumOfVoters"),
    ),
    Fault(
        "VklGovernor",
        "there is no floor of tokens",
        "return fraction > floor ? fraction : floor;",
        "return fraction > floor ? fraction : fraction;",
        ("test_CaptureAtLowSupply",),
    ),
    Fault(
        "VklGovernor",
        "a late quorum ends the vote at once",
        "        super._tallyUpdated(proposalId);",
        "",
        ("testFuzz_QuorumInTheLastMinute",),
    ),
    Fault(
        "VklGovernor",
        "a target may change between vote and execution",
        "if (present != pinned) revert TargetCodeChanged(proposalId, pinned, present);",
        "present;",
        ("test_AChangedTargetIsNotCalled",),
    ),
    Fault(
        "VklGovernor",
        "the guardian cancels its own replacement",
        "if (msg.sender == proposalGuardian() && _onlyReplacesGuardians(targets, calldatas)) {",
        "if (false) {",
        ("test_GuardianCannotCancelItsReplacement",),
    ),
    Fault(
        "VklGovernor",
        "the proposal guardian's term never ends",
        "if (caller == proposalGuardian() && block.timestamp < proposalGuardianTermEndsAt) "
        "return true;",
        "if (caller == proposalGuardian()) return true;",
        ("test_GuardianCancelsInTermOnly",),
    ),
    Fault(
        "VklGovernor",
        "a setting moves by any step",
        "if (given > previous * 2 || given < previous / 2) revert SettingStepTooLarge(given, "
        "previous);",
        "",
        ("test_SettingsMoveInSteps", "test_SettingsRefusedByName"),
    ),
    Fault(
        "VklGovernor",
        "the steps of one vote add up",
        "if (_steppedAt[setting] == block.timestamp) revert SettingChangedJustNow(setting);",
        "",
        ("test_StepsOfOneVoteDoNotAddUp", "test_OneSettingUnderTwoNamesIsOne"),
    ),
    Fault(
        "PointsBridge",
        "the limits of one vote add up",
        "if (_limitsSetAt == block.timestamp) revert LimitsSetJustNow();",
        "",
        ("test_LimitsOfOneVoteDoNotAddUp",),
    ),
    Fault(
        "VklGovernor",
        "a vote takes the guard against late quorums away",
        "_requireStep(LATE_QUORUM_EXTENSION, newVoteExtension, lateQuorumVoteExtension());",
        "",
        ("test_TheGuardAgainstLateQuorumsStays",),
    ),
    Fault(
        "VklTimelock",
        "a vote puts off every later vote's effect for a century",
        "if (delayS > DELAY_CEILING_S) delayS = DELAY_CEILING_S;",
        "",
        ("test_TheTimelocksDelayHasACeiling",),
    ),
    Fault(
        "VklGovernor",
        "the timelock can be exchanged",
        "revert TimelockIsFixed();",
        "",
        ("test_SettingsRefusedByName",),
    ),
    Fault(
        "GovernorProposeBySig",
        "anybody proposes in a member's name",
        "if (!SignatureChecker.isValidSignatureNow(proposer, _hashTypedDataV4(structHash), "
        "signature)) {",
        "if (structHash == 0 && signature.length == 0) {",
        ("test_ProposeBySignature",),
    ),
    Fault(
        "GovernorProposeBySig",
        "a proposal is made under another's name",
        "if (!_isValidDescriptionForProposer(proposer, description)) {",
        "if (false) {",
        ("test_ProposeBySignatureNeedsVotesAndTheRightName",),
    ),
    Fault(
        "GovernorProposeBySig",
        "proposing by signature needs no votes",
        "if (votes < threshold) revert GovernorInsufficientProposerVotes(proposer, votes, "
        "threshold);",
        "",
        ("test_ProposeBySignatureNeedsVotesAndTheRightName",),
    ),
    Fault(
        "GovernorProposeBySig",
        "votes borrowed in this very block propose",
        "uint256 votes = getVotes(proposer, clock() - 1);",
        "uint256 votes = getVotes(proposer, clock());",
        ("test_VotesBorrowedToProposeBySignature",),
    ),
    Fault(
        "VklTimelock",
        "a vote takes the delay away",
        "return delayS < DELAY_FLOOR_S ? DELAY_FLOOR_S : delayS;",
        "return delayS;",
        ("test_TheTimelocksDelayHasAFloor",),
    ),
    Fault(
        "BallotRelay",
        "one bad ballot stops the others",
        "if (success) ++accepted;",
        "require(success);\n            if (success) ++accepted;",
        ("test_OneBadBallotFailsAlone",),
    ),
    Fault(
        "BallotRelay",
        "a wallet takes the others' gas",
        "address(GOVERNOR).call{gas: BALLOT_GAS_MAX}(_encode(ballot))",
        "address(GOVERNOR).call(_encode(ballot))",
        ("test_ContractWallets", "test_AWalletThatBurnsAllGas"),
    ),
    Fault(
        "BallotRelay",
        "a batch needs more gas than a transaction has",
        "uint256 public constant BALLOT_GAS_MAX = 400_000;",
        "uint256 public constant BALLOT_GAS_MAX = 440_000;",
        ("test_AWalletThatBurnsAllGas",),
    ),
    Fault(
        "ProgrammeRegistry",
        "a programme is activated over another than voted on",
        "if (replaces != previous.programme) revert StaleActivation(replaces, previous.programme);",
        "",
        ("test_Activations",),
    ),
    Fault(
        "ProgrammeRegistry",
        "anybody activates a programme",
        "if (msg.sender != TIMELOCK) revert OnlyTimelock(msg.sender);",
        "",
        ("testFuzz_OnlyTimelockActivates",),
    ),
    Fault(
        "Anchors",
        "an anchored head is written over",
        "uint64 number = ++count;",
        "uint64 number = count == 0 ? ++count : count;",
        ("test_AnchorsOnlyGrow",),
    ),
    Fault(
        "Anchors",
        "a tree may shrink",
        "if (treeSize <= previous) revert TreeNotGrown(treeSize, previous);",
        "previous;",
        ("test_AnchorsOnlyGrow",),
    ),
    Fault(
        "Mandates",
        "orders of a window have no end",
        "if (points > left) revert WindowSpent(points, left, _windowEndsAt);",
        "left;",
        ("test_AWindowIsSpentAndANewOneBegins", "testFuzz_NoWindowGivesMore"),
    ),
)
FAULTS: Final[tuple[Fault, ...]] = (*_BRIDGE, *_TOKEN, *_GOVERNANCE)
