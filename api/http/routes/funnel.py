"""``/v1/funnel``: from the first visit to the first vote.

For who oversees the school, and for keys with the scope ``funnel:read``. Figures name nobody.
``/v1/funnel/events`` is what webhooks carry, to pull: whoever keeps the last cursor misses
nothing, whatever became of a delivery.
"""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response

from api import funnel
from api.auth.model import Principal, Role
from api.http.pagination import PageHere
from api.http.parts import DatabaseHere
from api.http.principal import allow
from api.http.problems import responses
from ledger.funnel import stages_store, touches_store
from ledger.funnel.model import Figures

router: Final = APIRouter(prefix="/v1", tags=["funnel"])

Overseer = Annotated[
    Principal,
    Depends(allow(roles=(Role.ADMIN, Role.AUDITOR, Role.OWNER), scopes=("funnel:read",))),
]


def _figures(database: DatabaseHere, kept: funnel.KeptFunnelHere, _: Overseer) -> Figures:
    with database.read() as work:
        return kept.of(work)


FiguresHere = Annotated[Figures, Depends(_figures)]


@router.get("/funnel", responses=responses(401, 403, 503))
def show(found: FiguresHere) -> dict[str, Any]:
    """Of everybody, by month of the first visit or sign-up, and by what people came by.

    Counts are of persons, and of visitors who agreed to be counted. Times are whole seconds;
    shares are exact, and beside that to six digits. What each name means is in ``definitions``.
    """
    return funnel.figures_json(found)


@router.get(
    "/funnel.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}, **responses(401, 403, 503)},
)
def table(found: FiguresHere) -> Response:
    """The same as a table: a line for each stage of each month and of each channel."""
    headers = {"Content-Disposition": 'attachment; filename="vklad-funnel.csv"'}
    content = funnel.figures_csv(found)
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/funnel/events", responses=responses(400, 401, 403, 503))
def list_stage_events(database: DatabaseHere, page: PageHere, _: Overseer) -> JSONResponse:
    """Stages that members have reached, in the order in which they were found.

    With what each member came by, if they agreed to that being kept. A stage that is no longer
    reached, because its fact was taken back, is no longer listed.
    """
    after = None if page.after is None else UUID(str(page.after[0]))
    with database.read() as work:
        found = stages_store.page(work, after, page.fetch)
        touches = touches_store.touches_of(work, {each.member_id for each in found})
    return page.answer(
        found,
        key=lambda each: [str(each.event_id)],
        render=lambda each: funnel.event_json(each, touches.get(each.member_id)),
    )
