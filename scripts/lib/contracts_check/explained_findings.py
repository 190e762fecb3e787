"""What slither finds and why it may stay: literal maps. What is not here is to be fixed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EXPLAINED_EVERYWHERE: Final[Mapping[str, str]] = {
    "naming-convention": "immutables are in capitals like constants, as in the library itself",
}
"""By the detector alone."""

_PERIOD: Final = "periods are seconds to days; a proposer can shift a block's time by seconds"
_SAME_SECOND: Final = "the second of this very call: what one transaction does is all in one"
_OVERRIDE: Final = "an override that the library calls; slither does not follow it there"

EXPLAINED: Final[Mapping[str, str]] = {
    "incorrect-equality ProgrammeRegistry.activate": "hashes are compared, not balances",
    "incorrect-equality PointsBridge.watcherAliveUntil": "zero is set on purpose: no heartbeat yet",
    "incorrect-equality PointsBridge.setLimits": _SAME_SECOND,
    "incorrect-equality VklGovernor._requireStep": _SAME_SECOND,
    "calls-loop BallotRelay.castBallots": "at most 40 calls, each with its own gas, none may stop",
    "reentrancy-events BallotRelay.castBallots": "it holds no state that could be entered again",
    "return-bomb BallotRelay.castBallots": "the governor answers, with its own short errors alone",
    "low-level-calls BallotRelay.castBallots": "a ballot may fail alone; the callee is immutable",
    "assembly VklToken.mintBatch": "one load a record instead of a checked slice: 200 gas less",
    "dead-code VklGovernor._cancel": _OVERRIDE,
    "dead-code VklGovernor._quorumReached": _OVERRIDE,
    "dead-code VklGovernor._validateCancel": _OVERRIDE,
    "timestamp Anchors.anchor": "the size of a tree is compared, no time",
    "timestamp GovernorProposeBySig.proposeBySig": _PERIOD,
    "timestamp Mandates._take": _PERIOD,
    "timestamp Mandates.pointsLeft": _PERIOD,
    "timestamp PointsBridge._bucketLevel": "the flow of seconds is a few points of a day's",
    "timestamp PointsBridge._isGuardianInTerm": _PERIOD,
    "timestamp PointsBridge._requireWatched": _PERIOD,
    "timestamp PointsBridge._takeFromBucket": "the flow of seconds is a few points of a day's",
    "timestamp PointsBridge.batchState": _PERIOD,
    "timestamp PointsBridge.executeBatch": _PERIOD,
    "timestamp PointsBridge.expireBatch": _PERIOD,
    "timestamp PointsBridge.redeemBySig": _PERIOD,
    "timestamp PointsBridge.setLimits": "the flow of seconds is a few points of a day's",
    "timestamp PointsBridge.veto": _PERIOD,
    "timestamp PointsBridge.watcherAliveUntil": "zero is set on purpose: no heartbeat yet",
    "timestamp ProgrammeRegistry.activate": _PERIOD,
    "timestamp VklGovernor._requireStep": _SAME_SECOND,
    "timestamp VklGovernor._validateCancel": _PERIOD,
}
"""By the detector and what it points at."""
