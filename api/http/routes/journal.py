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
from ledger.log.documents import shown_json

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
    return page.answer(found, key=lambda shown: [shown.row.sequence], render=shown_json)
