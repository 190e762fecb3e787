"""The school's switches and the monthly ceiling for discounts: anyone known reads, admins set."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from api.auth.model import Principal
from api.http.parts import DatabaseHere
from api.http.principal import PrincipalHere, require_role
from api.http.problems import responses
from ledger.kernel.transaction import execute
from ledger.switches import service
from ledger.switches.model import (
    CEILING_MINOR_MAX,
    REASON_LENGTH_MAX,
    SetCeiling,
    SetSwitch,
    Switch,
    SwitchPosition,
)

router = APIRouter(prefix="/v1/switches", tags=["switches"])

Admin = Annotated[Principal, Depends(require_role("admin"))]
Reason = Annotated[str, Field(min_length=1, max_length=REASON_LENGTH_MAX)]


class SwitchBody(BaseModel):
    """Which way, and why; members see the reason."""

    model_config = ConfigDict(extra="forbid", strict=True)

    on: bool
    reason: Reason


class CeilingBody(BaseModel):
    """Discounts of a calendar month in one currency; ``null`` lifts the ceiling."""

    model_config = ConfigDict(extra="forbid", strict=True)

    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    month_minor: Annotated[int, Field(ge=0, le=CEILING_MINOR_MAX)] | None
    reason: Reason


@router.get("", responses=responses(401, 503))
def get(database: DatabaseHere, _: PrincipalHere) -> dict[str, Any]:
    """How every switch stands, and the ceilings."""
    with database.read() as work:
        positions, ceilings = service.positions(work), service.ceilings(work)
    return {
        "switches": {each.switch.value: _position_json(each) for each in positions},
        "monthly_ceilings_minor": ceilings,
    }


@router.post("/ceilings", status_code=201, responses=responses(400, 401, 403, 422, 503))
def set_ceiling(body: CeilingBody, database: DatabaseHere, principal: Admin) -> dict[str, Any]:
    """Set or lift the ceiling of one currency, from now on."""
    command = SetCeiling(body.currency, body.month_minor, body.reason, principal.key)
    execute(database, service.set_ceiling, command)
    return {"currency": body.currency, "month_minor": body.month_minor}


@router.post("/{switch}/changes", status_code=201, responses=responses(400, 401, 403, 422, 503))
def turn(
    switch: Switch, body: SwitchBody, database: DatabaseHere, principal: Admin
) -> dict[str, Any]:
    """Turn a switch, at once and for everybody."""
    command = SetSwitch(switch, body.on, body.reason, principal.key)
    return _position_json(execute(database, service.set_switch, command))


def _position_json(position: SwitchPosition) -> dict[str, Any]:
    at = position.changed_at
    return {
        "on": position.is_on,
        "reason": position.reason,
        "changed_at": None if at is None else at.isoformat().replace("+00:00", "Z"),
    }
