"""``/v1/identities`` and ``/v1/wallet``: what a member links, with proof from both sides."""

from __future__ import annotations

from typing import Annotated, Final, Protocol, cast

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth.identity_links import (
    TOKEN_LENGTH_MAX,
    LinkByProof,
    LinkProof,
    link_by_proof,
    open_link_source,
    read_link,
)
from api.auth.model import secret_digest
from api.auth.siwe import MESSAGE_LENGTH_MAX
from api.auth.wallet_place import ChainOff, LazyWalletPlace, WalletPlace
from api.auth.wallets import (
    ChallengeWallet,
    ProveWallet,
    challenge_wallet,
    link_proved_wallet,
    prove_wallet,
)
from api.chain import open_chain
from api.http.parts import DatabaseHere, PartsHere, parts_of
from api.http.principal import CurrentMember, PrincipalHere
from api.http.problems import responses
from api.settings import ChainSwitch
from api.supervisor.state import StateFolder
from api.webhooks.secret_box import FernetBox
from ledger.events.sources.model import SecretBox
from ledger.kernel.canonical import Json
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Database, execute
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.model import LinkedIdentity, UnlinkIdentity
from ledger.wallets import service as wallets
from ledger.wallets.model import NoWallet

router: Final = APIRouter(tags=["linking"])

_UNLINK_PROOF: Final = "session"


class _ChainParts(Protocol):
    @property
    def state(self) -> StateFolder: ...


class LinkBody(BaseModel):
    """The token of a signed link."""

    model_config = ConfigDict(extra="forbid")

    token: Annotated[str, Field(max_length=TOKEN_LENGTH_MAX)]


class AddressBody(BaseModel):
    """The wallet to link."""

    model_config = ConfigDict(extra="forbid")

    address: Annotated[str, Field(max_length=64)]


class SignedBody(BaseModel):
    """The message as it was signed, and the signature in hex."""

    model_config = ConfigDict(extra="forbid")

    message: Annotated[str, Field(max_length=MESSAGE_LENGTH_MAX)]
    signature: Annotated[str, Field(max_length=9_000)]


def secret_box_of(request: Request) -> SecretBox:
    """What unseals sources' secrets."""
    return FernetBox(parts_of(request).secret)


def wallet_place_of(request: Request, parts: PartsHere) -> WalletPlace:
    """Where wallets are linked.

    Raises:
        ChainOff: nowhere.
        ChainUnavailable: the chain has not told its id yet.
    """
    if parts.settings.chain is ChainSwitch.OFF:
        raise ChainOff("This installation has no chain, so there is no wallet to link.")
    kept: LazyWalletPlace | None = getattr(request.app.state, "wallet_place", None)
    if kept is None:
        chain = open_chain(parts.settings, cast("_ChainParts", parts).state)
        kept = request.app.state.wallet_place = LazyWalletPlace(parts.settings.origin, chain)
    return kept.get()


SecretBoxHere = Annotated[SecretBox, Depends(secret_box_of)]
WalletPlaceHere = Annotated[WalletPlace, Depends(wallet_place_of)]


def session_of(principal: PrincipalHere) -> bytes:
    """What a wallet's nonce is bound to: the session, or the person where there is none."""
    return principal.session_digest or secret_digest(principal.key)


SessionDigest = Annotated[bytes, Depends(session_of)]


@router.get("/v1/members/me/identities", responses=responses(401, 403, 503))
def list_identities(member_id: CurrentMember, database: DatabaseHere) -> JSONResponse:
    """What is linked to the member who asks."""
    with database.read() as work:
        found = members_store.identities_of_member(work, member_id)
    return JSONResponse({"data": [_identity_json(one) for one in found], "next_cursor": None})


@router.post(
    "/v1/identities", status_code=201, responses=responses(401, 403, 404, 409, 410, 415, 422, 503)
)
def link(
    body: LinkBody,
    parts: PartsHere,
    member_id: CurrentMember,
    box: SecretBoxHere,
) -> JSONResponse:
    """Link the account that a signed link names. The token works once."""
    proof = read_proof(parts.database, box, body.token, parts.settings.origin)
    reference = execute(parts.database, link_by_proof, LinkByProof(member_id, proof))
    return JSONResponse({"id": format_id("idn", reference)}, 201)


@router.delete(
    "/v1/identities/{identity_id}", status_code=204, responses=responses(401, 403, 404, 409, 503)
)
def unlink(identity_id: str, member_id: CurrentMember, database: DatabaseHere) -> Response:
    """Unlink one; what it earned is parked until it is linked again."""
    reference = parse_id("idn", identity_id)
    command = UnlinkIdentity(member_id, reference, _UNLINK_PROOF)
    execute(database, members.unlink_identity, command)
    return Response(status_code=204)


@router.post(
    "/v1/wallet/challenge", status_code=201, responses=responses(401, 403, 404, 415, 422, 503)
)
def challenge(
    body: AddressBody,
    member_id: CurrentMember,
    session: SessionDigest,
    place: WalletPlaceHere,
    database: DatabaseHere,
) -> JSONResponse:
    """A message (EIP-4361) for the wallet to sign, good for ten minutes in this session."""
    command = ChallengeWallet(member_id, session, body.address, place.place)
    made = execute(database, challenge_wallet, command)
    return JSONResponse(
        {"message": made.message, "nonce": made.nonce, "expires_at": made.expires_at.isoformat()},
        201,
    )


@router.put("/v1/wallet", responses=responses(401, 403, 404, 409, 410, 415, 422, 503))
def link_wallet(
    body: SignedBody,
    member_id: CurrentMember,
    session: SessionDigest,
    place: WalletPlaceHere,
    database: DatabaseHere,
) -> JSONResponse:
    """Link the wallet that signed the message."""
    command = ProveWallet(member_id, session, place.place, body.message, body.signature)
    proved = prove_wallet(command, place.contracts)
    wallet = execute(database, link_proved_wallet, proved)
    return JSONResponse({"address": wallet.address, "linked_at": wallet.linked_at.isoformat()})


@router.get("/v1/wallet", responses=responses(401, 403, 404, 503))
def wallet(member_id: CurrentMember, database: DatabaseHere) -> JSONResponse:
    """The member's wallet."""
    with database.read() as work:
        address = wallets.wallet_of(work, member_id)
    if address is None:
        raise NoWallet("You have no wallet linked.")
    return JSONResponse({"address": address})


@router.delete("/v1/wallet", status_code=204, responses=responses(401, 403, 404, 503))
def unlink_wallet(member_id: CurrentMember, database: DatabaseHere) -> Response:
    """Unlink the wallet. Tokens in it stay where they are."""
    execute(database, wallets.unlink_wallet, member_id)
    return Response(status_code=204)


def read_proof(database: Database, box: SecretBox, token: str, origin: str) -> LinkProof:
    """What a signed link says, checked with its source's secrets."""
    with database.read() as work:
        opened = open_link_source(work, token, box=box)
        return read_link(token, opened, audience=origin, now=work.now)


def _identity_json(identity: LinkedIdentity) -> dict[str, Json]:
    key = identity.key
    return {
        "id": format_id("idn", identity.reference),
        "provider": None if key is None else key.provider,
        "issuer": None if key is None else key.issuer,
        "subject": None if key is None else key.subject,
        "proof": identity.proof_kind,
        "linked_at": identity.linked_at.isoformat().replace("+00:00", "Z"),
    }
