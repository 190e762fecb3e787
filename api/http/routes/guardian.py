"""``/v1/guardian``: who may stop the bridge and votes, until when, what was stopped, and why.

For anybody. Reasons are taken from anybody as well: the signature says whose they are.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from api.guardian_answers import deed_json, guardian_json
from api.http.principal import limit_by_address
from api.http.problems import responses
from api.http.routes.bridge import CompositionHere
from ledger.kernel.transaction import execute
from oracle.guardian import reasons, record

DEEDS_SHOWN_MAX: Final = 100

router: Final = APIRouter(
    prefix="/v1/guardian", tags=["bridge"], dependencies=[Depends(limit_by_address)]
)


class StopReasonBody(BaseModel):
    """Why something was stopped in a transaction, signed by the account that sent it (EIP-712).

    Domain ``Vklad Guardian``, version 1, chain and bridge; ``StopReason(bytes32 transactionHash,
    string reason)``. ``vklad chain reason`` makes one.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    transaction: Annotated[str, Field(pattern="^0x[0-9a-f]{64}$")]
    reason: Annotated[str, Field(min_length=1, max_length=reasons.REASON_LENGTH_MAX)]
    signature: Annotated[str, Field(pattern="^0x[0-9a-fA-F]{130}$")]


@router.get("", responses=responses(404, 429, 503))
def get_guardian(composition: CompositionHere) -> dict[str, Any]:
    """Who guards which contract, whether the bridge is paused, and the newest hundred deeds."""
    with composition.database.read() as work:
        guard = record.guard(work)
        deeds = record.deeds(work, DEEDS_SHOWN_MAX)
        return dict(guardian_json(guard, deeds, work.now))


@router.post("/reasons", status_code=201, responses=responses(400, 403, 404, 409, 422, 429, 503))
def give_reason(body: StopReasonBody, composition: CompositionHere) -> dict[str, Any]:
    """Tell members why, in signed words; the same again changes nothing."""
    command = reasons.GiveReason(
        bytes.fromhex(body.transaction[2:]), body.reason, bytes.fromhex(body.signature[2:])
    )
    explained = execute(composition.database, reasons.give_reason, command)
    return {"data": [deed_json(deed) for deed in explained], "next_cursor": None}
