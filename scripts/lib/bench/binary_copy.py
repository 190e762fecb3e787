"""Rows as PostgreSQL's binary COPY reads them: one packing a row. Pure.

The format is that of "Binary Format" in PostgreSQL's manual of COPY: a signature, then for each row
the number of fields and each field's length and bytes, then -1. Times are microseconds since 2000.
Several times quicker than handing a driver one value after the other, which was half of a posting.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from ledger.journal.chain import TransferRow
from ledger.journal.post import WorkingAccount

_BEGIN: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END: Final = struct.pack(">h", -1)
_NULL: Final = struct.pack(">i", -1)
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_UUID: Final = struct.Struct(">i16s")
_LENGTH: Final = struct.Struct(">i")
_TRANSFER_IDS: Final = struct.Struct(">hiqi16sihihi")
_TRANSFER_NUMBERS: Final = struct.Struct(">iqiqiqiqiqiqiqiqiq")
_HASH: Final = struct.Struct(">i32s")
_ACCOUNT_ID: Final = struct.Struct(">hiqi")
_ACCOUNT_NUMBERS: Final = struct.Struct(">iqiq")
_WIDE: Final = 8
_NARROW: Final = 2


def transfer_rows(rows: Iterable[TransferRow]) -> bytes:
    """The whole of a COPY of ``transfers``, columns in the order of :class:`TransferRow`."""
    parts = [_BEGIN]
    for row in rows:
        kind, cause, cites = row.kind.encode(), row.cause.encode(), row.cites
        parts += (
            _TRANSFER_IDS.pack(
                *(len(TransferRow._fields), _WIDE, row.sequence, 16, row.entry_id.bytes),
                *(_NARROW, row.line, _NARROW, row.lines, len(kind)),
            ),
            kind,
            _TRANSFER_NUMBERS.pack(
                *(_WIDE, row.debit_account_id, _WIDE, row.credit_account_id, _WIDE, row.amount),
                *(_WIDE, row.debit_balance_after, _WIDE, row.credit_balance_after),
                *(_WIDE, row.debit_previous, _WIDE, row.credit_previous),
                *(_WIDE, (row.effective_at - _EPOCH) // _MICROSECOND),
                *(_WIDE, (row.recorded_at - _EPOCH) // _MICROSECOND),
            ),
            _NULL if cites is None else _UUID.pack(16, cites.bytes),
            _LENGTH.pack(len(cause)),
            cause,
            _HASH.pack(32, row.hash),
        )
    parts.append(_END)
    return b"".join(parts)


def account_rows(accounts: Iterable[WorkingAccount]) -> bytes:
    """The whole of a COPY of ``accounts``: number, kind, owner, balance, last sequence number."""
    parts = [_BEGIN]
    for account in accounts:
        kind, owner = account.key.kind.value.encode(), account.key.owner
        parts += (
            _ACCOUNT_ID.pack(5, _WIDE, account.account_id, len(kind)),
            kind,
            _NULL if owner is None else _UUID.pack(16, owner.bytes),
            _ACCOUNT_NUMBERS.pack(_WIDE, account.balance, _WIDE, account.last_sequence),
        )
    parts.append(_END)
    return b"".join(parts)
