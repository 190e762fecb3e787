"""``/v1/reports``: figures of the whole school, and of each quarter for every member."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from fastapi import Path as PathParameter
from fastapi.responses import Response

from api.auth.model import Principal, Role
from api.http.parts import DatabaseHere
from api.http.principal import allow
from api.http.problems import responses
from api.reporting import chart_csv, dashboard_json, quarter_json
from ledger.reports import quarterly, service

router: Final = APIRouter(prefix="/v1/reports", tags=["reports"])

Reader = Annotated[
    Principal,
    Depends(allow(roles=(Role.ADMIN, Role.AUDITOR, Role.OWNER), scopes=("journal:read",))),
]
AnyMember = Annotated[Principal, Depends(allow(roles=(Role.MEMBER,), scopes=("journal:read",)))]


class Chart(StrEnum):
    """A table by its name."""

    MONTHS = "months"
    WEEKS = "weeks"
    LIABILITY = "liability"
    COHORTS = "cohorts"
    LAPSING = "lapsing"
    SPREAD = "spread"
    ACTS = "acts"


@router.get("/dashboard", responses=responses(401, 403, 404, 503))
def dashboard(database: DatabaseHere, _: Reader) -> dict[str, Any]:
    """Issued, spent and lost by month and week, what is owed, who has how much, and of what.

    Of the journal up to transfer ``sequence``, which trails its end by about a minute. Spans are
    told by their first day in ``zone`` and end with the one under way.
    """
    with database.read() as work:
        return dashboard_json(service.dashboard(work))


@router.get(
    "/dashboard/{chart}.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {}}}, **responses(401, 403, 404, 422, 503)},
)
def table(chart: Chart, database: DatabaseHere, _: Reader) -> Response:
    """One of the same figures as a table."""
    with database.read() as work:
        found = service.dashboard(work)
    headers = {"Content-Disposition": f'attachment; filename="vklad-{chart}.csv"'}
    return Response(chart_csv(found, chart), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/quarters", responses=responses(401, 403, 404, 503))
def quarters(database: DatabaseHere, _: AnyMember) -> dict[str, Any]:
    """Quarters that have a report, newest first; the newest is under way."""
    with database.read() as work:
        found = quarterly.quarters(work)
    return {"data": [{"quarter": each.text} for each in found], "next_cursor": None}


@router.get("/quarters/{quarter}", responses=responses(401, 403, 404, 422, 503))
def quarter_report(
    quarter: Annotated[str, PathParameter(max_length=16, examples=["2026-q3"])],
    database: DatabaseHere,
    _: AnyMember,
) -> dict[str, Any]:
    """What a quarter came to, beside the one before it; nobody is named."""
    with database.read() as work:
        return quarter_json(quarterly.report(work, quarter))
