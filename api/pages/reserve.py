"""Proof of reserve as pages show it: points in escrow against tokens, or why it cannot be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from api.bridging import chain_parts
from api.composition import Composition
from api.http.parts import Parts
from api.http.principal import limit_by_address
from api.http.problems import problem_of
from api.http.routes.bridge import CompositionHere
from api.pages.rendering import View, ViewHere
from ledger.kernel.errors import VkladError
from oracle.reconcile.model import Reconciliation
from oracle.reconcile.service import reconcile

router: Final = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class BothSides:
    """The comparison of ledger and chain, or what stands in its way (a sentence)."""

    found: Reconciliation | None
    obstacle: str = ""


def both_sides(view: View, parts: Parts) -> BothSides | None:
    """Both sides at the newest final block; ``None`` where there is no chain."""
    if not view.chain_is_on:
        return None
    try:
        return BothSides(reconcile(chain_parts(cast("Composition", parts)).reconciler))
    except VkladError as error:
        return BothSides(None, said(view, error))


def said(view: View, error: VkladError) -> str:
    """What is wrong, in the reader's language."""
    origin = view.request.app.state.parts.settings.origin
    return str(problem_of(error, view.catalogue, view.language, origin)["detail"])


@router.get("/reserve", dependencies=[Depends(limit_by_address)])
def reserve_page(view: ViewHere, composition: CompositionHere) -> Response:
    """Both sides for anybody, the signed statement, and how to check it without us."""
    return view.render(
        "wallet/reserve.html",
        command="vklad chain verify-reserve vklad-reserve.json --rpc URL",
        both_sides=both_sides(view, composition),
        origin=composition.settings.origin,
    )
