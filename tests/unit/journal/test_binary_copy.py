"""Packed rows, byte for byte as PostgreSQL's manual of COPY describes its binary format."""

from __future__ import annotations

import struct
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from ledger.journal.binary_copy import account_rows, transfer_rows
from ledger.journal.chain import GENESIS, TransferRow
from ledger.journal.model import (
    AccountKey,
    AccountKind,
    BalanceOutOfRange,
    EntryDraft,
    EntryKind,
    Head,
    Posting,
)
from ledger.journal.post import Batch, WorkingAccount, apply
from ledger.kernel.units import Points

Y2K = datetime(2000, 1, 1, tzinfo=UTC)
ENTRY, CITED = UUID(int=0x11), UUID(int=0x22)
ISSUANCE = AccountKey(AccountKind.ISSUANCE)
LOT = AccountKey(AccountKind.LOT_AVAILABLE, UUID(int=0x33))


def fields_of(packed: bytes) -> list[list[bytes | None]]:
    """Read it back by the manual: a signature of 19 bytes, rows, and -1."""
    assert packed[:19] == b"PGCOPY\n\xff\r\n\0" + bytes(8)
    place, rows = 19, []
    while (count := int.from_bytes(packed[place : place + 2], "big", signed=True)) != -1:
        place += 2
        row: list[bytes | None] = []
        for _ in range(count):
            length = int.from_bytes(packed[place : place + 4], "big", signed=True)
            place += 4
            row.append(None if length == -1 else packed[place : place + length])
            place += max(0, length)
        rows.append(row)
    assert place + 2 == len(packed)
    return rows


def a_row(cites: UUID | None) -> TransferRow:
    return TransferRow(
        *(5, ENTRY, 1, 2, EntryKind.AWARD, 3, 4, 60, -60, 60, 0, 0),
        Y2K + timedelta(seconds=1),
        Y2K + timedelta(seconds=2, microseconds=7),
        cites,
        '{"a":1}',
        b"h" * 32,
    )


@pytest.mark.parametrize("cites", [None, CITED])
def test_a_transfer_is_packed_column_by_column(cites: UUID | None) -> None:
    wide, narrow = struct.Struct(">q").pack, struct.Struct(">h").pack
    expected = [
        *(wide(5), ENTRY.bytes, narrow(1), narrow(2), b"award"),
        *(wide(3), wide(4), wide(60), wide(-60), wide(60), wide(0), wide(0)),
        *(wide(1_000_000), wide(2_000_007)),
        None if cites is None else cites.bytes,
        b'{"a":1}',
        b"h" * 32,
    ]
    assert fields_of(transfer_rows([a_row(cites), a_row(cites)])) == [expected, expected]


def test_an_account_is_packed_with_or_without_an_owner() -> None:
    wide = struct.Struct(">q").pack
    accounts = [WorkingAccount(1, ISSUANCE, b"", -60, 5), WorkingAccount(2, LOT, b"", 60, 5)]
    assert fields_of(account_rows(accounts)) == [
        [wide(1), ISSUANCE.kind.value.encode(), None, wide(-60), wide(5)],
        [wide(2), LOT.kind.value.encode(), UUID(int=0x33).bytes, wide(60), wide(5)],
    ]


def a_batch() -> Batch:
    draft = EntryDraft(ENTRY, EntryKind.AWARD, (Posting(ISSUANCE, LOT, Points(60)),), Y2K, "{}")
    batch = Batch(Head(0, GENESIS, 0), {}, {}, Y2K)
    apply(batch, [draft])
    return batch


def test_only_accounts_that_moved_are_written_and_new_ones_are_new() -> None:
    batch = a_batch()
    assert [account.is_new for account in batch.touched()] == [True, True]
    known = {key: replace(account, is_new=False) for key, account in batch.accounts.items()}
    other = AccountKey(AccountKind.LOT_AVAILABLE, UUID(int=0x44))
    again = Batch(batch.head, known, {}, Y2K)
    draft = EntryDraft(CITED, EntryKind.AWARD, (Posting(ISSUANCE, other, Points(5)),), Y2K, "{}")
    apply(again, [draft])
    assert [(account.key, account.is_new) for account in again.touched()] == [
        (ISSUANCE, False),
        (other, True),
    ]


def test_an_account_out_of_range_is_named_with_its_owner() -> None:
    batch = a_batch()
    for key, said in ((LOT, f"of {LOT.owner}"), (AccountKey(AccountKind.SPENT), "spent at")):
        draft = EntryDraft(
            UUID(int=9),
            EntryKind.CAPTURE,
            (Posting(key, ISSUANCE, Points(61)),),
            Y2K,
            "{}",
        )
        (refused,) = apply(batch, [draft])
        assert isinstance(refused.refusal, BalanceOutOfRange)
        assert said in str(refused.refusal)
