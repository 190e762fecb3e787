"""Carrying signed permits (ERC-2612) to the token, and what was asked for so far.

A permit lets another account move so many of the member's tokens; none takes that back. The token
counts permits and delegations by one number, so of two with the same one only the first counts. It
takes the signature of the owner's own key alone: it never asks a contract wallet (ERC-1271).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from governance import relaying, token_numbers
from governance.contracts import GovernanceContracts
from governance.permits import store
from governance.permits.store import StoredPermit
from governance.proposals.model import SignatureNotYours
from governance.proposals.reading import VoterFacts
from ledger.consents.model import Purpose
from ledger.consents.service import require_allowed
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.transaction import Work
from ledger.kernel.units import TOKEN_UNITS_PER_POINT, TokenUnits
from oracle.bindings import vkl_token
from oracle.chain import typed_data
from oracle.contracts.abi import ZERO_ADDRESS, Address
from oracle.sender import service as sender
from oracle.sender.model import IntentState, SenderRole
from oracle.sender.service import SubmitIntent

PERMIT_GAS: Final = 150_000
SIGNATURE_LIFE_S: Final = 3_600
NEWEST_SHOWN: Final = 20
SHOWN_MAX: Final = 60
COUNTED_MAX: Final = 10**12 * TOKEN_UNITS_PER_POINT
_FINISHED: Final = {
    IntentState.MINED: "mined",
    IntentState.FINALIZED: "done",
    IntentState.FAILED: "failed",
}


class PermitStale(VkladError):
    """The number in the signed permit is not the wallet's next one, or is on its way already."""

    code = "permit_stale"
    kind = ErrorKind.CONFLICT


class PermitExpired(VkladError):
    """The signature was good until a time that has passed."""

    code = "permit_expired"
    kind = ErrorKind.GONE


class PermitRefused(VkladError):
    """A permit that the token would not take: a contract wallet's, or for nobody."""

    code = "permit_refused"
    kind = ErrorKind.INVALID


@dataclass(frozen=True, slots=True)
class Allowance:
    """Who may move how much of whose tokens; none: no more."""

    owner: Address
    spender: Address
    units: TokenUnits

    @property
    def is_without_bound(self) -> bool:
        """Whether it is more than anybody will ever have: all there is, said by a great number."""
        return self.units.amount > COUNTED_MAX


@dataclass(frozen=True, slots=True)
class Permit:
    """A signed permit. ``facts`` were read before."""

    member_id: UUID
    allowance: Allowance
    deadline_s: int
    nonce: int
    signature: bytes
    facts: VoterFacts
    contracts: GovernanceContracts


@dataclass(frozen=True, slots=True)
class CarriedPermit:
    """A permit that a member asked us to carry: ``waiting``, ``mined``, ``done`` or ``failed``."""

    permit_id: UUID
    allowance: Allowance
    nonce: int
    received_at: datetime
    state: str
    failure: str | None


def permit_message(
    contracts: GovernanceContracts, allowance: Allowance, nonce: int, deadline_s: int
) -> typed_data.TypedData:
    """What the owner signs (EIP-712)."""
    return typed_data.permit(
        contracts.token_domain,
        owner=allowance.owner,
        spender=allowance.spender,
        value=allowance.units.amount,
        nonce=nonce,
        deadline_s=deadline_s,
    )


def permit_call(allowance: Allowance, deadline_s: int, signature: bytes) -> bytes:
    """The raw call, which anybody may also send without us."""
    return vkl_token.permit(
        allowance.owner,
        allowance.spender,
        allowance.units.amount,
        deadline_s,
        signature[64],
        signature[:32],
        signature[32:64],
    ).calldata


def permit(work: Work, command: Permit) -> CarriedPermit:
    """Queue a signed permit for the relayer.

    Raises:
        PermitExpired: signed for a time that is over.
        PermitRefused: a contract wallet's signature, or for nobody.
        SignatureNotYours: another key's, or over anything else than this.
        PermitStale: signed over another number than the wallet's next, or again.
        RelayerBudgetSpent: enough for today.
    """
    _check(command)
    allowance = command.allowance
    known = relaying.require_chain(work)
    require_allowed(work, command.member_id, Purpose.WALLET)
    relaying.spend(work, command.member_id, PERMIT_GAS)
    key = token_numbers.free_key(work, "permit", known.chain_key, allowance.owner, command.nonce)
    if key is None:
        raise PermitStale("A signature with this number is already on its way.")
    row = StoredPermit(
        permit_id=work.ids.new(work.now),
        chain_key=known.chain_key,
        member_id=command.member_id,
        owner_address=allowance.owner,
        spender_address=allowance.spender,
        units=allowance.units.amount,
        nonce=command.nonce,
        intent_key=key,
        received_at=work.now,
    )
    store.insert(work, row)
    sender.submit(
        work,
        SubmitIntent(
            key,
            SenderRole.RELAYER,
            "governance.permit",
            command.contracts.token,
            permit_call(allowance, command.deadline_s, command.signature),
            PERMIT_GAS,
        ),
    )
    return CarriedPermit(row.permit_id, allowance, row.nonce, work.now, "waiting", None)


def permits_of(work: Work, member_id: UUID) -> list[CarriedPermit]:
    """What a member asked for, newest first, with how far it is.

    Of older ones only the last for each account is there, which may still stand.
    """
    found = store.of_member(work, member_id, NEWEST_SHOWN, SHOWN_MAX)
    return [_carried(work, row) for row in found]


def _check(command: Permit) -> None:
    if command.deadline_s <= command.facts.block.timestamp_s:
        raise PermitExpired("This signature is no longer good. Sign again.")
    if command.allowance.spender == ZERO_ADDRESS:
        raise PermitRefused("The zero account is nobody's.", field="spender")
    if len(command.signature) != typed_data.SIGNATURE_BYTES:
        raise PermitRefused(
            "A contract wallet permits by a transaction of its own: the token takes signatures of "
            "plain accounts only.",
            field="signature",
        )
    message = permit_message(
        command.contracts, command.allowance, command.nonce, command.deadline_s
    )
    if typed_data.signer_of(message, command.signature) != command.allowance.owner:
        raise SignatureNotYours(
            f"This is not a signature of {command.allowance.owner}, the wallet you have linked, "
            "over what was shown to you.",
            wallet=command.allowance.owner,
        )
    if command.nonce != command.facts.delegation_nonce:
        raise PermitStale("The permit was signed over an old number. Sign again.")


def _carried(work: Work, row: StoredPermit) -> CarriedPermit:
    outcome = sender.outcome(work, row.intent_key)
    state = "waiting" if outcome is None else _FINISHED.get(outcome.state, "waiting")
    allowance = Allowance(
        Address(row.owner_address), Address(row.spender_address), TokenUnits(row.units)
    )
    failure = None if outcome is None else outcome.failure
    return CarriedPermit(row.permit_id, allowance, row.nonce, row.received_at, state, failure)
