"""The journal's own doors: every row with what its hash covers, in order, for auditors alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from api.auth.keys import CreateKey, create_key
from api.http.app import create_app
from api.i18n.catalogue import refuse_missing
from ledger.journal import chain
from ledger.journal.chain import TransferRow
from ledger.kernel.transaction import Database, execute
from tests.support.http import TestParts, client_of
from tests.support.lots import ANNA, a_lot, add_members, grant

AMOUNTS = (5, 7, 9)


def _client(database: Database, *scopes: str) -> httpx.Client:
    key = execute(database, create_key, CreateKey("auditor", frozenset(scopes)))
    app = create_app(TestParts(database), on_missing=refuse_missing)
    return client_of(app, authorization=f"Bearer {key.text}")


def _hash(shown: dict[str, Any], previous: bytes) -> str:
    """Of the fields as they were answered."""
    cites = shown["cites"]
    row = TransferRow(
        **{name: shown[name] for name in TransferRow._fields if name in shown}
        | {
            "entry_id": UUID(shown["entry_id"]),
            "effective_at": datetime.fromisoformat(shown["effective_at"]),
            "recorded_at": datetime.fromisoformat(shown["recorded_at"]),
            "cites": None if cites is None else UUID(cites),
            "debit_account_id": 0,
            "credit_account_id": 0,
        }
    )
    return chain.row_hash(
        previous,
        row,
        kind_digest=chain.text_digest(row.kind),
        cause_digest=chain.text_digest(row.cause),
        debit_identity=_identity(shown["debit"]),
        credit_identity=_identity(shown["credit"]),
    ).hex()


def _identity(account: dict[str, Any]) -> bytes:
    owner = account["owner"]
    return chain.account_identity(account["kind"], None if owner is None else UUID(owner))


def test_every_transfer_with_all_that_its_hash_covers_up_to_the_head(database: Database) -> None:
    add_members(database, ANNA)
    for amount in AMOUNTS:
        grant(database, a_lot(f"lot-{amount}", amount))
    http = _client(database, "journal:read")
    found, cursor = [], ""
    while True:
        page = http.get(f"/v1/journal/transfers?limit=2{cursor}").json()
        assert len(page["data"]) <= 2
        found += page["data"]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert [(each["sequence"], each["amount"]) for each in found] == list(
        enumerate(AMOUNTS, start=1)
    )
    previous = chain.GENESIS
    for each in found:
        assert each["hash"] == _hash(each, previous)
        previous = bytes.fromhex(each["hash"])
    assert http.get("/v1/journal/head").json() == {
        "sequence": len(AMOUNTS),
        "hash": previous.hex(),
        "accounts": len(AMOUNTS) + 1,
    }


def test_an_empty_journal_ends_before_its_first_row(database: Database) -> None:
    http = _client(database, "journal:read")
    assert http.get("/v1/journal/transfers").json() == {"data": [], "next_cursor": None}
    empty = {"sequence": 0, "hash": chain.GENESIS.hex(), "accounts": 0}
    assert http.get("/v1/journal/head").json() == empty


@pytest.mark.parametrize("path", ["/v1/journal/head", "/v1/journal/transfers"])
def test_the_journal_is_for_auditors_alone(database: Database, path: str) -> None:
    refused = _client(database, "balances:read").get(path)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_required")
    app = create_app(TestParts(database), on_missing=refuse_missing)
    assert client_of(app).get(path).status_code == 401
