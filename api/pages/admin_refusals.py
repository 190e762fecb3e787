"""Requests of sources that were refused lately, with what their senders were not told."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import Response

from api.http.parts import DatabaseHere
from api.pages.admin import ActingAdmin
from api.pages.rendering import ViewHere
from ledger.events.refusals import store
from ledger.events.refusals.model import KEPT_FOR
from ledger.events.sources import store as sources

router: Final = APIRouter(prefix="/admin/sources/requests", include_in_schema=False)

SHOWN_MAX: Final = 100


@router.get("")
def requests(
    view: ViewHere,
    database: DatabaseHere,
    _: ActingAdmin,
    source: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """The newest, of one source or of all; of a source that there is not, of all."""
    with database.read() as work:
        known = sources.list_sources(work)
        wanted = next((each.uri for each in known if each.name == source), None)
        found = store.page(work, source=wanted, before=None, limit=SHOWN_MAX)
    return view.render(
        "admin/requests.html",
        found=found,
        sources=known,
        source=source,
        names={each.uri: each.name for each in known},
        kept_days=KEPT_FOR.days,
    )
