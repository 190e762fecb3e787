"""Accounts, postings and entries: the vocabulary of the journal.

A posting moves a positive whole amount from its debit account to its credit account, so an
unbalanced entry cannot be written down (DESIGN 3, rule 1). A balance is credits minus debits.
Knows nothing of lots, awards or holds: those are account kinds and causes to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from ledger.journal.chain import TransferRow
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.units import Points

AMOUNT_MAX: Final = 10**15
"""Points in one posting; a million times what a large school issues in a day."""
BALANCE_MAX: Final = 10**18
"""Points in one account, either sign; leaves a balance inside 64 bits whatever is posted next."""
POSTINGS_PER_ENTRY_MAX: Final = 10_000
"""Lines of one entry; a member's oldest lots are merged by expiry long before."""


class AccountKind(StrEnum):
    """What an account holds: the first three belong to a lot, ``debt`` and ``project`` do not."""

    LOT_PENDING = "lot_pending"
    LOT_AVAILABLE = "lot_available"
    LOT_HELD = "lot_held"
    DEBT = "debt"
    ISSUANCE = "issuance"
    SPENT = "spent"
    EXPIRED = "expired"
    REVOKED = "revoked"
    ESCROW = "escrow"
    REWARDS = "rewards"
    MERGING = "merging"
    TREASURY = "treasury"
    STARTUP = "startup"
    TEAM = "team"
    LIQUIDITY = "liquidity"
    PROJECT = "project"


_HASHED: Final = 2**61 - 1

OWNED_KINDS: Final = frozenset(
    {
        AccountKind.LOT_PENDING,
        AccountKind.LOT_AVAILABLE,
        AccountKind.LOT_HELD,
        AccountKind.DEBT,
        AccountKind.PROJECT,
    }
)
"""Kinds whose accounts have an owner: a lot's id, a member's (``debt``), a project's."""

BALANCE_RANGE: Final[dict[AccountKind, tuple[int, int]]] = {
    **dict.fromkeys(AccountKind, (0, BALANCE_MAX)),
    AccountKind.ISSUANCE: (-BALANCE_MAX, BALANCE_MAX),
    AccountKind.DEBT: (-BALANCE_MAX, 0),
}
"""Least and greatest balance by kind. Only issuance and debt go below zero (rule 4)."""


class EntryKind(StrEnum):
    """What happened, as the history and the pages name it."""

    AWARD = "award"
    GRANT = "grant"
    CORRECTION = "correction"
    ACTIVATION = "activation"
    EXPIRY = "expiry"
    DEBT_PAYMENT = "debt_payment"
    HOLD = "hold"
    CAPTURE = "capture"
    RELEASE = "release"
    LAPSE = "lapse"
    REFUND = "refund"
    CLAWBACK = "clawback"
    ESCROW = "escrow"
    ESCROW_RETURN = "escrow_return"
    TOKEN_RETURN = "token_return"  # noqa: S105 - a kind of entry, not a secret
    EMISSION = "emission"
    REFERRAL = "referral"
    SPLIT = "split"
    SPLIT_RETURN = "split_return"
    CANCELLATION = "cancellation"
    DECAY = "decay"
    MERGE = "merge"
    UNMERGE = "unmerge"
    PROJECT_FUNDING = "project_funding"
    PROJECT_PAYMENT = "project_payment"
    PROJECT_RETURN = "project_return"


class EntryConflict(VkladError):
    """An entry with this id exists and says something else."""

    code = "entry_conflict"
    kind = ErrorKind.CONFLICT


class BalanceOutOfRange(VkladError):
    """A posting would take an account below its floor or above what is representable."""

    code = "balance_out_of_range"
    kind = ErrorKind.INVALID


@dataclass(frozen=True, slots=True)
class AccountKey:
    """An account by what it is; ``owner`` is ``None`` for the system's own accounts."""

    kind: AccountKind
    owner: UUID | None = None

    def __post_init__(self) -> None:
        assert (self.kind in OWNED_KINDS) == (self.owner is not None), (
            f"{self.kind} with owner {self.owner}"
        )

    def __hash__(self) -> int:
        """Of what is inside: an enumeration's and a UUID's own are many times slower."""
        owner = self.owner
        return hash(self.kind.value) if owner is None else owner.int & _HASHED


@dataclass(frozen=True, slots=True)
class Posting:
    """One move of ``amount`` (1 to ``AMOUNT_MAX`` points) from ``debit`` to ``credit``."""

    debit: AccountKey
    credit: AccountKey
    amount: Points

    def __post_init__(self) -> None:
        assert 0 < self.amount.amount <= AMOUNT_MAX, f"{self.amount} is not an amount to post"
        assert self.debit != self.credit, f"a posting from {self.debit} to itself"


@dataclass(frozen=True, slots=True)
class EntryDraft:
    """An atomic set of postings, to be written in order.

    ``entry_id`` is derived from the cause (``ledger.kernel.ids.derived_id``), so the same cause
    gives the same entry. ``cause`` is canonical JSON text (RFC 8785). ``cites`` names the entry
    that this one corrects or answers. ``effective_at`` is business time.
    """

    entry_id: UUID
    kind: EntryKind
    postings: tuple[Posting, ...]
    effective_at: datetime
    cause: str
    cites: UUID | None = None

    def __post_init__(self) -> None:
        assert 0 < len(self.postings) <= POSTINGS_PER_ENTRY_MAX, f"{len(self.postings)} postings"
        assert self.effective_at.tzinfo is not None, "effective_at is a moment"


class Outcome(StrEnum):
    """What became of one entry of a batch."""

    POSTED = "posted"
    ALREADY_POSTED = "already_posted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Posted:
    """The result of one entry; ``refusal`` only when refused, which leaves no trace."""

    entry_id: UUID
    outcome: Outcome
    refusal: VkladError | None = None


@dataclass(frozen=True, slots=True)
class PostedEntry:
    """An entry as the journal holds it; its lines are ``sequence_first`` and the next ones."""

    draft: EntryDraft
    sequence_first: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain: last sequence number, its hash, and how many accounts exist."""

    sequence: int
    hash: bytes
    account_count: int


@dataclass(frozen=True, slots=True)
class ShownTransfer:
    """A row of the journal with what its two accounts are: all that its hash covers."""

    row: TransferRow
    debit: AccountKey
    credit: AccountKey
