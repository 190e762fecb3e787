"""The worked example of docs/ledger.md, checked by an implementation of the table there."""

from __future__ import annotations

import hashlib
import json
import re
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from ledger.journal.chain import PREIMAGE_LENGTH, TransferRow, account_identity, row_hash
from ledger.journal.model import AccountKind, EntryKind

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "ledger.md").read_text()
EXAMPLE: dict[str, Any] = json.loads(re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)[0])


def _sha(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _uuid(text: str | None) -> bytes:
    return b"\0" + bytes(16) if text is None else b"\1" + UUID(text).bytes


def _moment(text: str) -> int:
    return (datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
        microseconds=1
    )


def _account(account: dict[str, Any]) -> bytes:
    return _sha(b"vklad.account.v1" + _sha(account["kind"].encode()) + _uuid(account["owner"]))


def _by_the_table(row: dict[str, Any]) -> bytes:
    return (
        b"vklad.journal.v1"
        + bytes.fromhex(row["previous"])
        + struct.pack(">Q", row["sequence"])
        + UUID(row["entry_id"]).bytes
        + struct.pack(">HH", row["line"], row["lines"])
        + _sha(row["kind"].encode())
        + _account(row["debit"])
        + _account(row["credit"])
        + struct.pack(">q", row["amount"])
        + struct.pack(">qq", row["debit_balance_after"], row["credit_balance_after"])
        + struct.pack(">QQ", row["debit_previous"], row["credit_previous"])
        + struct.pack(">qq", _moment(row["effective_at"]), _moment(row["recorded_at"]))
        + _uuid(row["cites"])
        + _sha(row["cause"].encode())
    )


def test_the_worked_example_is_right() -> None:
    assert _sha(_by_the_table(EXAMPLE)).hex() == EXAMPLE["hash"]


def test_the_code_hashes_the_worked_example_alike() -> None:
    row = TransferRow(
        **{
            name: EXAMPLE[name]
            for name in ("sequence", "line", "lines", "kind", "amount", "cause", "cites")
        },
        **{
            name: EXAMPLE[name]
            for name in (
                *("debit_balance_after", "credit_balance_after"),
                *("debit_previous", "credit_previous"),
            )
        },
        entry_id=UUID(EXAMPLE["entry_id"]),
        debit_account_id=1,
        credit_account_id=2,
        effective_at=datetime.fromisoformat(EXAMPLE["effective_at"]),
        recorded_at=datetime.fromisoformat(EXAMPLE["recorded_at"]),
        hash=b"",
    )
    credit = EXAMPLE["credit"]
    hashed = row_hash(
        bytes.fromhex(EXAMPLE["previous"]),
        row,
        kind_digest=_sha(row.kind.encode()),
        cause_digest=_sha(row.cause.encode()),
        debit_identity=account_identity("issuance", None),
        credit_identity=account_identity(credit["kind"], UUID(credit["owner"])),
    )
    assert hashed.hex() == EXAMPLE["hash"]


def test_the_document_states_the_length() -> None:
    assert f"over {PREIMAGE_LENGTH} bytes" in TEXT
    assert len(_by_the_table(EXAMPLE)) == PREIMAGE_LENGTH


def test_every_kind_is_in_the_document() -> None:
    missing = [kind for kind in (*AccountKind, *EntryKind) if f"`{kind}`" not in TEXT]
    assert missing == []
