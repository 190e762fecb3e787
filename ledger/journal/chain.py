"""The hash of a journal row, format 1 (docs/ledger.md states it byte by byte).

The preimage has one length and one place for each field, so no two rows share one. It covers every
column of the row: accounts by what they are rather than by their number, kind and cause by digest.
The format never changes; another format is another tag, from a stated sequence number on.
"""

from __future__ import annotations

import hashlib
import struct
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple
from uuid import UUID

ROW_TAG: Final = b"vklad.journal.v1"
ACCOUNT_TAG: Final = b"vklad.account.v1"
GENESIS: Final = bytes(32)
"""What the first row names as the hash before it."""

_ROW: Final = struct.Struct(">16s32sQ16sHH32s32s32sqqqQQqqB16s32s")
PREIMAGE_LENGTH: Final = _ROW.size
_ACCOUNT: Final = struct.Struct(">16s32sB16s")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_NO_UUID: Final = bytes(16)


class TransferRow(NamedTuple):
    """One row of ``transfers``, in the order of its columns.

    ``line`` counts from 1 to ``lines``. ``debit_previous`` and ``credit_previous`` are the
    sequence numbers of the two accounts' transfers before this one, 0 if there is none.
    """

    sequence: int
    entry_id: UUID
    line: int
    lines: int
    kind: str
    debit_account_id: int
    credit_account_id: int
    amount: int
    debit_balance_after: int
    credit_balance_after: int
    debit_previous: int
    credit_previous: int
    effective_at: datetime
    recorded_at: datetime
    cites: UUID | None
    cause: str
    hash: bytes


def text_digest(text: str) -> bytes:
    """SHA-256 of the UTF-8 bytes."""
    return hashlib.sha256(text.encode()).digest()


@lru_cache(maxsize=64)
def kind_digest(kind: str) -> bytes:
    """:func:`text_digest` of one of the few kinds of accounts and entries."""
    return text_digest(kind)


def account_identity(kind: str, owner: UUID | None) -> bytes:
    """The 32 bytes that stand for an account in every hash, whatever its number here."""
    return hashlib.sha256(
        _ACCOUNT.pack(
            ACCOUNT_TAG,
            kind_digest(kind),
            owner is not None,
            _NO_UUID if owner is None else owner.bytes,
        )
    ).digest()


def microseconds(moment: datetime) -> int:
    """Microseconds since 1970-01-01T00:00:00Z, exactly."""
    return (moment - _EPOCH) // _MICROSECOND


def row_hash(
    previous: bytes,
    row: TransferRow,
    *,
    kind_digest: bytes,
    cause_digest: bytes,
    debit_identity: bytes,
    credit_identity: bytes,
) -> bytes:
    """The hash of ``row`` after ``previous``; ``row.hash`` itself is not read."""
    return hashlib.sha256(
        row_preimage(
            previous,
            row,
            kind_digest=kind_digest,
            cause_digest=cause_digest,
            debit_identity=debit_identity,
            credit_identity=credit_identity,
        )
    ).digest()


def row_preimage(
    previous: bytes,
    row: TransferRow,
    *,
    kind_digest: bytes,
    cause_digest: bytes,
    debit_identity: bytes,
    credit_identity: bytes,
) -> bytes:
    """The ``PREIMAGE_LENGTH`` bytes that are hashed."""
    cites = row.cites
    return _ROW.pack(
        ROW_TAG,
        previous,
        row.sequence,
        row.entry_id.bytes,
        row.line,
        row.lines,
        kind_digest,
        debit_identity,
        credit_identity,
        row.amount,
        row.debit_balance_after,
        row.credit_balance_after,
        row.debit_previous,
        row.credit_previous,
        (row.effective_at - _EPOCH) // _MICROSECOND,
        (row.recorded_at - _EPOCH) // _MICROSECOND,
        cites is not None,
        _NO_UUID if cites is None else cites.bytes,
        cause_digest,
    )
