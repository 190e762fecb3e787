"""What admins do about a bridge that stands still: each deed takes two of them.

The state is shown on the administration's first page; see ``bridge_standing``.
"""

from __future__ import annotations

from typing import Annotated, Final, cast

from fastapi import APIRouter, Form
from fastapi.responses import Response

from api.bridging import chain_parts
from api.composition import Composition
from api.http.parts import DatabaseHere, PartsHere
from api.pages.admin import ActingAdmin
from api.pages.rendering import ViewHere
from ledger.kernel.ids import parse_id
from ledger.kernel.transaction import execute
from ledger.switches.model import REASON_LENGTH_MAX
from oracle.bridge import gaps, resets
from oracle.bridge.batching import TURN
from oracle.reconcile.service import missing_burns
from oracle.turns.store import hold_turn

router: Final = APIRouter(prefix="/admin/bridge", include_in_schema=False)

DIGEST_LENGTH: Final = 64


@router.post("/gaps")
def propose_gap(
    view: ViewHere,
    parts: PartsHere,
    admin: ActingAdmin,
    *,
    reason: Annotated[str, Form(max_length=REASON_LENGTH_MAX)] = "",
) -> Response:
    """Say why burns are missing; the points are the contract's own total less what was read."""
    points = missing_burns(chain_parts(cast("Composition", parts)).reconciler)
    execute(parts.database, gaps.propose, gaps.ProposeGap(admin, reason, points))
    return view.redirect("/admin", notice="admin.bridge.gap.proposed")


@router.post("/gaps/{gap_id}/confirmations")
def confirm_gap(gap_id: str, view: ViewHere, parts: PartsHere, admin: ActingAdmin) -> Response:
    """Another admin's yes: the bridge goes on behind the gap."""
    points = missing_burns(chain_parts(cast("Composition", parts)).reconciler)
    command = gaps.ConfirmGap(parse_id(gaps.PREFIX, gap_id), admin, points)
    execute(parts.database, gaps.confirm, command)
    return view.redirect("/admin", notice="admin.bridge.gap.confirmed")


@router.post("/resets")
def request_reset(view: ViewHere, database: DatabaseHere, _: ActingAdmin) -> Response:
    """Stop the bridge and work out what giving the chain up would return; nothing moves yet."""
    execute(database, resets.prepare, None)
    return view.redirect("/admin", notice="admin.bridge.reset.requested")


@router.post("/resets/{reset_id}/confirmations")
def confirm_reset(
    reset_id: str,
    view: ViewHere,
    database: DatabaseHere,
    admin: ActingAdmin,
    *,
    content_digest: Annotated[
        str, Form(pattern="^[0-9a-f]*$", min_length=DIGEST_LENGTH, max_length=DIGEST_LENGTH)
    ],
) -> Response:
    """One admin's yes to exactly what was shown."""
    command = resets.ConfirmReset(
        parse_id(resets.PREFIX, reset_id), admin, bytes.fromhex(content_digest)
    )
    execute(database, resets.confirm, command)
    return view.redirect("/admin", notice="admin.bridge.reset.confirmed")


@router.post("/resets/returns")
def apply_reset(view: ViewHere, database: DatabaseHere, _: ActingAdmin) -> Response:
    """Return everything, when two admins have confirmed."""
    with hold_turn(database, TURN):
        execute(database, resets.apply, None)
    return view.redirect("/admin", notice="admin.bridge.reset.done")


@router.post("/resets/withdrawals")
def forget_reset(view: ViewHere, database: DatabaseHere, _: ActingAdmin) -> Response:
    """Call it off: the bridge goes on with the chain it has."""
    execute(database, resets.give_up_reset, None)
    return view.redirect("/admin", notice="admin.bridge.reset.forgotten")
