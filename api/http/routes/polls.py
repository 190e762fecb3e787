"""``/v1/polls``: signal polls, ballots by device key, wallet or session, receipts, exports.

What is public shows no choice before a poll is counted: announcements, and of each ballot a salted
hash. A voter's own part is under ``/mine``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from api import polling
from api.composition import Composition
from api.governing import governing_of, wallet_of
from api.http.idempotency import OnceHere, once_responses
from api.http.pagination import PageHere
from api.http.parts import parts_of
from api.http.principal import CurrentMember, limit_by_address
from api.http.problems import responses
from governance.polls import ballots_store, service, store, voting
from governance.polls.counting import Method
from governance.polls.errors import NotEligible
from governance.polls.model import (
    CREDITS_MAX,
    KEY_PREFIX,
    OPTIONS_MAX,
    PREFIX,
    STANDING_MAX,
    Ballot,
    Poll,
    Weighing,
)
from governance.polls.service import AnnouncePoll, WithdrawPoll, require_poll
from governance.polls.voting import ByDevice, ByWallet, CastPollBallot, RegisterKey, RevokeKey
from governance.recount import polls as recount
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id, parse_id

router: Final = APIRouter(prefix="/v1/polls", tags=["polls"])

REGISTER_LIMIT: Final = 1_000
VOTES_MAX: Final = 10**6
_VERIFIER: Final = Path(recount.__file__)


def _composition(request: Request) -> Composition:
    return cast("Composition", parts_of(request))


CompositionHere = Annotated[Composition, Depends(_composition)]
ByAddress = Depends(limit_by_address)
Hex32 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
DeviceKeyHex = Annotated[str, Field(pattern=r"^[0-9a-f]{130}$")]
DeviceSignature = Annotated[str, Field(pattern=r"^[0-9a-f]{128}$")]
WalletSignature = Annotated[str, Field(pattern=r"^0x(?:[0-9a-fA-F]{2}){1,2048}$")]
Choice = Annotated[list[Annotated[int, Field(ge=0, le=VOTES_MAX)]], Field(max_length=OPTIONS_MAX)]
Version = Annotated[int, Field(ge=1, le=32_000)]


class PollBody(BaseModel):
    """A poll to announce. Without ``opens_at`` it opens at once."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, Field(max_length=400)]
    body: Annotated[str, Field(max_length=20_000)] = ""
    options: Annotated[
        list[Annotated[str, Field(max_length=400)]], Field(max_length=2 * OPTIONS_MAX)
    ]
    method: Method
    weighing: Weighing
    credits: Annotated[int, Field(strict=True, ge=1, le=CREDITS_MAX)] | None = None
    standing_min: Annotated[int, Field(strict=True, ge=0, le=STANDING_MAX)] = 0
    opens_at: AwareDatetime | None = None
    closes_at: AwareDatetime


class KeyBody(BaseModel):
    """A device key and its own signature that it is this voter's."""

    model_config = ConfigDict(extra="forbid", strict=True)

    public_key: DeviceKeyHex
    proof: DeviceSignature


class SaidBody(BaseModel):
    """A choice: numbers of options, or in quadratic counting votes for each."""

    model_config = ConfigDict(extra="forbid", strict=True)

    choice: Choice
    version: Version
    salt: Hex32

    def command(
        self, poll_id: UUID, member_id: UUID, signed: ByDevice | ByWallet | None
    ) -> CastPollBallot:
        """The ballot asked for."""
        salt = bytes.fromhex(self.salt)
        return CastPollBallot(poll_id, member_id, tuple(self.choice), self.version, salt, signed)


class DeviceSigned(BaseModel):
    """Signed by a registered device key."""

    model_config = ConfigDict(extra="forbid", strict=True)

    by: Literal["device"]
    public_key: DeviceKeyHex
    signature: DeviceSignature


class WalletSigned(BaseModel):
    """Signed by the linked wallet, over what ``ballot-messages`` showed."""

    model_config = ConfigDict(extra="forbid", strict=True)

    by: Literal["wallet"]
    signature: WalletSignature


class BallotBody(SaidBody):
    """A ballot; with ``signed`` null it is counted apart, as unsigned."""

    signed: Annotated[DeviceSigned | WalletSigned, Field(discriminator="by")] | None = None


@router.get("", responses=responses(400, 429, 503), dependencies=[ByAddress])
def list_polls(page: PageHere, composition: CompositionHere) -> JSONResponse:
    """Polls, the newest first. Public."""
    before = None if page.after is None else UUID(str(page.after[0]))
    with composition.database.read() as work:
        found = store.page(work, before, page.fetch)
        return page.answer(
            found,
            key=lambda poll: [str(poll.poll_id)],
            render=lambda poll: polling.poll_json(poll, work),
        )


@router.post("", status_code=201, responses=once_responses(404))
def announce(
    body: PollBody, composition: CompositionHere, member_id: CurrentMember, once: OnceHere
) -> Response:
    """Announce a poll: an admin, or a member of enough standing. Who votes is fixed now."""
    command = AnnouncePoll(
        author_id=member_id,
        title=body.title,
        body=body.body,
        options=body.options,
        method=body.method,
        weighing=body.weighing,
        credits=body.credits,
        standing_min=body.standing_min,
        opens_at=body.opens_at,
        closes_at=body.closes_at,
        holdings=polling.holdings_of(composition, body.weighing),
    )
    return once(service.announce, command, render=_announced)


@router.get(
    "/verifier.py",
    response_class=PlainTextResponse,
    responses=responses(429),
    dependencies=[ByAddress],
)
def verifier_file() -> PlainTextResponse:
    """The program that recounts polls and checks receipts: one file, Python 3.11, nothing else."""
    return PlainTextResponse(_VERIFIER.read_text("utf-8"), media_type="text/x-python")


@router.get("/{poll_id}", responses=responses(404, 429, 503), dependencies=[ByAddress])
def read_poll(poll_id: str, composition: CompositionHere) -> dict[str, Any]:
    """One poll; its result once it is counted. Public."""
    with composition.database.read() as work:
        poll = require_poll(work, parse_id(PREFIX, poll_id))
        return polling.poll_json(poll, work)


@router.post("/{poll_id}/withdraw", responses=once_responses(404, 410))
def withdraw(poll_id: str, member_id: CurrentMember, once: OnceHere) -> Response:
    """Let a poll not take place, before it opens: its author, or an admin."""
    command = WithdrawPoll(parse_id(PREFIX, poll_id), member_id)
    return once(service.withdraw, command, render=_announced, status=200)


@router.get("/{poll_id}/opening", responses=responses(404, 429, 503), dependencies=[ByAddress])
def opening(poll_id: str, composition: CompositionHere) -> JSONResponse:
    """The announcement with who votes (as a root), signed: a file to keep. Public."""
    with composition.database.read() as work:
        found = polling.opening_file(composition, work, parse_id(PREFIX, poll_id))
    return _file(found, f"vklad-poll-opening-{poll_id}.json")


@router.get(
    "/{poll_id}/register", responses=responses(404, 422, 429, 503), dependencies=[ByAddress]
)
def register(
    poll_id: str, composition: CompositionHere, after: Annotated[int, Query(ge=0, le=2**31)] = 0
) -> dict[str, Any]:
    """Of each ballot cast so far a salted hash, and the register's head with it. Public."""
    number = parse_id(PREFIX, poll_id)
    with composition.database.read() as work:
        require_poll(work, number)
        found = ballots_store.commitments(work, number, after, REGISTER_LIMIT)
    return {
        "data": [
            {"number": one, "commitment": commitment.hex(), "register_head": head.hex()}
            for one, commitment, head in found
        ]
    }


@router.get("/{poll_id}/export", responses=responses(404, 409, 429, 503), dependencies=[ByAddress])
def export(poll_id: str, composition: CompositionHere) -> JSONResponse:
    """Everything that a recount needs, once the poll is counted. Public."""
    with composition.database.read() as work:
        found = polling.export_file(composition, work, parse_id(PREFIX, poll_id))
    return _file(found, f"vklad-poll-{poll_id}.json")


@router.get("/{poll_id}/mine", responses=responses(401, 403, 404, 503))
def mine(poll_id: str, composition: CompositionHere, member_id: CurrentMember) -> dict[str, Any]:
    """As whom I vote, with what weight, by which keys, and what I said."""
    number = parse_id(PREFIX, poll_id)
    with composition.database.read() as work:
        poll = require_poll(work, number)
        part = voting.my_part(work, number, member_id)
    if part is None:
        raise NotEligible("You were not among those who vote when this poll was announced.")
    return polling.part_json(poll, part)


@router.get("/{poll_id}/receipt", responses=responses(401, 403, 404, 503))
def receipt(poll_id: str, composition: CompositionHere, member_id: CurrentMember) -> JSONResponse:
    """My receipt: a file to keep and to check offline. It shows how I voted to whoever has it."""
    with composition.database.read() as work:
        found = polling.receipt_file(composition, work, parse_id(PREFIX, poll_id), member_id)
    return _file(found, f"vklad-receipt-{poll_id}.json")


@router.post("/{poll_id}/keys", status_code=201, responses=once_responses(404, 410))
def register_key(poll_id: str, body: KeyBody, member_id: CurrentMember, once: OnceHere) -> Response:
    """Let a key of my browser sign my ballots in this poll."""
    public_key, proof = bytes.fromhex(body.public_key), bytes.fromhex(body.proof)
    command = RegisterKey(parse_id(PREFIX, poll_id), member_id, public_key, proof)
    return once(
        voting.register_key, command, render=lambda key: {"id": format_id(KEY_PREFIX, key.key_id)}
    )


@router.post("/{poll_id}/keys/{key_id}/revoke", responses=once_responses(404))
def revoke_key(poll_id: str, key_id: str, member_id: CurrentMember, once: OnceHere) -> Response:
    """Take no more ballots of a key; what it signed stays until another ballot replaces it."""
    command = RevokeKey(parse_id(PREFIX, poll_id), member_id, parse_id(KEY_PREFIX, key_id))
    return once(voting.revoke_key, command, render=lambda _: {"revoked": True}, status=200)


@router.post(
    "/{poll_id}/ballot-messages", responses=responses(400, 401, 403, 404, 409, 415, 422, 503)
)
def ballot_message(
    poll_id: str, body: SaidBody, composition: CompositionHere, member_id: CurrentMember
) -> dict[str, Any]:
    """What my wallet signs for this choice; nothing is kept."""
    wallet_of(composition, member_id)
    governing = governing_of(composition)
    command = body.command(parse_id(PREFIX, poll_id), member_id, None)
    with composition.database.read() as work:
        message = polling.wallet_message(work, governing, command)
    return {"typed_data": message.as_json()}


@router.post("/{poll_id}/ballots", status_code=201, responses=once_responses(404, 410))
def cast_ballot(
    poll_id: str,
    body: BallotBody,
    composition: CompositionHere,
    member_id: CurrentMember,
    once: OnceHere,
) -> Response:
    """Vote, or change the vote: the last ballot counts. The answer acknowledges it."""
    number = parse_id(PREFIX, poll_id)
    command = body.command(number, member_id, _signed(body, number, composition, member_id))
    with composition.database.read() as work:
        poll = require_poll(work, number)
    return once(
        voting.cast,
        command,
        render=lambda ballot: _cast(composition, poll, ballot),
    )


def _signed(
    body: BallotBody, poll_id: UUID, composition: Composition, member_id: UUID
) -> ByDevice | ByWallet | None:
    signed = body.signed
    if signed is None:
        return None
    if isinstance(signed, DeviceSigned):
        return ByDevice(bytes.fromhex(signed.public_key), bytes.fromhex(signed.signature))
    wallet, governing = wallet_of(composition, member_id), governing_of(composition)
    with composition.database.read() as work:
        message = polling.wallet_message(work, governing, body.command(poll_id, member_id, None))
    signature = bytes.fromhex(signed.signature[2:])
    return polling.signed_by_wallet(governing, message, wallet, signature)


def _cast(composition: Composition, poll: Poll, ballot: Ballot) -> Json:
    return {
        "version": ballot.version,
        "kind": ballot.kind.value,
        **polling.acknowledged(composition, poll, ballot),
    }


def _announced(poll: Poll) -> Json:
    return {
        "id": format_id(PREFIX, poll.poll_id),
        "opening": poll.opening.document(),
        "withdrawn_at": (
            None if poll.withdrawn_at is None else Instant.of(poll.withdrawn_at).isoformat()
        ),
    }


def _file(document: dict[str, Json], name: str) -> JSONResponse:
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return JSONResponse(document, headers=disposition)
