"""Packed rows, byte for byte as PostgreSQL's ``array_recv`` reads arrays."""

from __future__ import annotations

import struct
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

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
from ledger.journal.packing import account_columns, balance_columns, transfer_columns
from ledger.journal.post import Batch, WorkingAccount, apply
from ledger.kernel.packed import Packed, int8s
from ledger.kernel.units import Points

Y2K = datetime(2000, 1, 1, tzinfo=UTC)
ENTRY, CITED = UUID(int=0x11), UUID(int=0x22)
ISSUANCE = AccountKey(AccountKind.ISSUANCE)
LOT = AccountKey(AccountKind.LOT_AVAILABLE, UUID(int=0x33))


INT8, INT2, TEXT, UUID_, TIMESTAMPTZ, BYTEA = 20, 21, 25, 2950, 1184, 17


def column_of(column: Packed) -> tuple[int, list[bytes | None]]:
    """The elements' type, and their bytes: a header of 20 bytes, then each with its length."""
    packed, values = column.packed, list[bytes | None]()
    dimensions, _, element, count, first = struct.unpack(">iiIii", packed[:20])
    assert (dimensions, first) == (1, 1)
    place = 20
    for _ in range(count):
        length = int.from_bytes(packed[place : place + 4], "big", signed=True)
        place += 4
        values.append(None if length == -1 else packed[place : place + length])
        place += max(0, length)
    assert place == len(packed)
    return element, values


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
def test_transfers_are_packed_column_by_column(cites: UUID | None) -> None:
    wide, narrow = struct.Struct(">q").pack, struct.Struct(">h").pack
    expected = [
        *((INT8, wide(5)), (UUID_, ENTRY.bytes), (INT2, narrow(1)), (INT2, narrow(2))),
        (TEXT, b"award"),
        *((INT8, wide(number)) for number in (3, 4, 60, -60, 60, 0, 0)),
        *((TIMESTAMPTZ, wide(1_000_000)), (TIMESTAMPTZ, wide(2_000_007))),
        (UUID_, None if cites is None else cites.bytes),
        *((TEXT, b'{"a":1}'), (BYTEA, b"h" * 32)),
    ]
    columns = [column_of(column) for column in transfer_columns([a_row(cites), a_row(cites)])]
    assert columns == [(element, [value, value]) for element, value in expected]


def test_accounts_are_packed_with_and_without_an_owner() -> None:
    wide = struct.Struct(">q").pack
    accounts = [WorkingAccount(1, ISSUANCE, b"", -60, 5), WorkingAccount(2, LOT, b"", 60, 6)]
    numbers = (INT8, [wide(1), wide(2)])
    balances, lasts = (INT8, [wide(-60), wide(60)]), (INT8, [wide(5), wide(6)])
    assert [column_of(column) for column in account_columns(accounts)] == [
        numbers,
        (TEXT, [ISSUANCE.kind.value.encode(), LOT.kind.value.encode()]),
        (UUID_, [None, UUID(int=0x33).bytes]),
        balances,
        lasts,
    ]
    assert [column_of(column) for column in balance_columns(accounts)] == [
        numbers,
        balances,
        lasts,
    ]


def test_a_column_may_be_empty() -> None:
    assert column_of(int8s([])) == (INT8, [])


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
