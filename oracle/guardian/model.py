"""What a guardian is, what it may do, and why not. Pure.

Two contracts have a guardian each, which may differ and have terms of their own: the bridge's
pauses and vetoes, the governor's cancels proposals. Nothing a guardian does gives it anything, and
starting again is always a vote.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ledger.kernel.errors import ErrorKind, VkladError
from oracle.contracts.abi import Address

BRIDGE: Final = "PointsBridge"
GOVERNOR: Final = "VklGovernor"
BATCH_STATES: Final = ("none", "committed", "executed", "vetoed", "expired")
"""``IPointsBridge.BatchState`` by its number."""
COMMITTED: Final = "committed"


class NotTheGuardian(VkladError):
    """The key here is not the one that the contract obeys."""

    code = "not_the_guardian"
    kind = ErrorKind.FORBIDDEN


class GuardianTermOver(VkladError):
    """The key is the guardian's, but its term has ended."""

    code = "guardian_term_over"
    kind = ErrorKind.FORBIDDEN


class BridgeAlreadyPaused(VkladError):
    """Pausing twice does nothing."""

    code = "bridge_already_paused"
    kind = ErrorKind.CONFLICT


class BridgeNotPaused(VkladError):
    """There is nothing to start again."""

    code = "bridge_not_paused"
    kind = ErrorKind.CONFLICT


class BatchNeverCommitted(VkladError):
    """The bridge has no batch of this number."""

    code = "batch_never_committed"
    kind = ErrorKind.NOT_FOUND


class BatchNotOpen(VkladError):
    """The batch is executed, vetoed or expired: a veto comes too late, or is not needed."""

    code = "batch_not_open"
    kind = ErrorKind.CONFLICT


class GuardianCannotPay(VkladError):
    """The guardian's account has too little money for the gas."""

    code = "guardian_cannot_pay"
    kind = ErrorKind.CONFLICT


class ActNotConfirmed(VkladError):
    """What was confirmed is not what would be sent now."""

    code = "guardian_act_not_confirmed"
    kind = ErrorKind.CONFLICT


class ActReverted(VkladError):
    """The contract refuses it, before it is sent or when it is mined: something came before."""

    code = "guardian_act_reverted"
    kind = ErrorKind.CONFLICT


class ActNotFinal(VkladError):
    """It was sent and is not final after all the time we waited."""

    code = "guardian_act_not_final"
    kind = ErrorKind.UNAVAILABLE


@dataclass(frozen=True, slots=True)
class Office:
    """Who guards one contract, and the first moment at which it may not any more."""

    contract: str
    guardian: Address
    term_ends_at: datetime

    def serves_at(self, moment: datetime) -> bool:
        """Whether it still has its power."""
        return moment < self.term_ends_at


@dataclass(frozen=True, slots=True)
class Act:
    """One call of a guardian, and what it does, in sentences."""

    kind: str
    to: Address
    calldata: bytes
    effects: tuple[str, ...]

    def digest(self, chain_id: int, account: Address) -> bytes:
        """Names exactly this call by this account on this chain, to be confirmed."""
        words = f"{chain_id}\n{account}\n{self.to}\n{self.calldata.hex()}"
        return hashlib.sha256(words.encode()).digest()


def require_power(office: Office, account: Address, now: datetime) -> None:
    """Refuse who may not act.

    Raises:
        NotTheGuardian: another account guards.
        GuardianTermOver: it does, but not any more.
    """
    if account != office.guardian:
        raise NotTheGuardian(
            f"The key here is of {account}; {office.contract} obeys {office.guardian}.",
            account=account,
            guardian=office.guardian,
        )
    if not office.serves_at(now):
        raise GuardianTermOver(
            f"{account} was the guardian of {office.contract} until {said(office.term_ends_at)}. "
            "Members renew a term by a vote.",
            ended_at=office.term_ends_at.isoformat(),
        )


def require_open_batch(sequence: int, state: str) -> None:
    """Refuse a veto that would do nothing.

    Raises:
        BatchNeverCommitted: there is no such batch.
        BatchNotOpen: it came to its end already.
    """
    if state == BATCH_STATES[0]:
        raise BatchNeverCommitted(f"The bridge has no batch {sequence}.", sequence=sequence)
    if state != COMMITTED:
        ends = {
            "executed": "its tokens exist, and a veto comes too late",
            "vetoed": "it will never be minted",
            "expired": "it can never be minted, so no veto is needed",
        }
        raise BatchNotOpen(
            f"Batch {sequence} is {state}: {ends[state]}.", sequence=sequence, state=state
        )


def moment_of(seconds: int) -> datetime:
    """A contract's time."""
    return datetime.fromtimestamp(seconds, UTC)


def said(moment: datetime) -> str:
    """A moment for a sentence, to the minute."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"
