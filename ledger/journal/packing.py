"""The journal's rows, packed column by column for the statements that write them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from ledger.journal.chain import TransferRow
from ledger.journal.post import WorkingAccount
from ledger.kernel.packed import Packed, byteas, int2s, int8s, moments, texts, uuids

_TRANSFER: Final[tuple[Callable[[Any], Packed], ...]] = (
    *(int8s, uuids, int2s, int2s, texts),  # sequence, entry_id, line, lines, kind
    *(int8s, int8s, int8s),  # debit_account_id, credit_account_id, amount
    *(int8s, int8s, int8s, int8s),  # balances after, and the sequence numbers before
    *(moments, moments, uuids, texts, byteas),  # effective_at, recorded_at, cites, cause, hash
)


def transfer_columns(rows: Sequence[TransferRow]) -> tuple[Packed, ...]:
    """The columns of :class:`TransferRow`, in their order."""
    columns = zip(*rows, strict=True)
    return tuple(pack(column) for pack, column in zip(_TRANSFER, columns, strict=True))


def account_columns(accounts: Sequence[WorkingAccount]) -> tuple[Packed, ...]:
    """Number, kind, owner, balance, last sequence number of accounts."""
    return (
        int8s([account.account_id for account in accounts]),
        texts([account.key.kind for account in accounts]),
        uuids([account.key.owner for account in accounts]),
        *balance_columns(accounts)[1:],
    )


def balance_columns(accounts: Sequence[WorkingAccount]) -> tuple[Packed, Packed, Packed]:
    """Number, balance, last sequence number of accounts."""
    return (
        int8s([account.account_id for account in accounts]),
        int8s([account.balance for account in accounts]),
        int8s([account.last_sequence for account in accounts]),
    )
