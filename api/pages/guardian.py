"""The guardian for people: who it is, until when, and everything that was stopped, with reasons.

All of it is read from our copy of the chain, so the page works while the node does not answer.
"""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter, Depends
from fastapi.responses import Response

from api.http.principal import limit_by_address
from api.http.routes.bridge import CompositionHere
from api.http.routes.guardian import DEEDS_SHOWN_MAX
from api.pages.rendering import ViewHere
from governance.proposals import service as proposals
from governance.proposals.model import UnknownProposal
from ledger.kernel.transaction import Work
from oracle.guardian import record
from oracle.guardian.record import Deed, DeedKind

router: Final = APIRouter(include_in_schema=False)

TONES: Final = {
    DeedKind.PAUSED: "bad",
    DeedKind.UNPAUSED: "good",
    DeedKind.VETOED: "warn",
    DeedKind.CANCELLED: "warn",
    DeedKind.APPOINTED: "quiet",
}


@router.get("/guardian", dependencies=[Depends(limit_by_address)])
def guardian_page(view: ViewHere, composition: CompositionHere) -> Response:
    """Both offices, what was done, and how a guardian is replaced."""
    with composition.database.read() as work:
        guard = record.guard(work)
        deeds = record.deeds(work, DEEDS_SHOWN_MAX)
        titles = _titles(work, deeds)
        now = work.now
    accounts = {office.guardian for office in guard.offices}
    return view.render(
        "wallet/guardian.html",
        guard=guard,
        is_one=len(accounts) == 1 and len({each.term_ends_at for each in guard.offices}) == 1,
        deeds=deeds,
        titles=titles,
        tones=TONES,
        now=now,
    )


def _titles(work: Work, deeds: list[Deed]) -> dict[int, str]:
    """What cancelled proposals are called, of those that were read."""
    found = {}
    for deed in deeds:
        if deed.proposal_id is not None:
            try:
                found[deed.proposal_id] = proposals.require_proposal(work, deed.proposal_id).title
            except UnknownProposal:
                continue
    return found
