"""Permits of a member's tokens by signature: what is to be signed, and taking what was signed."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.composition import Composition
from api.governing import governing_of
from api.http.idempotency import OnceHere, once_responses
from api.http.principal import CurrentMember
from api.http.problems import responses
from api.http.routes.governance import CompositionHere, SignerHere
from governance.permits import reading
from governance.permits import service as permits
from governance.permits.reading import Allowed
from governance.permits.service import Allowance, CarriedPermit
from governance.proposals.reading import voter_facts
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.ids import format_id
from ledger.kernel.units import TokenUnits
from oracle.contracts.abi import Address, address

PREFIX: Final = "prm"
UNITS_MAX: Final = 2**256 - 1

router = APIRouter(prefix="/v1", tags=["governance"])
Account = Annotated[str, Field(pattern=r"^0x[0-9a-fA-F]{40}$")]
Units = Annotated[str, Field(pattern=r"^[0-9]{1,78}$")]


class PermitBody(BaseModel):
    """A signed permit; ``units`` are token units, none of them takes a permit back."""

    model_config = ConfigDict(extra="forbid", strict=True)

    spender: Account
    units: Units
    nonce: Annotated[int, Field(ge=0, le=2**53)]
    deadline: Annotated[int, Field(ge=0, le=2**53)]
    signature: Annotated[str, Field(pattern=r"^0x(?:[0-9a-fA-F]{2}){1,2048}$")]


@router.get("/permit-message", responses=responses(401, 404, 409, 422, 503))
def permit_message(
    signer: SignerHere,
    spender: Annotated[str, Query(pattern=r"^0x[0-9a-fA-F]{40}$")],
    units: Annotated[str, Query(pattern=r"^[0-9]{1,78}$")],
) -> dict[str, Any]:
    """What to sign so that another account may move so many token units; nothing is kept."""
    governing = signer.governing
    facts = voter_facts(governing.chain, governing.contracts, signer.wallet)
    allowance = _allowance(signer.wallet, spender, units)
    deadline = facts.block.timestamp_s + permits.SIGNATURE_LIFE_S
    message = permits.permit_message(
        governing.contracts, allowance, facts.delegation_nonce, deadline
    )
    return {
        "spender": allowance.spender,
        "units": str(allowance.units.amount),
        "nonce": facts.delegation_nonce,
        "deadline": deadline,
        "typed_data": message.as_json(),
    }


@router.post("/permits", status_code=201, responses=once_responses(404, 410, 429))
def permit(body: PermitBody, signer: SignerHere, once: OnceHere) -> Response:
    """Take a signed permit to the token."""
    governing, contracts = signer.governing, signer.governing.contracts
    allowance = _allowance(signer.wallet, body.spender, body.units)
    signature = bytes.fromhex(body.signature[2:])
    facts = voter_facts(governing.chain, contracts, signer.wallet)
    command = permits.Permit(
        signer.member_id, allowance, body.deadline, body.nonce, signature, facts, contracts
    )

    def answer(made: CarriedPermit) -> Json:
        call = permits.permit_call(allowance, body.deadline, signature)
        return {**permit_json(made), "call": {"to": contracts.token, "data": f"0x{call.hex()}"}}

    return once(permits.permit, command, render=answer)


@router.get("/permits", responses=responses(401, 503))
def my_permits(composition: CompositionHere, member: CurrentMember) -> dict[str, Any]:
    """What whoever asks had us carry, newest first, and what those accounts may move now."""
    with composition.database.read() as work:
        found = permits.permits_of(work, member)
    shown, now = as_they_stand(composition, found)
    return {
        "data": [{**permit_json(each), "allowed_now": _units_now(each, now)} for each in shown],
        "next_cursor": None,
    }


def as_they_stand(
    composition: Composition, found: list[CarriedPermit]
) -> tuple[list[CarriedPermit], Allowed | None]:
    """With what the token allows now; as we know them, and none, while it cannot be asked."""
    if not found:
        return found, Allowed({}, {})
    if not composition.chain_is_on:
        return found, None
    try:
        governing = governing_of(composition)
        now = reading.allowed_now(governing.chain, governing.contracts, found)
    except VkladError as error:
        if error.kind is not ErrorKind.UNAVAILABLE:
            raise
        return found, None
    return reading.as_they_stand(found, now), now


def permit_json(permit: CarriedPermit) -> dict[str, Json]:
    """A permit that a member asked for."""
    return {
        "id": format_id(PREFIX, permit.permit_id),
        "owner": permit.allowance.owner,
        "spender": permit.allowance.spender,
        "units": str(permit.allowance.units.amount),
        "state": permit.state,
        "failure": permit.failure,
        "received_at": Instant.of(permit.received_at).isoformat(),
    }


def _units_now(permit: CarriedPermit, now: Allowed | None) -> str | None:
    if now is None:
        return None
    return str(now.units[permit.allowance.owner, permit.allowance.spender].amount)


def _allowance(owner: Address, spender: str, units: str) -> Allowance:
    if int(units) > UNITS_MAX:
        raise permits.PermitRefused("A permit is of 0 to 2^256 - 1 token units.", field="units")
    return Allowance(owner, address(spender), TokenUnits(int(units)))
