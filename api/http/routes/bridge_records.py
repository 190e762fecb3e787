"""``/v1/bridge/requests/{id}/record``: what a batch holds of a member, before it is executed."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter

from api import bridge_answers as answers
from api.bridging import bridging_of
from api.http.principal import CurrentMember
from api.http.problems import responses
from api.http.routes.bridge import CompositionHere
from ledger.kernel.ids import parse_id
from oracle.bridge import record, service

router: Final = APIRouter(prefix="/v1/bridge", tags=["bridge"])


@router.get("/requests/{request_id}/record", responses=responses(401, 403, 404, 503))
def get_record(
    request_id: str, member_id: CurrentMember, composition: CompositionHere
) -> dict[str, Any]:
    """The member's own record in its batch, with all that the committed hash is over.

    ``vklad chain verify-record FILE --rpc URL`` checks it against a node of your own choice.
    """
    wanted = parse_id(service.PREFIX, request_id)
    with composition.database.read() as work:
        found = record.own_record(work, member_id, wanted)
        known = service.require_chain(work)
        bridge = bridging_of(composition, work).bridge
    return dict(answers.record_json(found, known.identity.chain_id, bridge))
