"""``/v1/governance/analytics``: turnout, delegation and concentration, for everybody.

From final events of the chain and from counted polls. Nobody is named.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from api.figures import KeptHere, figures_csv, figures_json
from api.governing import proposal_number
from api.http.parts import DatabaseHere
from api.http.principal import limit_by_address
from api.http.problems import responses
from governance.analytics.service import Figures

router: Final = APIRouter(
    prefix="/v1/governance", tags=["governance"], dependencies=[Depends(limit_by_address)]
)


def _figures(
    database: DatabaseHere,
    kept: KeptHere,
    proposal: Annotated[str | None, Query(max_length=78)] = None,
) -> Figures:
    number = None if proposal is None else proposal_number(proposal)
    with database.read() as work:
        return kept.of(work, number)


FiguresHere = Annotated[Figures, Depends(_figures)]


@router.get("/analytics", responses=responses(404, 422, 429, 503))
def show(found: FiguresHere) -> dict[str, Any]:
    """Now, of the newest 50 proposals at their snapshots, and of the newest 50 counted polls.

    ``proposal``: of this one only, and of no poll. Amounts are decimal strings of token units, or
    of a poll's weights; shares are exact, and beside that to six digits.
    """
    return figures_json(found)


@router.get(
    "/analytics.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}, **responses(404, 422, 429, 503)},
)
def table(found: FiguresHere) -> Response:
    """The same as a table: a line for each proposal and each poll."""
    headers = {"Content-Disposition": 'attachment; filename="vklad-votes.csv"'}
    return Response(figures_csv(found), media_type="text/csv; charset=utf-8", headers=headers)
