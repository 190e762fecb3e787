"""``/v1/sources/requests``: requests of sources that were refused lately, and why. For admins only.

What a request said is not kept. The reasons are more than the sender was told, so who guesses at a
signature learns nothing here, and whoever puts one right sees it in the log.
"""

from __future__ import annotations

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import JSONResponse

from api.auth.model import Principal, Role
from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.http.principal import require_role
from api.http.problems import responses
from ledger.events.refusals import store
from ledger.events.refusals.model import NotedRefusal
from ledger.events.sources.service import require_source
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant

router: Final = APIRouter(prefix="/v1/sources/requests", tags=["facts"])

Admin = Annotated[Principal, Depends(require_role(Role.ADMIN))]


@router.get("", responses=responses(400, 401, 403, 404, 422, 503))
def list_refused_requests(
    database: DatabaseHere,
    page: PageHere,
    _: Admin,
    source: Annotated[str | None, Query(max_length=64, description="A source's name.")] = None,
) -> JSONResponse:
    """Refused requests of two weeks, newest first; without ``source`` those that name none, too."""
    before = None if page.after is None else UUID(str(page.after[0]))
    with database.read() as work:
        uri = None if source is None else require_source(work, source).uri
        found = store.page(work, source=uri, before=before, limit=page.fetch)
    return page.answer(found, key=lambda row: [str(row.refusal_id)], render=refusal_json)


def refusal_json(row: NotedRefusal) -> dict[str, Json]:
    """One refused request."""
    refusal = row.refusal
    return {
        "source": refusal.source,
        "received_at": Instant.of(row.received_at).isoformat(),
        "door": refusal.door,
        "status": refusal.status,
        "code": refusal.code,
        "reason": refusal.reason,
        "detail": dict(refusal.detail),
        "body": (
            None
            if refusal.body_start is None
            else {"bytes": refusal.body_bytes, "sha256_starts": refusal.body_start}
        ),
    }
