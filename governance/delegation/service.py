"""Carrying signed delegations to the token, and what was asked for so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from governance import relaying, token_numbers
from governance.contracts import GovernanceContracts
from governance.delegation import store
from governance.proposals.reading import VoterFacts
from ledger.consents.model import Purpose
from ledger.consents.service import require_allowed
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.transaction import Work
from oracle.bindings import vkl_token
from oracle.chain import typed_data
from oracle.contracts.abi import Address
from oracle.sender import service as sender
from oracle.sender.model import IntentState, SenderRole
from oracle.sender.service import SubmitIntent

DELEGATE_GAS: Final = 250_000
SIGNATURE_LIFE_S: Final = 3_600
SETTLES_WITHIN: Final = timedelta(seconds=30)
"""On a quiet local chain: how long after a delegation blocks are made for its votes to count."""
_FINISHED: Final = {
    IntentState.MINED: "mined",
    IntentState.FINALIZED: "done",
    IntentState.FAILED: "failed",
}


class DelegationStale(VkladError):
    """The nonce in the signed delegation is not the wallet's next one."""

    code = "delegation_stale"
    kind = ErrorKind.CONFLICT


class DelegationExpired(VkladError):
    """The signature was good until a time that has passed."""

    code = "delegation_expired"
    kind = ErrorKind.GONE


class DelegationByContract(VkladError):
    """The wallet is a contract, whose signature the token does not take for a delegation."""

    code = "delegation_by_contract"
    kind = ErrorKind.INVALID


class DelegationState(StrEnum):
    """How far a delegation is."""

    WAITING = "waiting"
    MINED = "mined"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Delegate:
    """A signed delegation. ``facts`` were read before; the signature was checked."""

    member_id: UUID
    delegatee: Address
    expiry_s: int
    nonce: int
    signature: bytes
    facts: VoterFacts
    contracts: GovernanceContracts


@dataclass(frozen=True, slots=True)
class Delegation:
    """A delegation that a member asked us to carry."""

    delegation_id: UUID
    delegator: Address
    delegatee: Address
    received_at: datetime
    state: DelegationState
    failure: str | None


def delegation_message(
    contracts: GovernanceContracts, delegatee: Address, nonce: int, expiry_s: int
) -> typed_data.TypedData:
    """What the holder signs (EIP-712)."""
    return typed_data.delegation(
        contracts.token_domain, delegatee=delegatee, nonce=nonce, expiry_s=expiry_s
    )


def delegate_call(delegatee: Address, nonce: int, expiry_s: int, signature: bytes) -> bytes:
    """The raw call, which a member may also send without us."""
    return vkl_token.delegate_by_sig(
        delegatee, nonce, expiry_s, signature[64], signature[:32], signature[32:64]
    ).calldata


def delegate(work: Work, command: Delegate) -> Delegation:
    """Queue a signed delegation for the relayer.

    Raises:
        DelegationExpired: signed for a time that is over.
        DelegationByContract: a contract wallet's signature.
        DelegationStale: signed over another nonce than the wallet's next, or again.
        RelayerBudgetSpent: enough for today.
    """
    facts = command.facts
    _check(command)
    known = relaying.require_chain(work)
    require_allowed(work, command.member_id, Purpose.VOTING)
    relaying.spend(work, command.member_id, DELEGATE_GAS)
    key = token_numbers.free_key(work, "delegate", known.chain_key, facts.account, command.nonce)
    if key is None:
        raise DelegationStale("A signature with this number is already on its way.")
    row = store.NewDelegation(
        delegation_id=work.ids.new(work.now),
        chain_key=known.chain_key,
        member_id=command.member_id,
        delegator_address=facts.account,
        delegatee_address=command.delegatee,
        nonce=command.nonce,
        signature_expires_at=datetime.fromtimestamp(command.expiry_s, UTC),
        intent_key=key,
    )
    store.insert(work, row)
    call = delegate_call(command.delegatee, command.nonce, command.expiry_s, command.signature)
    sender.submit(
        work,
        SubmitIntent(
            key,
            SenderRole.RELAYER,
            "governance.delegate",
            command.contracts.token,
            call,
            DELEGATE_GAS,
        ),
    )
    return Delegation(
        row.delegation_id,
        facts.account,
        command.delegatee,
        work.now,
        DelegationState.WAITING,
        None,
    )


def waits_for_time(work: Work, now: datetime) -> bool:
    """Whether a delegation is so new that its votes count only with the chain's next block."""
    return store.any_since(work, now - SETTLES_WITHIN)


def delegations_of(work: Work, member_id: UUID) -> list[Delegation]:
    """What a member asked for, newest first, with how far it is."""
    return [_delegation(work, row) for row in store.of_member(work, member_id)]


def _check(command: Delegate) -> None:
    if command.expiry_s <= command.facts.block.timestamp_s:
        raise DelegationExpired("This signature is no longer good. Sign again.")
    if len(command.signature) != typed_data.SIGNATURE_BYTES:
        raise DelegationByContract(
            "A contract wallet delegates by a transaction of its own: the token takes signatures "
            "of plain accounts only."
        )
    if command.nonce != command.facts.delegation_nonce:
        raise DelegationStale("The delegation was signed over an old number. Sign again.")


def _delegation(work: Work, row: store.StoredDelegation) -> Delegation:
    outcome = sender.outcome(work, row.intent_key)
    state = DelegationState.WAITING
    if outcome is not None and outcome.state in _FINISHED:
        state = DelegationState(_FINISHED[outcome.state])
    return Delegation(
        row.delegation_id,
        Address(row.delegator_address),
        Address(row.delegatee_address),
        row.received_at,
        state,
        None if outcome is None else outcome.failure,
    )
