"""Ballots: checked, added to the poll's register, and replaced until it closes.

    lock member ─▶ lock poll ─▶ open? ─▶ among the voters? ─▶ choice ─▶ signature ─▶ register

Nobody's ballot is ever taken out again. A signed one is replaced by a signed one only, so that we
cannot talk over a voter who signed; each carries its number in the voter's own row, so that an
earlier one cannot be told again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from governance.acting import lock_acting
from governance.polls import ballots_store, device_keys, store
from governance.polls.ballots_store import DeviceKey
from governance.polls.counting import check_choice, check_credits
from governance.polls.errors import (
    BadPollSignature,
    DeviceKeyTaken,
    NotEligible,
    PollBallotStale,
    PollNotOpen,
    PollOver,
    SignedBefore,
    TooManyChanges,
    TooManyDeviceKeys,
    UnknownDeviceKey,
    UnknownPoll,
)
from governance.polls.model import (
    KEYS_MAX,
    PREFIX,
    VERSIONS_MAX,
    Ballot,
    BallotKind,
    Definition,
    Named,
    Poll,
    PollState,
    answer_text,
    ballot_statement,
    commitment_of,
    device_message,
    key_message,
    register_next,
    register_start,
)
from ledger.kernel.canonical import Json, canonical_json, digest
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.wallets import service as wallets
from oracle.chain import typed_data
from oracle.contracts.abi import Address, address

DOMAIN_NAME: Final = "Vklad Polls"
"""The name that wallets sign ballots of polls for (EIP-712)."""


@dataclass(frozen=True, slots=True)
class ByDevice:
    """Signed by a key that the voter registered for this poll."""

    public_key: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class ByWallet:
    """Signed by the linked wallet.

    A contract wallet was asked before this, at ``block_number``; a plain account's signature is
    looked at here.
    """

    address: Address
    domain: typed_data.Domain
    signature: bytes
    block_number: int | None = None


@dataclass(frozen=True, slots=True)
class RegisterKey:
    """Let a key of the member's browser sign in one poll; ``proof`` is its signature of that."""

    poll_id: UUID
    member_id: UUID
    public_key: bytes
    proof: bytes


@dataclass(frozen=True, slots=True)
class RevokeKey:
    """Take no more ballots of a key. What it signed stays until another ballot replaces it."""

    poll_id: UUID
    member_id: UUID
    key_id: UUID


@dataclass(frozen=True, slots=True)
class CastPollBallot:
    """A ballot: ``version`` is 1 for the voter's first and one more for each change."""

    poll_id: UUID
    member_id: UUID
    choice: tuple[int, ...]
    version: int
    salt: bytes
    signed: ByDevice | ByWallet | None


@dataclass(frozen=True, slots=True)
class MyPart:
    """What a voter has in a poll."""

    named: Named
    keys: Sequence[DeviceKey]
    ballots: Sequence[Ballot]

    @property
    def next_version(self) -> int:
        """The number that the next ballot has to carry."""
        return len(self.ballots) + 1


def my_part(work: Work, poll_id: UUID, member_id: UUID) -> MyPart | None:
    """What a member has in a poll; ``None`` if they are not among the voters."""
    named = store.named(work, poll_id, member_id)
    if named is None:
        return None
    pseudonym = named.voter.pseudonym
    return MyPart(
        named,
        ballots_store.keys(work, poll_id, pseudonym),
        ballots_store.ballots(work, poll_id, pseudonym),
    )


def register_key(work: Work, command: RegisterKey) -> DeviceKey:
    """Let a device key sign; the same one again is no change.

    Raises:
        UnknownPoll, PollOver, NotEligible: not in this poll.
        BadDeviceKey, BadPollSignature: no key, or it does not say so itself.
        DeviceKeyTaken, UnknownDeviceKey, TooManyDeviceKeys: another's, revoked, or one too many.
    """
    poll, named = _enter(work, command.poll_id, command.member_id)
    pseudonym = named.voter.pseudonym
    if poll.state(work.now) not in {PollState.ANNOUNCED, PollState.OPEN}:
        raise _over(poll)
    message = key_message(command.poll_id, pseudonym, command.public_key)
    if not device_keys.is_signed(command.public_key, message, command.proof):
        raise BadPollSignature("The key did not sign that it is yours in this poll.")
    known = ballots_store.find_key(work, command.poll_id, command.public_key)
    if known is not None:
        if known.pseudonym != pseudonym:
            raise DeviceKeyTaken("Another voter has registered this key.")
        if known.revoked_at is not None:
            raise UnknownDeviceKey("This key was revoked.")
        return known
    if len(ballots_store.keys(work, command.poll_id, pseudonym)) >= KEYS_MAX:
        raise TooManyDeviceKeys(f"You have {KEYS_MAX} keys in this poll.", limit=KEYS_MAX)
    key = DeviceKey(work.ids.new(work.now), pseudonym, command.public_key, work.now, None)
    ballots_store.insert_key(work, command.poll_id, key)
    return key


def revoke_key(work: Work, command: RevokeKey) -> None:
    """Take no more ballots of a key.

    Raises:
        UnknownPoll, NotEligible, UnknownDeviceKey: there is nothing to revoke.
    """
    _, named = _enter(work, command.poll_id, command.member_id)
    mine = ballots_store.keys(work, command.poll_id, named.voter.pseudonym)
    if command.key_id not in {key.key_id for key in mine if key.revoked_at is None}:
        raise UnknownDeviceKey("You have no such key in this poll.")
    ballots_store.revoke_key(work, command.key_id)


def cast(work: Work, command: CastPollBallot) -> Ballot:
    """Take a ballot; the voter's earlier one counts no more.

    Raises:
        UnknownPoll, PollNotOpen, PollOver, NotEligible: not now, or not in this poll.
        BadChoice, CreditsExceeded: it cannot be counted.
        PollBallotStale, TooManyChanges, SignedBefore: it does not follow the voter's last one.
        BadPollSignature, UnknownDeviceKey, BadDeviceKey, MalformedSignature: not signed so.
    """
    poll, named = _enter(work, command.poll_id, command.member_id)
    definition, voter = poll.definition, named.voter
    state = poll.state(work.now)
    if state is PollState.ANNOUNCED:
        opens_at = Instant.of(definition.opens_at).isoformat()
        raise PollNotOpen(f"Voting begins at {opens_at}.", opens_at=opens_at)
    if state is not PollState.OPEN:
        raise _over(poll)
    check_choice(definition.method, len(definition.options), command.choice)
    check_credits(definition.method, command.choice, voter.weight)
    mine = ballots_store.ballots(work, command.poll_id, voter.pseudonym)
    _check_follows(mine, command)
    statement = ballot_statement(
        definition, voter.pseudonym, command.version, command.choice, command.salt
    )
    kind, evidence = _evidence(work, definition, command, voter.pseudonym, statement)
    commitment = commitment_of(statement, kind, evidence)
    last = ballots_store.last_in_register(work, command.poll_id)
    number, head = (0, register_start(definition)) if last is None else last
    ballot = Ballot(
        number=number + 1,
        pseudonym=voter.pseudonym,
        version=command.version,
        choice=command.choice,
        salt=command.salt,
        kind=kind,
        evidence_digest=None if evidence is None else digest(evidence),
        evidence=evidence,
        commitment=commitment,
        register_head=register_next(head, commitment),
    )
    ballots_store.insert_ballot(work, command.poll_id, ballot)
    return ballot


def wallet_message(
    definition: Definition, domain: typed_data.Domain, statement: dict[str, Json]
) -> typed_data.TypedData:
    """What a wallet signs: the same statement, and the choice in words."""
    choice = statement["choice"]
    assert isinstance(choice, list), "a statement of ours"
    values = {
        "poll": statement["poll"],
        "title": definition.title,
        "answer": answer_text(definition, choice),
        "choice": canonical_json(choice).decode(),
        "version": statement["version"],
        "definition": _bytes(statement["definition"]),
        "voter": _bytes(statement["voter"]),
        "salt": _bytes(statement["salt"]),
    }
    return typed_data.TypedData(domain, "PollBallot", values)


def _enter(work: Work, poll_id: UUID, member_id: UUID) -> tuple[Poll, Named]:
    """Lock the member and the poll, in this order."""
    lock_acting(work, member_id)
    poll = store.lock(work, poll_id)
    if poll is None:
        raise UnknownPoll("There is no such poll.", poll=format_id(PREFIX, poll_id))
    named = store.named(work, poll_id, member_id)
    if named is None:
        raise NotEligible("You were not among those who vote when this poll was announced.")
    return poll, named


def _check_follows(mine: Sequence[Ballot], command: CastPollBallot) -> None:
    expected = len(mine) + 1
    if command.version != expected:
        raise PollBallotStale(
            f"This would be your ballot number {expected}. Load the poll again.",
            expected=expected,
        )
    if expected > VERSIONS_MAX:
        raise TooManyChanges(f"A ballot is changed {VERSIONS_MAX - 1} times.", limit=VERSIONS_MAX)
    if command.signed is None and any(each.is_signed for each in mine):
        raise SignedBefore("You signed your ballot; sign the change, too.")


def _evidence(
    work: Work,
    definition: Definition,
    command: CastPollBallot,
    pseudonym: bytes,
    statement: dict[str, Json],
) -> tuple[BallotKind, dict[str, Json] | None]:
    """What the ballot rests on, once it is known to hold."""
    signed = command.signed
    if signed is None:
        return BallotKind.UNSIGNED, None
    if isinstance(signed, ByDevice):
        known = ballots_store.find_key(work, command.poll_id, signed.public_key)
        if known is None or known.pseudonym != pseudonym or known.revoked_at is not None:
            raise UnknownDeviceKey("You have no such key in this poll.")
        message = device_message(statement)
        if not device_keys.is_signed(signed.public_key, message, signed.signature):
            raise BadPollSignature("The device key did not sign this ballot.")
        return BallotKind.DEVICE, {
            "key": signed.public_key.hex(),
            "signature": signed.signature.hex(),
        }
    linked = wallets.wallet_of(work, command.member_id)
    if linked is None or address(linked) != signed.address:
        raise BadPollSignature("This is not the wallet that you have linked.")
    evidence: dict[str, Json] = {
        "address": signed.address.lower(),
        "chain_id": str(signed.domain.chain_id),
        "contract": signed.domain.contract.lower(),
        "signature": signed.signature.hex(),
    }
    if signed.block_number is not None:
        return BallotKind.CONTRACT, {**evidence, "block_number": signed.block_number}
    shown = wallet_message(definition, signed.domain, statement)
    if typed_data.signer_of(shown, signed.signature) != signed.address:
        raise BadPollSignature("Your wallet did not sign this ballot.")
    return BallotKind.WALLET, evidence


def _over(poll: Poll) -> PollOver:
    ended = poll.withdrawn_at or poll.definition.closes_at
    moment = Instant.of(ended).isoformat()
    return PollOver(f"This poll ended at {moment}.", ended_at=moment)


def _bytes(value: Json) -> bytes:
    assert isinstance(value, str), "hex in a statement of ours"
    return bytes.fromhex(value)
