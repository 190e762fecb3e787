"""The demo's own reading of docs/ledger.md, beside the journal's: both must hash alike."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from ledger.journal.chain import TransferRow, account_identity, row_hash, text_digest
from ledger.kernel.clock import Instant

DOC = Path(__file__).resolve().parents[3] / "docs/ledger.md"
ENTRY = UUID("0198c2a0-1111-7000-8000-000000000002")
LOT = UUID("0198c2a0-0000-7000-8000-000000000001")
BEGAN = datetime(2026, 3, 2, 9, tzinfo=UTC)
FIELDS = (
    *("entry_id", "line", "lines", "kind", "debit", "credit", "amount", "debit_balance_after"),
    *("credit_balance_after", "debit_previous", "credit_previous", "effective_at", "recorded_at"),
    *("cites", "cause", "hash", "sequence"),
)


def _chain(amounts: list[int]) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """One-line awards to one lot, hashed by the journal's own code, and the head."""
    previous, balance = bytes(32), 0
    transfers = []
    for sequence, amount in enumerate(amounts, start=1):
        balance += amount
        row = TransferRow(
            sequence=sequence,
            entry_id=UUID(int=ENTRY.int + sequence),
            line=1,
            lines=1,
            kind="award",
            debit_account_id=1,
            credit_account_id=2,
            amount=amount,
            debit_balance_after=-balance,
            credit_balance_after=balance,
            debit_previous=sequence - 1,
            credit_previous=sequence - 1,
            effective_at=BEGAN + timedelta(microseconds=sequence * 10),
            recorded_at=BEGAN + timedelta(seconds=sequence),
            cites=ENTRY if sequence % 2 else None,
            cause='{"award":"за дело"}',
            hash=b"",
        )
        previous = row_hash(
            previous,
            row,
            kind_digest=text_digest(row.kind),
            cause_digest=text_digest(row.cause),
            debit_identity=account_identity("issuance", None),
            credit_identity=account_identity("lot_available", LOT),
        )
        transfers.append(_shown(row, previous))
    return transfers, {"sequence": len(amounts), "hash": previous.hex(), "accounts": 2}


def _shown(row: TransferRow, own_hash: bytes) -> dict[str, Any]:
    shown: dict[str, Any] = row._asdict()
    del shown["debit_account_id"], shown["credit_account_id"]
    for name in ("effective_at", "recorded_at"):
        shown[name] = Instant.of(shown[name]).isoformat()
    return shown | {
        "entry_id": str(row.entry_id),
        "cites": None if row.cites is None else str(row.cites),
        "debit": {"kind": "issuance", "owner": None},
        "credit": {"kind": "lot_available", "owner": str(LOT)},
        "hash": own_hash.hex(),
    }


def _proven(demo: Any, transfers: list[dict[str, Any]], head: dict[str, Any]) -> Any:
    proof = demo("chain_proof").Proof()
    proof.read(transfers)
    proof.end(head)
    return proof


def test_the_worked_example_of_the_docs(demo: Any) -> None:
    found = re.search(r"```json\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    example = json.loads(found[1])
    previous = bytes.fromhex(example["previous"])
    assert demo("chain_proof").row_hash(previous, example).hex() == example["hash"]


def test_a_whole_chain_is_proven(demo: Any) -> None:
    proof = _proven(demo, *_chain([5, 7, 9]))
    assert proof.balances == {("issuance", None): -21, ("lot_available", str(LOT)): 21}
    assert proof.entries == 3


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("victim", [1, 2, 3])
def test_any_field_of_any_transfer_changed_is_named(demo: Any, name: str, victim: int) -> None:
    transfers, head = _chain([5, 7, 9])
    transfers[victim - 1][name] = _another(transfers[victim - 1][name])
    with pytest.raises(demo("chain_proof").ChainBroken, match=rf"transfer {victim} "):
        _proven(demo, transfers, head)


def _another(value: Any) -> Any:
    if isinstance(value, dict):
        return value | {"kind": "treasury"}
    if isinstance(value, int):
        return value + 1
    if value is None:
        return str(LOT)
    return ("1" if value[-2] != "1" else "2").join((value[:-2], value[-1:]))


def test_transfers_left_out_doubled_or_cut_off_are_named(demo: Any) -> None:
    transfers, head = _chain([5, 7, 9])
    broken = demo("chain_proof").ChainBroken
    with pytest.raises(broken, match="transfer 2 is missing: 3"):
        _proven(demo, [transfers[0], transfers[2]], head)
    with pytest.raises(broken, match="transfer 2 is missing: 1"):
        _proven(demo, [transfers[0], transfers[0]], head)
    with pytest.raises(broken, match="the chain ends at 2 "):
        _proven(demo, transfers[:2], head)
    with pytest.raises(broken, match="2 accounts, the head says 3"):
        _proven(demo, transfers, head | {"accounts": 3})


WRONG = (
    ({"amount": 0}, "moves 0"),
    ({"debit_balance_after": -6}, "leaves -6 in issuance, which makes -5"),
    ({"credit_previous": 1}, "names 1 as the one before in lot_available"),
    ({"line": 2, "lines": 2}, "is line 2 of a new entry"),
    ({"debit": {"kind": "spent", "owner": None}}, "leaves -5 in spent"),
    ({"effective_at": "yesterday"}, "cannot be read"),
)


@pytest.mark.parametrize(("change", "sentence"), WRONG)
def test_a_chain_hashed_anew_must_still_make_sense(
    demo: Any, change: dict[str, Any], sentence: str
) -> None:
    proof = demo("chain_proof")
    (transfer,), _ = _chain([5])
    transfer |= change
    if "cannot" not in sentence:
        transfer["hash"] = proof.row_hash(bytes(32), transfer).hex()
    with pytest.raises(proof.ChainBroken, match=f"transfer 1 {sentence}"):
        proof.Proof().read([transfer])


def test_an_entry_goes_on_and_ends(demo: Any) -> None:
    proof = demo("chain_proof")
    (first, second), head = _chain([5, 7])
    first |= {"lines": 2}
    first["hash"] = proof.row_hash(bytes(32), first).hex()
    one = head | {"sequence": 1, "hash": first["hash"]}
    with pytest.raises(proof.ChainBroken, match="transfer 1 is not the last line of its entry"):
        _proven(demo, [first], one)
    second["hash"] = proof.row_hash(bytes.fromhex(first["hash"]), second).hex()
    with pytest.raises(proof.ChainBroken, match="transfer 2 does not go on with the entry"):
        proof.Proof().read([first, second])
