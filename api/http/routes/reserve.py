"""``/v1/reserve``: proof of reserve for anybody, signed, to be checked without us."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter, Depends

from api.bridging import chain_parts
from api.http.principal import limit_by_address
from api.http.problems import responses
from api.http.routes.bridge import CompositionHere

router: Final = APIRouter(
    prefix="/v1/reserve", tags=["bridge"], dependencies=[Depends(limit_by_address)]
)


@router.get("", responses=responses(404, 429, 503))
def get_reserve(composition: CompositionHere) -> dict[str, Any]:
    """Both sides at the newest final block, signed (EIP-712) with the anchorer's key.

    ``vklad chain verify-reserve FILE --rpc URL`` checks it against a node of your own choice.
    """
    return chain_parts(composition).attest().as_json()
