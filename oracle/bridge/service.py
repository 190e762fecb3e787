"""What members and admins ask of the bridge. Nothing here speaks to a node.

Points move to escrow in the journal before anything else happens, so a lost or reorganised
transaction changes nothing off the chain.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ledger.consents.model import Purpose
from ledger.consents.service import require_allowed
from ledger.journal import service as journal
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.model import MoveToEscrow
from ledger.members import service as members
from ledger.members.model import MemberNotActive, MemberStatus
from ledger.members.persons import store as persons
from ledger.wallets import service as wallets
from ledger.wallets.model import NoWallet
from oracle.bridge import commands, redeeming_store, store
from oracle.bridge.errors import (
    ReferenceUsed,
    SignatureOfAnother,
    TooManyReferences,
    TooManyRelays,
    UnknownReference,
    UnknownRequest,
)
from oracle.bridge.model import (
    BridgePolicy,
    Redemption,
    RedemptionStage,
    Reference,
    Request,
    RequestState,
    Stage,
    chain_words,
    check_points,
    check_recipient,
    recipient_digest,
    stage,
)
from oracle.bridge.stops import require_open
from oracle.bridge.terms import limits_now
from oracle.chain import typed_data
from oracle.contracts.abi import Address, address
from oracle.indexer import store as indexer_store
from oracle.indexer.model import KnownChain
from oracle.sender import service as sender
from oracle.sender.model import IntentState, NoChainYet

PREFIX: Final = "brg"
"""Of a request's id at the edges."""
REFERENCES_OPEN_MAX: Final = 20
RELAYS_PER_DAY_MAX: Final = 10
"""Redemptions by signature whose gas we pay for one member within 24 hours."""


@dataclass(frozen=True, slots=True)
class RequestTokens:
    """Carry points of a member to the member's wallet."""

    member_id: UUID
    points: Points


@dataclass(frozen=True, slots=True)
class MakeReference:
    """Ask under which words burnt tokens will be this member's points.

    ``holder_nonce`` is the holder's next nonce at the bridge contract, as fetched just now.
    """

    member_id: UUID
    points: Points
    holder_nonce: int


@dataclass(frozen=True, slots=True)
class RelaySignature:
    """Send a redemption that the holder signed; we pay the gas.

    ``contract_wallet_agrees``: a wallet with code was asked just now and stands by it (ERC-1271).
    """

    member_id: UUID
    reference: bytes
    signature: bytes
    contract_wallet_agrees: bool = False


@dataclass(frozen=True, slots=True)
class StageOfRequest:
    """A request and how far it is, for showing; ``reason``: why its points come back."""

    request: Request
    stage: Stage
    executable_at: datetime | None
    expires_at: datetime | None
    batch_sequence: int | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class StageOfRedemption:
    """A redemption asked for and how far it is, for showing."""

    reference: Reference
    stage: RedemptionStage
    burn: Redemption | None
    failure: str | None


@dataclass(frozen=True, slots=True)
class Bridging:
    """The use cases with what they need to know: the school's policy and the two addresses."""

    policy: BridgePolicy
    bridge: Address
    token: Address

    def request(self, work: Work, command: RequestTokens) -> Request:
        """Move a member's points to escrow, and have tokens made for them.

        Raises:
            BridgeStopped: nothing is carried over now.
            MemberNotActive: the member is blocked or erased.
            ConsentNeeded: the member is under age, and nobody has consented.
            NoWallet: the member has linked none.
            RequestOutOfBounds: fewer or more points than one request may carry.
            RecipientRefused: the wallet is one the token refuses.
            InsufficientPoints, DebtOpen: see ``ledger.lots``.
        """
        require_open(work)
        known = require_chain(work)
        policy = limits_now(work, self.policy)
        check_points(command.points, policy)
        wallet = _wallet_to_mint_to(work, command.member_id)
        check_recipient(wallet, (self.bridge, self.token))
        request_id = work.ids.new(work.now)
        salt = hashlib.sha256(work.ids.secret().encode()).digest()
        words = chain_words(known.identity.chain_id, self.bridge, known.identity.genesis_hash)
        claim = MoveToEscrow(
            claim_id=request_id,
            member_id=command.member_id,
            amount=command.points,
            at=work.now,
            active_before=work.now - policy.refund_window,
            why={
                "bridge_request": format_id(PREFIX, request_id),
                "recipient_digest": recipient_digest(wallet, salt),
                "chain": words,
            },
        )
        entry_id, position = _move_to_escrow(work, claim)
        request = Request(
            request_id=request_id,
            chain_key=known.chain_key,
            member_id=command.member_id,
            wallet=wallet,
            points=command.points,
            salt=salt,
            entry_id=entry_id,
            journal_sequence=position,
            state=RequestState.ESCROWED,
            batch_id=None,
            created_at=work.now,
        )
        store.insert_request(work, request)
        return request

    def make_reference(self, work: Work, command: MakeReference) -> Reference:
        """A one-time reference for a redemption of the member's wallet.

        Raises:
            MemberNotActive: the member is blocked or erased.
            NoWallet: the member has linked none.
            TooManyReferences: many are open.
        """
        known = require_chain(work)
        _require_active(work, command.member_id)
        wallet = _require_wallet(work, command.member_id)
        newest = redeeming_store.references_of_member(work, command.member_id, REFERENCES_OPEN_MAX)
        if len(newest) == REFERENCES_OPEN_MAX and (
            work.now - newest[-1].created_at < self.policy.redeem_lifetime
        ):
            raise TooManyReferences(
                f"{REFERENCES_OPEN_MAX} references were made within "
                f"{self.policy.redeem_lifetime}. Use one of them, or wait.",
                references_max=REFERENCES_OPEN_MAX,
            )
        reference = Reference(
            reference=hashlib.sha256(work.ids.secret().encode()).digest(),
            chain_key=known.chain_key,
            member_id=command.member_id,
            holder=wallet,
            points=command.points,
            holder_nonce=command.holder_nonce,
            deadline_s=int((work.now + self.policy.redeem_lifetime).timestamp()),
            created_at=work.now,
        )
        redeeming_store.insert_reference(work, reference)
        return reference

    def redemption_message(self, work: Work, reference: Reference) -> typed_data.TypedData:
        """What the holder signs so that we may send the redemption."""
        known = require_chain(work)
        return typed_data.redemption(
            typed_data.Domain(typed_data.BRIDGE_NAME, known.identity.chain_id, self.bridge),
            holder=address(reference.holder),
            amount=reference.points.to_token_units(),
            reference=reference.reference,
            nonce=reference.holder_nonce,
            deadline_s=reference.deadline_s,
        )

    def relay(self, work: Work, command: RelaySignature) -> str:
        """Queue the signed redemption; the key of the sender's intent.

        Raises:
            UnknownReference: not one of this member's.
            ReferenceUsed: it has served.
            TooManyRelays: the gas of this member's redemptions is used up for a day.
            SignatureOfAnother: not the holder's.
            MalformedSignature: no signature at all.
        """
        reference = require_reference(work, command.member_id, command.reference)
        if redeeming_store.credited_under(work, reference.reference) is not None:
            raise ReferenceUsed("This reference has served. Ask for another one.")
        holder = address(reference.holder)
        if not command.contract_wallet_agrees:
            message = self.redemption_message(work, reference)
            if typed_data.signer_of(message, command.signature) != holder:
                raise SignatureOfAnother(
                    f"The redemption has to be signed by {holder}.", holder=holder
                )
        key = commands.redeem_key(
            reference.reference, hashlib.sha256(command.signature).hexdigest()[:16]
        )
        if sender.outcome(work, key) is None:
            _require_relays_left(work, command.member_id)
        sender.submit(work, commands.redeem(key, reference, self.bridge, command.signature))
        redeeming_store.set_relay_key(work, reference.reference, key)
        return key


def find_request(work: Work, member_id: UUID | None, request_id: UUID) -> StageOfRequest:
    """One request; of this member only, unless ``None``.

    Raises:
        UnknownRequest: there is none, or it is another's.
    """
    found = store.find_request(work, request_id)
    if found is None or member_id not in (None, found.member_id):
        text = format_id(PREFIX, request_id)
        raise UnknownRequest(f"There is no bridge request {text}.", request_id=text)
    return staged(work, found)


def list_requests(
    work: Work, member_id: UUID, *, before: UUID | None, limit: int
) -> list[StageOfRequest]:
    """A member's requests, newest first."""
    found = store.requests_of_member(work, member_id, before=before, limit=limit)
    return [staged(work, request) for request in found]


def staged(work: Work, request: Request) -> StageOfRequest:
    """A request with what its batch says of it."""
    batch = store.find_batch(work, request.batch_id) if request.batch_id else None
    reached = stage(request, batch, work.now)
    reason = store.return_reason(work, request.request_id)
    if batch is not None and reached is Stage.RETURNING:
        reason = batch.state.value
    return StageOfRequest(
        request,
        reached,
        batch.executable_at if batch else None,
        batch.expires_at if batch else None,
        batch.sequence if batch else None,
        reason,
    )


def require_reference(work: Work, member_id: UUID, reference: bytes) -> Reference:
    """A member's own reference on the chain in use.

    Raises:
        UnknownReference: there is none, or it is another's.
    """
    found = redeeming_store.find_reference(work, reference)
    known = require_chain(work)
    owner = None if found is None else persons.person_of(work, found.member_id)
    if found is None or owner != member_id or found.chain_key != known.chain_key:
        raise UnknownReference(
            f"You have no redemption reference 0x{reference.hex()[:16]}….",
            reference=f"0x{reference.hex()}",
        )
    return found


def redemption_stage(work: Work, reference: Reference) -> StageOfRedemption:
    """How far a redemption is that a member asked for."""
    burn = redeeming_store.burnt_under(work, reference)
    sent = sender.outcome(work, reference.relay_key) if reference.relay_key else None
    return StageOfRedemption(
        reference,
        _stage_of_redemption(reference, burn, sent, int(work.now.timestamp())),
        burn,
        sent.failure if sent else None,
    )


def _stage_of_redemption(
    reference: Reference,
    burn: Redemption | None,
    sent: sender.IntentOutcome | None,
    now_s: int,
) -> RedemptionStage:
    if burn is not None:
        return RedemptionStage(burn.state.value)
    if sent is None:
        return RedemptionStage.LAPSED if now_s > reference.deadline_s else RedemptionStage.OPEN
    if sent.state is IntentState.FAILED:
        return RedemptionStage.REFUSED
    final = sent.state in {IntentState.MINED, IntentState.FINALIZED}
    return RedemptionStage.BURNT if final else RedemptionStage.SENDING


def require_chain(work: Work) -> KnownChain:
    """The chain in use.

    Raises:
        NoChainYet: there is none.
    """
    known = indexer_store.chain_in_use(work)
    if known is None:
        raise NoChainYet("No chain is known yet; the bridge opens when the indexer has seen one.")
    return known


def _move_to_escrow(work: Work, claim: MoveToEscrow) -> tuple[UUID, int]:
    """The entry that moved the points, and the number of its last line in the journal."""
    entry_id = lots.move_to_escrow(work, claim).entry_id
    entry = journal.entries(work, [entry_id])[entry_id]
    return entry_id, entry.sequence_first + len(entry.draft.postings) - 1


def _require_relays_left(work: Work, member_id: UUID) -> None:
    since = work.now - timedelta(days=1)
    sent = redeeming_store.count_relays(work, member_id, commands.REDEEM_KEYS, since)
    if sent >= RELAYS_PER_DAY_MAX:
        raise TooManyRelays(
            f"We pay for {RELAYS_PER_DAY_MAX} redemptions a day. Send this one yourself, or wait.",
            relays_max=RELAYS_PER_DAY_MAX,
        )


def _require_active(work: Work, member_id: UUID) -> None:
    status = members.require_member(work, member_id).status
    if status is not MemberStatus.ACTIVE:
        raise MemberNotActive(f"This member is {status}.", status=status)


def _wallet_to_mint_to(work: Work, member_id: UUID) -> str:
    _require_active(work, member_id)
    require_allowed(work, member_id, Purpose.WALLET)
    return _require_wallet(work, member_id)


def _require_wallet(work: Work, member_id: UUID) -> str:
    wallet = wallets.wallet_of(work, member_id)
    if wallet is None:
        raise NoWallet("You have no wallet linked.")
    return wallet
