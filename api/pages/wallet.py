"""A member's wallet: linking it, points to tokens and back, and giving the tokens a voice.

What we know ourselves is shown whether or not the chain answers; what only the chain knows is
missing then, and the page says so. Signing is the browser's part (``static/bridge.mjs``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from api.bridging import bridging_of
from api.composition import Composition
from api.governing import governing_of
from api.http.parts import DatabaseHere
from api.http.principal import CurrentMember
from api.http.routes.bridge import CompositionHere
from api.http.routes.permits import as_they_stand
from api.pages.rendering import View, ViewHere
from api.pages.reserve import both_sides
from governance.permits import service as permits
from governance.proposals import reading
from governance.proposals.reading import VoterFacts
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work, execute
from ledger.kernel.units import TOKEN_UNITS_PER_POINT
from ledger.lots import service as lots
from ledger.switches import service as switches
from ledger.switches.model import Switch
from ledger.wallets import service as wallets
from oracle.bridge import redeeming_store, service
from oracle.bridge.model import BridgePolicy, RedemptionStage, Stage
from oracle.contracts.abi import address
from oracle.guardian import record
from oracle.guardian.record import Deed

router: Final = APIRouter(include_in_schema=False)

SHOWN_MAX: Final = 10
REQUEST_WAY: Final = (
    Stage.WAITING,
    Stage.COMMITTING,
    Stage.DELAYED,
    Stage.EXECUTING,
    Stage.MINTED,
)
REDEMPTION_WAY: Final = (
    RedemptionStage.SENDING,
    RedemptionStage.BURNT,
    RedemptionStage.CREDITED,
)
NOT_ASKED: Final = frozenset({RedemptionStage.OPEN, RedemptionStage.LAPSED})
"""References that were never signed; nothing has happened to anything."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What was asked of the bridge, in one list: ``out`` to the wallet or back."""

    is_out: bool
    id: str
    points: Any
    at: datetime
    stage: str
    steps: list[dict[str, Any]]
    batch: int | None = None
    """The number of the batch it is in, if it goes out and is in one."""
    veto: Deed | None = None
    """Who stopped that batch, and why."""

    @property
    def is_under_way(self) -> bool:
        """Whether something is still to come."""
        return any(step["state"] == "now" for step in self.steps)


@router.get("/wallet")
def wallet(view: ViewHere, member_id: CurrentMember, composition: CompositionHere) -> Response:
    """The wallet, what is in it, what is on its way, and the next step."""
    with composition.database.read() as work:
        linked = wallets.wallet_of(work, member_id)
        summary = lots.summary(work, member_id, work.now)
        stops = redeeming_store.stops(work)
        switch = switches.position(work, Switch.BRIDGING)
        policy = _policy(composition, work)
        carried = _carried(view, work, member_id)
        paused = record.guard(work).paused
        given = [
            each
            for each in permits.permits_of(work, member_id)
            if linked is not None and each.allowance.owner == address(linked)
        ]
    voter = None if linked is None else _voter(composition, linked)
    carried_permits, allowed = as_they_stand(composition, given)
    return view.render(
        "wallet/wallet.html",
        wallet=None if linked is None else address(linked),
        summary=summary,
        stops=stops,
        paused=paused,
        switch=switch,
        is_open=switch.is_on and not stops and policy is not None,
        policy=policy,
        carried=carried,
        state=_state_text(carried),
        voter=voter,
        permits=carried_permits,
        standing=[] if linked is None or allowed is None else allowed.standing(address(linked)),
        tokens_whole=None if voter is None else voter.tokens.amount // TOKEN_UNITS_PER_POINT,
        both_sides=both_sides(view, composition),
    )


@router.get("/wallet/state")
def state(view: ViewHere, member_id: CurrentMember, composition: CompositionHere) -> JSONResponse:
    """What the page asks for again and again while something is on its way."""
    with composition.database.read() as work:
        carried = _carried(view, work, member_id)
    return JSONResponse({"state": _state_text(carried)}, headers={"Cache-Control": "no-store"})


@router.post("/wallet/unlink")
def unlink(view: ViewHere, member_id: CurrentMember, database: DatabaseHere) -> Response:
    """Unlink the wallet; what is in it stays where it is."""
    execute(database, wallets.unlink_wallet, member_id)
    return view.redirect("/wallet", notice="wallet.unlinked")


def _policy(composition: Composition, work: Work) -> BridgePolicy | None:
    """What the school allows; ``None`` while no chain is known."""
    try:
        return bridging_of(composition, work).policy
    except VkladError as error:
        if error.kind is not ErrorKind.UNAVAILABLE:
            raise
        return None


def _voter(composition: Composition, linked: str) -> VoterFacts | None:
    try:
        governing = governing_of(composition)
        return reading.voter_facts(governing.chain, governing.contracts, address(linked))
    except VkladError as error:
        if error.kind is not ErrorKind.UNAVAILABLE:
            raise
        return None


def _carried(view: View, work: Work, member_id: UUID) -> list[Carried]:
    requests = service.list_requests(work, member_id, before=None, limit=SHOWN_MAX)
    vetoed = [each.batch_sequence for each in requests if each.reason == "vetoed"]
    vetoes = record.vetoes(work, [each for each in vetoed if each is not None])
    out = [
        Carried(
            is_out=True,
            id=format_id(service.PREFIX, found.request.request_id),
            points=found.request.points,
            at=found.request.created_at,
            stage=found.stage.value,
            steps=_request_steps(view, found.stage, found.executable_at),
            batch=found.batch_sequence,
            veto=None if found.batch_sequence is None else vetoes.get(found.batch_sequence),
        )
        for found in requests
    ]
    asked = redeeming_store.references_of_member(work, member_id, SHOWN_MAX)
    back = [
        Carried(
            is_out=False,
            id=f"0x{found.reference.reference.hex()}",
            points=found.reference.points,
            at=found.reference.created_at,
            stage=found.stage.value,
            steps=_redemption_steps(view, found.stage),
        )
        for found in (service.redemption_stage(work, reference) for reference in asked)
        if found.stage not in NOT_ASKED
    ]
    return sorted([*out, *back], key=lambda each: each.at, reverse=True)[:SHOWN_MAX]


def _request_steps(
    view: View, stage: Stage, executable_at: datetime | None
) -> list[dict[str, Any]]:
    if stage in {Stage.RETURNING, Stage.RETURNED}:
        ended = "now" if stage is Stage.RETURNING else "failed"
        return [
            _step(view, "request", Stage.WAITING, "done"),
            _step(view, "request", stage, ended),
        ]
    steps = _way(view, "request", REQUEST_WAY, stage)
    if stage is Stage.DELAYED and executable_at is not None:
        steps[REQUEST_WAY.index(stage)]["hint"] = view.catalogue.text(
            view.language, "wallet.request.delayed_until", when=executable_at
        )
    return steps


def _redemption_steps(view: View, stage: RedemptionStage) -> list[dict[str, Any]]:
    if stage is RedemptionStage.REFUSED:
        return [_step(view, "redemption", stage, "failed")]
    if stage is RedemptionStage.PARKED:
        done = [_step(view, "redemption", each, "done") for each in REDEMPTION_WAY[:2]]
        return [*done, _step(view, "redemption", stage, "failed")]
    return _way(view, "redemption", REDEMPTION_WAY, stage)


def _way(view: View, kind: str, way: tuple[Any, ...], stage: Any) -> list[dict[str, Any]]:
    """Every step of a way; the last one, once reached, is done."""
    place = way.index(stage)
    reached = "done" if place == len(way) - 1 else "now"
    marks = ["done"] * place + [reached] + ["next"] * (len(way) - place - 1)
    return [_step(view, kind, each, mark) for each, mark in zip(way, marks, strict=True)]


def _step(view: View, kind: str, stage: Any, mark: str) -> dict[str, Any]:
    key = f"wallet.{kind}.{stage.value}"
    hint = f"wallet.{kind}_hint.{stage.value}"
    wants_hint = mark in {"now", "failed"} and view.catalogue.has(view.language, hint)
    return {
        "label": view.catalogue.text(view.language, key),
        "state": mark,
        "hint": view.catalogue.text(view.language, hint) if wants_hint else "",
    }


def _state_text(carried: list[Carried]) -> str:
    return " ".join(f"{each.id}:{each.stage}" for each in carried)
