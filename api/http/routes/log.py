"""``/v1/log``: heads of the log and proofs, for everybody: a log that few can see proves little.

A proof is of one entry whose random id the asker knows; it names accounts and lots by random ids.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse, PlainTextResponse

from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.http.principal import limit_by_address
from api.http.problems import responses
from ledger.kernel.ids import parse_id
from ledger.log import service, store, verifier
from ledger.log.documents import (
    consistency_json,
    head_file,
    head_json,
    key_json,
    proof_json,
)

router: Final = APIRouter(prefix="/v1/log", tags=["log"], dependencies=[Depends(limit_by_address)])

_VERIFIER: Final = Path(verifier.__file__)
_EARLIER_MAX: Final = 8
_Size = Annotated[int, Query(ge=1, le=2**63 - 1)]


@router.get("/head", responses=responses(404, 422, 429, 503))
def head(
    database: DatabaseHere, since: Annotated[list[_Size] | None, Query()] = None
) -> JSONResponse:
    """The newest signed head. Keep it: if the journal is ever rewritten, it no longer fits.

    ``since``: sizes of heads you kept; the paths from them come along.
    """
    with database.read() as work:
        newest = service.newest_head(work)
        size = newest.head.tree_size
        earlier = [old for old in (since or [])[:_EARLIER_MAX] if old != size]
        paths = [service.prove_consistency(work, old, size) for old in earlier]
        return JSONResponse(head_file(newest, service.keys(work), paths))


@router.get("/heads", responses=responses(400, 429, 503))
def heads(page: PageHere, database: DatabaseHere) -> JSONResponse:
    """Every signed head, the newest first."""
    before = None if page.after is None else int(str(page.after[0]))
    with database.read() as work:
        found = store.heads_before(work, before=before, limit=page.fetch)
    return page.answer(found, key=lambda signed: [signed.head.tree_size], render=head_json)


@router.get("/proofs/{entry}", responses=responses(404, 422, 429, 503))
def proof(
    entry: str, database: DatabaseHere, since: Annotated[list[_Size] | None, Query()] = None
) -> JSONResponse:
    """That an entry is in the log, whole: a file to keep and to check offline.

    503 for the minute until the next head is signed over an entry that was just posted.
    """
    with database.read() as work:
        found = service.prove(work, parse_id("ent", entry), (since or [])[:_EARLIER_MAX])
    name = f"vklad-proof-{entry}.json"
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return JSONResponse(proof_json(found), headers=disposition)


@router.get("/consistency", responses=responses(422, 429, 503))
def consistency(database: DatabaseHere, first: _Size, second: _Size) -> dict[str, Any]:
    """The path by which the log of ``second`` transfers is seen to hold that of ``first``."""
    with database.read() as work:
        return consistency_json(service.prove_consistency(work, first, second))


@router.get("/verifier.py", response_class=PlainTextResponse, responses=responses(429))
def verifier_file() -> PlainTextResponse:
    """The program that checks proofs and exports: one file, Python 3.11, nothing else needed."""
    return PlainTextResponse(_VERIFIER.read_text("utf-8"), media_type="text/x-python")


@router.get("/keys", responses=responses(429, 503))
def keys(database: DatabaseHere) -> dict[str, Any]:
    """The keys that heads were and are signed by, oldest first; each names the next."""
    with database.read() as work:
        return {"data": [key_json(key) for key in service.keys(work)]}
