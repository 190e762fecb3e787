"""``/v1/bridge``: points to tokens and back, whether both sides are equal, and the admins' stop.

What a member asks is answered without the node, so that requests are taken while the chain is down;
only a redemption needs it, for the holder's next nonce.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final, cast

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from api import bridge_answers as answers
from api.auth.model import Principal
from api.auth.wallet_place import ChainOff
from api.bridging import bridging_of, chain_parts
from api.composition import Composition
from api.http.idempotency import OnceHere, once_responses
from api.http.pagination import PageHere
from api.http.parts import parts_of
from api.http.principal import CurrentMember, PrincipalHere, require_role
from api.http.problems import responses
from ledger.kernel.canonical import Json
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Work, execute
from ledger.kernel.units import Points
from ledger.switches import service as switches
from ledger.switches.model import REASON_LENGTH_MAX, Switch
from ledger.wallets import service as wallets
from ledger.wallets.model import NoWallet
from oracle.bridge import (
    gaps,
    gaps_store,
    reading,
    redeeming_store,
    resets,
    resets_store,
    service,
    stops,
)
from oracle.bridge.errors import UnknownReference, UnknownReset
from oracle.bridge.model import RECORD_POINTS_MAX, REFERENCE_BYTES, Reference
from oracle.chain.erc1271 import is_valid_contract_signature
from oracle.chain.port import BlockTag
from oracle.contracts.abi import address
from oracle.guardian import record
from oracle.reconcile.model import LedgerSide, Reconciliation
from oracle.reconcile.service import (
    ledger_side,
    missing_burns,
    reconcile,
    require_mismatch_gone,
)
from oracle.sender.model import NoChainYet

router: Final = APIRouter(prefix="/v1/bridge", tags=["bridge"])

SIGNATURE_HEX_MAX: Final = 20_000
PARKED_SHOWN_MAX: Final = 100
_REFERENCE: Final = re.compile(rf"0x[0-9a-f]{{{2 * REFERENCE_BYTES}}}\Z")

Admin = Annotated[Principal, Depends(require_role("admin"))]
Auditor = Annotated[Principal, Depends(require_role("admin", "auditor"))]
Amount = Annotated[int, Field(ge=1, le=RECORD_POINTS_MAX)]


class PointsBody(BaseModel):
    """How many whole points."""

    model_config = ConfigDict(extra="forbid", strict=True)

    points: Amount


class SignatureBody(BaseModel):
    """The holder's signature over the typed data, 0x-hex."""

    model_config = ConfigDict(extra="forbid", strict=True)

    signature: Annotated[str, Field(pattern="^0x([0-9a-fA-F]{2})+$", max_length=SIGNATURE_HEX_MAX)]


class ReasonBody(BaseModel):
    """Why; members see it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    reason: Annotated[str, Field(min_length=1, max_length=REASON_LENGTH_MAX)]


class ConfirmationBody(BaseModel):
    """The hash of the content that was looked at, as shown."""

    model_config = ConfigDict(extra="forbid", strict=True)

    content_digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


def composition_of(request: Request) -> Composition:
    """The composition, if this installation has a chain.

    Raises:
        ChainOff: it has none.
    """
    composition = cast("Composition", parts_of(request))
    if not composition.chain_is_on:
        raise ChainOff("This installation has no chain: no wallets, tokens or votes.")
    return composition


CompositionHere = Annotated[Composition, Depends(composition_of)]


@router.post("/requests", status_code=201, responses=once_responses(404))
def request_tokens(
    body: PointsBody, once: OnceHere, member_id: CurrentMember, composition: CompositionHere
) -> Response:
    """Move points to escrow and have tokens made for the member's linked wallet."""

    def ask(work: Work, command: service.RequestTokens) -> service.StageOfRequest:
        return service.staged(work, bridging_of(composition, work).request(work, command))

    command = service.RequestTokens(member_id, Points(body.points))
    return once(ask, command, render=answers.request_json)


@router.get("/requests", responses=responses(400, 401, 403, 404, 422, 503))
def list_requests(
    page: PageHere, member_id: CurrentMember, composition: CompositionHere
) -> JSONResponse:
    """The member's requests, newest first, each with its stage."""
    before = None if page.after is None else parse_id(service.PREFIX, str(page.after[0]))
    with composition.database.read() as work:
        found = service.list_requests(work, member_id, before=before, limit=page.fetch)
    return page.answer(
        found,
        key=lambda staged: [format_id(service.PREFIX, staged.request.request_id)],
        render=answers.request_json,
    )


@router.get("/requests/{request_id}", responses=responses(401, 403, 404, 503))
def get_request(
    request_id: str, member_id: CurrentMember, composition: CompositionHere
) -> dict[str, Any]:
    """One of the member's requests."""
    wanted = parse_id(service.PREFIX, request_id)
    with composition.database.read() as work:
        return dict(answers.request_json(service.find_request(work, member_id, wanted)))


@router.post("/redemptions", status_code=201, responses=once_responses(404, 429))
def make_reference(
    body: PointsBody, once: OnceHere, member_id: CurrentMember, composition: CompositionHere
) -> Response:
    """A one-time reference: sign the typed data and we pay the gas, or send the call oneself."""
    with composition.database.read() as work:
        wallet = wallets.wallet_of(work, member_id)
    if wallet is None:
        raise NoWallet("You have no wallet linked.")
    parts = chain_parts(composition)
    bridge = parts.deployment.address("PointsBridge")
    nonce = reading.holder_nonce(parts.chain, bridge, wallet)

    def make(work: Work, command: service.MakeReference) -> dict[str, Json]:
        bridging = bridging_of(composition, work)
        reference = bridging.make_reference(work, command)
        message = bridging.redemption_message(work, reference)
        return answers.reference_json(reference, message, bridge)

    command = service.MakeReference(member_id, Points(body.points), nonce)
    return once(make, command, render=lambda answer: answer)


@router.post("/redemptions/{reference}/signatures", status_code=202, responses=once_responses(404))
def relay(
    reference: str,
    body: SignatureBody,
    once: OnceHere,
    member_id: CurrentMember,
    composition: CompositionHere,
) -> Response:
    """Have a signed redemption sent."""
    wanted = _parse_reference(reference)
    signature = bytes.fromhex(body.signature[2:])
    with composition.database.read() as work:
        found = service.require_reference(work, member_id, wanted)
    agrees = _contract_wallet_agrees(composition, found, signature)

    def send(work: Work, command: service.RelaySignature) -> service.StageOfRedemption:
        bridging_of(composition, work).relay(work, command)
        reference = service.require_reference(work, member_id, wanted)
        return service.redemption_stage(work, reference)

    command = service.RelaySignature(member_id, wanted, signature, contract_wallet_agrees=agrees)
    return once(send, command, render=answers.stage_json, status=202)


@router.get("/redemptions", responses=responses(401, 403, 404, 503))
def list_redemptions(member_id: CurrentMember, composition: CompositionHere) -> dict[str, Any]:
    """What the member asked to redeem, newest first, at most a hundred, each with its stage."""
    with composition.database.read() as work:
        asked = redeeming_store.references_of_member(work, member_id, PARKED_SHOWN_MAX)
        found = [service.redemption_stage(work, reference) for reference in asked]
    return {"data": [answers.stage_json(each) for each in found], "next_cursor": None}


@router.get("/redemptions/{reference}", responses=responses(401, 403, 404, 503))
def get_redemption(
    reference: str, member_id: CurrentMember, composition: CompositionHere
) -> dict[str, Any]:
    """How far one redemption of the member's is."""
    wanted = _parse_reference(reference)
    with composition.database.read() as work:
        found = service.require_reference(work, member_id, wanted)
        return dict(answers.stage_json(service.redemption_stage(work, found)))


@router.get("/status", responses=responses(401, 404, 503))
def status(_: PrincipalHere, composition: CompositionHere) -> dict[str, Any]:
    """Whether the bridge is open, and proof of reserve at the newest final block."""
    with composition.database.read() as work:
        standing = redeeming_store.stops(work)
        switch = switches.position(work, Switch.BRIDGING)
        ledger = _ledger_side(work)
        paused = record.guard(work).paused
    return answers.status_json(standing, switch, ledger, _compared(composition), paused)


@router.post("/stops", status_code=201, responses=responses(400, 401, 403, 404, 422, 503))
def stop(body: ReasonBody, principal: Admin, composition: CompositionHere) -> dict[str, Any]:
    """Nothing new leaves from now on; what comes back is still credited."""
    member_id = principal.member_id
    assert member_id is not None, "an admin is a person"
    execute(
        composition.database,
        lambda work, reason: stops.switch_off(work, member_id, reason),
        body.reason,
    )
    return {"open": False, "reason": body.reason}


@router.post("/resumptions", status_code=201, responses=responses(400, 401, 403, 404, 422, 503))
def resume(body: ReasonBody, principal: Admin, composition: CompositionHere) -> dict[str, Any]:
    """An admin has looked: lift every stop and switch the bridge on."""
    member_id = principal.member_id
    assert member_id is not None, "an admin is a person"
    _require_mismatch_gone(composition)
    execute(
        composition.database,
        lambda work, reason: stops.resume(work, member_id, reason),
        body.reason,
    )
    return {"open": True, "reason": body.reason}


@router.get("/parked", responses=responses(401, 403, 404, 503))
def parked(_: Auditor, composition: CompositionHere) -> dict[str, Any]:
    """Burns that nobody could be credited for, newest first, at most a hundred."""
    with composition.database.read() as work:
        found = redeeming_store.parked_redemptions(work, PARKED_SHOWN_MAX)
    return {"data": [answers.redemption_json(each) for each in found], "next_cursor": None}


@router.get("/redemption-gaps", responses=responses(401, 403, 404, 503))
def list_gaps(_: Auditor, composition: CompositionHere) -> dict[str, Any]:
    """Burns that were never read: what is missing now, what waits for a second person, the rest."""
    with composition.database.read() as work:
        found = gaps.find_gap(work)
        waiting = None if found is None else gaps_store.shown_gap(work, found.chain_key)
        confirmed = gaps_store.confirmed_gaps(work, PARKED_SHOWN_MAX)
    return {
        "missing": None
        if found is None
        else {"sequence_from": found.sequence_from, "sequence_to": found.sequence_to},
        "proposed": None if waiting is None else answers.gap_json(waiting),
        "data": [answers.gap_json(each) for each in confirmed],
        "next_cursor": None,
    }


@router.post("/redemption-gaps", status_code=201, responses=responses(400, 401, 403, 404, 422, 503))
def propose_gap(body: ReasonBody, principal: Admin, composition: CompositionHere) -> dict[str, Any]:
    """One admin's account of the burns that are missing now; a second one has to confirm it."""
    member_id = principal.member_id
    assert member_id is not None, "an admin is a person"
    points = missing_burns(chain_parts(composition).reconciler)
    command = gaps.ProposeGap(member_id, body.reason, points)
    return dict(answers.gap_json(execute(composition.database, gaps.propose, command)))


@router.post(
    "/redemption-gaps/{gap_id}/confirmations",
    status_code=201,
    responses=once_responses(404),
)
def confirm_gap(
    gap_id: str, principal: Admin, once: OnceHere, composition: CompositionHere
) -> Response:
    """Another admin's yes: recorded, and the bridge goes on behind the gap."""
    member_id = principal.member_id
    assert member_id is not None, "an admin is a person"
    points = missing_burns(chain_parts(composition).reconciler)
    command = gaps.ConfirmGap(parse_id(gaps.PREFIX, gap_id), member_id, points)
    return once(gaps.confirm, command, render=lambda gap: dict(answers.gap_json(gap)))


@router.get("/resets/current", responses=responses(401, 403, 404, 503))
def get_reset(_: Auditor, composition: CompositionHere) -> dict[str, Any]:
    """The chain reset that waits for confirmations: what would be returned, and its hash."""
    with composition.database.read() as work:
        found = resets_store.shown_reset(work)
        if found is None:
            raise UnknownReset("No chain reset is open.")
        return dict(answers.reset_json(found, resets_store.confirmed_by(work, found)))


@router.post(
    "/resets/{reset_id}/confirmations",
    status_code=201,
    responses=once_responses(404),
)
def confirm_reset(
    reset_id: str, body: ConfirmationBody, principal: Admin, once: OnceHere
) -> Response:
    """One admin's yes to the content with this hash; two different ones are needed."""
    member_id = principal.member_id
    assert member_id is not None, "an admin is a person"
    command = resets.ConfirmReset(
        reset_id=parse_id(resets.PREFIX, reset_id),
        confirmed_by=member_id,
        content_digest=bytes.fromhex(body.content_digest),
    )
    return once(
        resets.confirm,
        command,
        render=lambda confirmed: {
            "confirmations": confirmed,
            "confirmations_needed": resets.PERSONS_NEEDED,
        },
    )


def _parse_reference(text: str) -> bytes:
    if not _REFERENCE.match(text):
        raise UnknownReference("A reference is 0x and 64 hex digits.", reference=text[:80])
    return bytes.fromhex(text[2:])


def _contract_wallet_agrees(
    composition: Composition, reference: Reference, signature: bytes
) -> bool:
    """Whether the holder is a contract that stands by the signature; for a key's account, no."""
    parts = chain_parts(composition)
    holder = address(reference.holder)
    if not parts.chain.code(holder, BlockTag.LATEST):
        return False
    with composition.database.read() as work:
        message = bridging_of(composition, work).redemption_message(work, reference)
    return is_valid_contract_signature(
        parts.chain, holder, message.digest(), signature, BlockTag.LATEST
    )


def _ledger_side(work: Work) -> LedgerSide | None:
    try:
        return ledger_side(work)
    except NoChainYet:
        return None


def _require_mismatch_gone(composition: Composition) -> None:
    """Refuse while the reserve is still off; a node that cannot be asked says nothing."""
    try:
        reconciler = chain_parts(composition).reconciler
    except VkladError as error:
        if error.kind is not ErrorKind.UNAVAILABLE:
            raise
        return
    require_mismatch_gone(reconciler)


def _compared(composition: Composition) -> Reconciliation | None:
    """Both sides; ``None`` while the chain cannot be asked or nothing is final."""
    try:
        return reconcile(chain_parts(composition).reconciler)
    except VkladError as error:
        if error.kind is not ErrorKind.UNAVAILABLE:
            raise
        return None
