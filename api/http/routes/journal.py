"""The journal itself, row by row with everything its hash covers, for whoever checks the chain.

The shapes are those of the worked example in docs/ledger.md: ids as plain UUIDs, since their 16
bytes are what is hashed. Says nothing of persons: members are random ids, causes hold none.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse

from api.auth.model import Principal
from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.http.principal import allow
from api.http.problems import responses
from ledger.journal import service
from ledger.journal.model import AccountKey, ShownTransfer
from ledger.kernel.clock import Instant

router = APIRouter(prefix="/v1/journal", tags=["ledger"])

JournalReader = Annotated[
    Principal, Depends(allow(roles=("admin", "auditor"), scopes=("journal:read",)))
]


@router.get("/head", responses=responses(401, 403, 503))
def head(database: DatabaseHere, _: JournalReader) -> dict[str, Any]:
    """Where the journal ends now: the last sequence number and its hash."""
    with database.read() as work:
        found = service.head(work)
    return {
        "sequence": found.sequence,
        "hash": found.hash.hex(),
        "accounts": found.account_count,
    }


@router.get("/transfers", responses=responses(400, 401, 403, 503))
def transfers(page: PageHere, database: DatabaseHere, _: JournalReader) -> JSONResponse:
    """Every transfer from the first on, in the order of posting."""
    after = 0 if page.after is None else int(str(page.after[0]))
    with database.read() as work:
        found = service.transfers(work, after=after, limit=page.fetch)
    return page.answer(found, key=lambda shown: [shown.row.sequence], render=_transfer_json)


def _transfer_json(shown: ShownTransfer) -> dict[str, Any]:
    row = shown.row
    return {
        "sequence": row.sequence,
        "entry_id": str(row.entry_id),
        "line": row.line,
        "lines": row.lines,
        "kind": row.kind,
        "debit": _account_json(shown.debit),
        "credit": _account_json(shown.credit),
        "amount": row.amount,
        "debit_balance_after": row.debit_balance_after,
        "credit_balance_after": row.credit_balance_after,
        "debit_previous": row.debit_previous,
        "credit_previous": row.credit_previous,
        "effective_at": Instant.of(row.effective_at).isoformat(),
        "recorded_at": Instant.of(row.recorded_at).isoformat(),
        "cites": None if row.cites is None else str(row.cites),
        "cause": row.cause,
        "hash": row.hash.hex(),
    }


def _account_json(key: AccountKey) -> dict[str, Any]:
    return {"kind": key.kind.value, "owner": None if key.owner is None else str(key.owner)}
