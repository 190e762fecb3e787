from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from uuid import UUID

import pytest

from ledger.journal.chain import (
    GENESIS,
    PREIMAGE_LENGTH,
    TransferRow,
    account_identity,
    microseconds,
    row_hash,
    row_preimage,
    text_digest,
)

LOT = UUID("0198c2a0-0000-7000-8000-000000000001")
ROW = TransferRow(
    sequence=1,
    entry_id=UUID("0198c2a0-1111-7000-8000-000000000002"),
    line=1,
    lines=2,
    kind="award",
    debit_account_id=1,
    credit_account_id=2,
    amount=1584,
    debit_balance_after=-1584,
    credit_balance_after=1584,
    debit_previous=0,
    credit_previous=0,
    effective_at=datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC),
    recorded_at=datetime(2026, 3, 2, 9, 0, 1, tzinfo=UTC),
    cites=None,
    cause='{"award":"x"}',
    hash=b"",
)
OTHER = UUID("0198c2a0-2222-7000-8000-000000000003")


def _hash(row: TransferRow, *, previous: bytes = GENESIS, debit: str = "issuance") -> bytes:
    return row_hash(
        previous,
        row,
        kind_digest=text_digest(row.kind),
        cause_digest=text_digest(row.cause),
        debit_identity=account_identity(debit, None),
        credit_identity=account_identity("lot_available", LOT),
    )


def test_preimage_by_hand() -> None:
    """The worked example of docs/ledger.md, written out without the module's own packing."""

    def number(value: int, size: int) -> bytes:
        return value.to_bytes(size, "big", signed=value < 0)

    issuance = b"vklad.account.v1" + hashlib.sha256(b"issuance").digest() + b"\0" + bytes(16)
    lot = b"vklad.account.v1" + hashlib.sha256(b"lot_available").digest() + b"\1" + LOT.bytes
    by_hand = b"".join(
        (
            b"vklad.journal.v1",
            bytes(32),
            number(1, 8),
            ROW.entry_id.bytes,
            number(1, 2),
            number(2, 2),
            hashlib.sha256(b"award").digest(),
            hashlib.sha256(issuance).digest(),
            hashlib.sha256(lot).digest(),
            number(1584, 8),
            number(-1584, 8),
            number(1584, 8),
            number(0, 8),
            number(0, 8),
            number(1772442000123456, 8),
            number(1772442001000000, 8),
            b"\0" + bytes(16),
            hashlib.sha256(b'{"award":"x"}').digest(),
        )
    )
    preimage = row_preimage(
        GENESIS,
        ROW,
        kind_digest=text_digest(ROW.kind),
        cause_digest=text_digest(ROW.cause),
        debit_identity=account_identity("issuance", None),
        credit_identity=account_identity("lot_available", LOT),
    )
    assert preimage == by_hand
    assert len(preimage) == PREIMAGE_LENGTH == 277
    assert _hash(ROW) == hashlib.sha256(by_hand).digest()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("sequence", 2),
        ("entry_id", OTHER),
        ("line", 2),
        ("lines", 3),
        ("kind", "grant"),
        ("amount", 1585),
        ("debit_balance_after", -1),
        ("credit_balance_after", 1),
        ("debit_previous", 1),
        ("credit_previous", 1),
        ("effective_at", datetime(2026, 3, 2, 9, 0, 0, 123457, tzinfo=UTC)),
        ("recorded_at", datetime(2026, 3, 2, 9, 0, 1, 1, tzinfo=UTC)),
        ("cites", OTHER),
        ("cause", '{"award":"y"}'),
    ],
)
def test_every_column_changes_the_hash(column: str, value: object) -> None:
    changed = ROW._replace(**{column: value})  # type: ignore[arg-type] # one column by name
    assert _hash(changed) != _hash(ROW)


def test_accounts_and_the_row_before_change_the_hash() -> None:
    assert _hash(ROW, debit="rewards") != _hash(ROW)
    assert _hash(ROW, previous=b"\1" * 32) != _hash(ROW)


def test_every_column_is_covered() -> None:
    """Account numbers stand for identities and the hash for itself; nothing else is left out."""
    tried = {
        *("sequence", "entry_id", "line", "lines", "kind", "amount", "debit_balance_after"),
        *("credit_balance_after", "debit_previous", "credit_previous", "effective_at"),
        *("recorded_at", "cites", "cause"),
    }
    assert tried | {"debit_account_id", "credit_account_id", "hash"} == set(TransferRow._fields)


def test_a_cited_nil_uuid_is_not_no_citation() -> None:
    assert _hash(ROW._replace(cites=UUID(int=0))) != _hash(ROW)


def test_owner_and_kind_do_not_run_together() -> None:
    identities = {
        account_identity("spent", None),
        account_identity("spent", UUID(int=0)),
        account_identity("expired", None),
        account_identity("lot_held", LOT),
        account_identity("lot_held", OTHER),
    }
    assert len(identities) == 5


def test_microseconds_are_exact() -> None:
    assert microseconds(datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)) == -1
    assert microseconds(datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)) < 2**63
