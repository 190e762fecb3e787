"""Proposals, ballots and delegation: what is to be signed, and taking what was signed.

Signing is always two steps: ask for the message (EIP-712, as ``eth_signTypedData_v4`` takes it),
then post the signature with the same values. The answer to a post shows the raw call, which anybody
may send without us.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, cast
from uuid import UUID

from fastapi import APIRouter, Body, Depends, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, ConfigDict, Field

from api.composition import Composition
from api.drafting import DraftBody, Drafting
from api.governing import (
    Governing,
    ballot_json,
    delegation_json,
    governing_of,
    mandate_json,
    proposal_json,
    proposal_number,
    vote_json,
    voter_json,
    wallet_of,
)
from api.http.idempotency import OnceHere, once_responses
from api.http.parts import parts_of
from api.http.principal import CurrentMember
from api.http.problems import responses
from api.votes_effects import effect_json, effect_of
from governance.ballots import service as ballots
from governance.ballots.model import Ballot, Choice, Division, Support
from governance.delegation import service as delegation
from governance.mandates import service as mandates
from governance.programme_change import service as programme_change
from governance.proposals import export as exporting
from governance.proposals import model, reading
from governance.proposals import service as proposals
from governance.proposals.model import Proposal
from governance.recount import proposals as recount
from ledger.kernel.canonical import Json
from ledger.kernel.transaction import execute
from oracle.contracts.abi import Address, address

PROPOSALS_SHOWN_MAX: Final = 100
_VERIFIER: Final = Path(recount.__file__)

router = APIRouter(prefix="/v1", tags=["governance"])
Side = Literal["against", "for", "abstain", "divided"]
Signature = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{2,4096}$")]
Units = Annotated[str, Field(pattern=r"^[0-9]{1,39}$")]
_DIVISION: Final = r"^[0-9]{1,39},[0-9]{1,39},[0-9]{1,39}$"
ADDRESS_PATTERN: Final = r"^0x[0-9a-fA-F]{40}$"


def _composition(request: Request) -> Composition:
    return cast("Composition", parts_of(request))


def _governing(composition: Annotated[Composition, Depends(_composition)]) -> Governing:
    return governing_of(composition)


CompositionHere = Annotated[Composition, Depends(_composition)]
GoverningHere = Annotated[Governing, Depends(_governing)]


@dataclass(frozen=True, slots=True)
class Signer:
    """A member with a wallet, and the contracts that the signature is for."""

    governing: Governing
    member_id: UUID
    wallet: Address


def _signer(
    composition: CompositionHere, governing: GoverningHere, member: CurrentMember
) -> Signer:
    return Signer(governing, member, wallet_of(composition, member))


SignerHere = Annotated[Signer, Depends(_signer)]


class SignedDraftBody(DraftBody):
    """A draft with the signature over the message that was shown for it."""

    replaces: Annotated[str, Field(pattern=r"^0x[0-9a-f]{64}$")]
    deadline: Annotated[int, Field(ge=0, le=2**53)]
    signature: Signature


class DivisionBody(BaseModel):
    """Token units on each side, all of the voter's together."""

    model_config = ConfigDict(extra="forbid", strict=True)

    against: Units
    in_favour: Annotated[Units, Field(alias="for")]
    abstain: Units


class BallotBody(BaseModel):
    """A signed ballot; ``division`` goes with ``divided``."""

    model_config = ConfigDict(extra="forbid", strict=True)

    support: Side
    division: DivisionBody | None = None
    reason: str = ""
    nonce: Annotated[int, Field(ge=0, le=2**53)]
    signature: Signature


class DelegationBody(BaseModel):
    """A signed delegation."""

    model_config = ConfigDict(extra="forbid", strict=True)

    delegatee: Annotated[str, Field(pattern=ADDRESS_PATTERN)]
    nonce: Annotated[int, Field(ge=0, le=2**53)]
    expiry: Annotated[int, Field(ge=0, le=2**53)]
    signature: Signature


@router.get("/proposals", responses=responses(503))
def list_proposals(composition: CompositionHere) -> dict[str, Any]:
    """Proposals on the chain in use, newest first. Public."""
    with composition.database.read() as work:
        found = proposals.proposals(work, PROPOSALS_SHOWN_MAX)
    return {"data": [proposal_json(each) for each in found], "next_cursor": None}


@router.get("/proposals/{proposal_id}", responses=responses(404, 503))
def read_proposal(proposal_id: str, composition: CompositionHere) -> dict[str, Any]:
    """One proposal, its standing and, in ``effect``, what it would do, in points. Public."""
    with composition.database.read() as work:
        proposal = proposals.require_proposal(work, proposal_number(proposal_id))
        return {**proposal_json(proposal), "effect": effect_json(effect_of(work, proposal))}


@router.get("/programme-votes", responses=responses(503))
def list_programme_votes(composition: CompositionHere) -> dict[str, Any]:
    """Executed programme votes and what each did to the programme in force. Public."""
    with composition.database.read() as work:
        found = programme_change.programme_votes(work)
    return {"data": [vote_json(each) for each in found], "next_cursor": None}


@router.post("/mandate-orders", status_code=201, responses=responses(401, 409, 422, 503))
def store_order(
    document: Annotated[dict[str, Any], Body()], composition: CompositionHere, _: CurrentMember
) -> dict[str, Any]:
    """Keep the document of an order, so that a vote that names its hash can be carried out.

    A proposal that was made here has stored it; one that was made on chain may not have. Taken
    is exactly what a project or a budget here asks for.
    """
    hashed = execute(composition.database, mandates.store_order, document)
    return {"order": f"0x{hashed.hex()}"}


@router.get("/mandates", responses=responses(503))
def list_mandates(composition: CompositionHere) -> dict[str, Any]:
    """What executed votes ordered, and what became of each. Public."""
    with composition.database.read() as work:
        found = mandates.mandates(work)
    return {"data": [mandate_json(each) for each in found], "next_cursor": None}


@router.get("/voting-power", responses=responses(401, 404, 409, 503))
def voting_power(
    composition: CompositionHere, governing: GoverningHere, member: CurrentMember
) -> dict[str, Any]:
    """What the member's wallet may do now, and at which block that was read."""
    wallet = wallet_of(composition, member)
    return voter_json(reading.voter_facts(governing.chain, governing.contracts, wallet))


@router.post("/proposal-messages", responses=responses(400, 401, 404, 409, 415, 422, 503))
def proposal_message(
    body: DraftBody, composition: CompositionHere, governing: GoverningHere, member: CurrentMember
) -> dict[str, Any]:
    """What to sign in order to propose; nothing is kept."""
    head = reading.head_of(governing.chain)
    replaces = reading.programme_in_registry(governing.chain, governing.contracts, head)
    drafting = Drafting(composition, governing, wallet_of(composition, member), head)
    preview = drafting.preview_of(body)
    draft = drafting.of(body.model_copy(update={"preview": preview}), replaces).draft
    deadline = head.timestamp_s + model.SIGNATURE_LIFE_S
    return {
        "proposal": str(draft.proposal_id),
        "description": draft.description,
        "replaces": f"0x{replaces.hex()}",
        "preview": preview,
        "deadline": deadline,
        "typed_data": proposals.proposal_message(governing.contracts, draft, deadline).as_json(),
    }


@router.post("/proposals", status_code=201, responses=once_responses(404, 429))
def propose(
    body: SignedDraftBody, composition: CompositionHere, signer: SignerHere, once: OnceHere
) -> Response:
    """Take a signed proposal to the chain."""
    governing, contracts = signer.governing, signer.governing.contracts
    facts = reading.voter_facts(governing.chain, contracts, signer.wallet)
    drafted = Drafting(composition, governing, signer.wallet, facts.block).of(
        body, bytes.fromhex(body.replaces[2:])
    )
    draft, signature = drafted.draft, _bytes(body.signature)
    message = proposals.proposal_message(contracts, draft, body.deadline)
    proposals.check_signature(governing.chain, message, signer.wallet, signature, facts.block)
    command = proposals.SubmitProposal(
        signer.member_id, draft, body.deadline, signature, facts, contracts, drafted.order
    )

    def answer(proposal: Proposal) -> Json:
        call = proposals.propose_call(draft, body.deadline, signature)
        return {**proposal_json(proposal), "call": _call(contracts.governor, call)}

    return once(proposals.submit_proposal, command, render=answer)


@router.get("/proposals/{proposal_id}/export", responses=responses(404, 409, 503))
def export_proposal(
    proposal_id: str, composition: CompositionHere, governing: GoverningHere
) -> JSONResponse:
    """Everything that a stranger needs to count the proposal again with their own node. Public."""
    number = proposal_number(proposal_id)
    with composition.database.read() as work:
        found = exporting.export(work, governing.contracts, number)
    name = f'attachment; filename="proposal-{number}.json"'
    return JSONResponse(found, headers={"content-disposition": name})


@router.get("/proposal-verifier.py", response_class=PlainTextResponse, responses=responses())
def proposal_verifier() -> PlainTextResponse:
    """The program that counts an export again: one file, Python 3.11, nothing else. Public."""
    return PlainTextResponse(_VERIFIER.read_text("utf-8"), media_type="text/x-python")


def _asked_choice(
    support: Side,
    division: Annotated[str | None, Query(pattern=_DIVISION, examples=["0,60,40"])] = None,
) -> Choice:
    sides = None if division is None else [int(side) for side in division.split(",")]
    return Choice(Support[support.upper()], None if sides is None else Division(*sides))


@router.get("/proposals/{proposal_id}/ballot-message", responses=responses(401, 404, 409, 422, 503))
def ballot_message(
    proposal_id: str,
    choice: Annotated[Choice, Depends(_asked_choice)],
    composition: CompositionHere,
    signer: SignerHere,
    reason: Annotated[str, Query(max_length=500)] = "",
) -> dict[str, Any]:
    """What to sign in order to vote, and with what weight it will count; nothing is kept.

    With ``divided``, ``division`` is the token units against, for and abstaining.
    """
    number = proposal_number(proposal_id)
    with composition.database.read() as work:
        proposals.require_proposal(work, number)
    governing, contracts = signer.governing, signer.governing.contracts
    facts = reading.ballot_facts(governing.chain, contracts, number, signer.wallet)
    with composition.database.read() as work:
        nonce = ballots.next_nonce(work, signer.wallet, facts.nonce)
    message = ballots.ballot_message(
        contracts,
        number,
        choice,
        voter=signer.wallet,
        nonce=nonce,
        reason=reason,
    )
    return {
        "nonce": nonce,
        "weight": str(facts.weight.amount),
        "has_voted": facts.has_voted,
        "block_number": facts.block.number,
        "typed_data": message.as_json(),
    }


@router.post(
    "/proposals/{proposal_id}/ballots", status_code=201, responses=once_responses(404, 410, 429)
)
def cast_ballot(
    proposal_id: str,
    body: BallotBody,
    composition: CompositionHere,
    signer: SignerHere,
    once: OnceHere,
) -> Response:
    """Take a signed ballot; the relayer brings it on chain with the next batch."""
    number = proposal_number(proposal_id)
    with composition.database.read() as work:
        proposals.require_proposal(work, number)
    governing, contracts = signer.governing, signer.governing.contracts
    choice, signature = _choice(body), _bytes(body.signature)
    message = ballots.ballot_message(
        contracts, number, choice, voter=signer.wallet, nonce=body.nonce, reason=body.reason
    )
    facts = reading.ballot_facts(governing.chain, contracts, number, signer.wallet)
    proposals.check_signature(governing.chain, message, signer.wallet, signature, facts.block)
    command = ballots.CastBallot(
        signer.member_id, number, choice, body.reason, body.nonce, signature, facts
    )

    def answer(ballot: Ballot) -> Json:
        return {
            **ballot_json(ballot),
            "call": _call(contracts.governor, ballots.ballot_call(ballot)),
        }

    return once(ballots.cast, command, render=answer)


@router.get("/ballots", responses=responses(401, 503))
def my_ballots(composition: CompositionHere, member: CurrentMember) -> dict[str, Any]:
    """The ballots of whoever asks, newest first, each with how far it is."""
    with composition.database.read() as work:
        found = ballots.ballots_of(work, member)
    return {"data": [ballot_json(each) for each in found], "next_cursor": None}


@router.get("/delegation-message", responses=responses(401, 404, 409, 422, 503))
def delegation_message(
    composition: CompositionHere,
    governing: GoverningHere,
    member: CurrentMember,
    delegatee: Annotated[str | None, Query(pattern=ADDRESS_PATTERN)] = None,
) -> dict[str, Any]:
    """What to sign in order to delegate, to oneself unless said otherwise; nothing is kept."""
    wallet = wallet_of(composition, member)
    facts = reading.voter_facts(governing.chain, governing.contracts, wallet)
    to = wallet if delegatee is None else address(delegatee)
    expiry = facts.block.timestamp_s + delegation.SIGNATURE_LIFE_S
    message = delegation.delegation_message(governing.contracts, to, facts.delegation_nonce, expiry)
    return {
        "delegatee": to,
        "nonce": facts.delegation_nonce,
        "expiry": expiry,
        "typed_data": message.as_json(),
    }


@router.post("/delegations", status_code=201, responses=once_responses(404, 410, 429))
def delegate(body: DelegationBody, signer: SignerHere, once: OnceHere) -> Response:
    """Take a signed delegation to the token."""
    governing, contracts = signer.governing, signer.governing.contracts
    to, signature = address(body.delegatee), _bytes(body.signature)
    facts = reading.voter_facts(governing.chain, contracts, signer.wallet)
    message = delegation.delegation_message(contracts, to, body.nonce, body.expiry)
    proposals.check_signature(governing.chain, message, signer.wallet, signature, facts.block)
    command = delegation.Delegate(
        signer.member_id, to, body.expiry, body.nonce, signature, facts, contracts
    )

    def answer(made: delegation.Delegation) -> Json:
        call = delegation.delegate_call(to, body.nonce, body.expiry, signature)
        return {**delegation_json(made), "call": _call(contracts.token, call)}

    return once(delegation.delegate, command, render=answer)


@router.get("/delegations", responses=responses(401, 503))
def my_delegations(composition: CompositionHere, member: CurrentMember) -> dict[str, Any]:
    """The delegations that whoever asks had us carry, newest first."""
    with composition.database.read() as work:
        found = delegation.delegations_of(work, member)
    return {"data": [delegation_json(each) for each in found], "next_cursor": None}


def _choice(body: BallotBody) -> Choice:
    told = body.division
    division = None
    if told is not None:
        division = Division(int(told.against), int(told.in_favour), int(told.abstain))
    return Choice(Support[body.support.upper()], division)


def _bytes(signature: str) -> bytes:
    digits = signature[2:]
    return bytes.fromhex(digits if len(digits) % 2 == 0 else digits + "0")


def _call(to: Address, calldata: bytes) -> Json:
    return {"to": to, "data": f"0x{calldata.hex()}"}
