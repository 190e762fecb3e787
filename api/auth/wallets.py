"""Linking a wallet: a challenge for this member and session, and the check of what comes back.

    challenge ──▶ message with our nonce ──▶ wallet signs ──▶ check (no transaction)
                                                                  │ one transaction:
                                                                  ▼
                                            nonce used up ──▶ wallet linked

The message is ours word for word: domain, address, purpose with the member's id, chain and times.
A contract wallet is asked over the chain (ERC-1271), through a port that a points-only
installation does not have.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol
from urllib.parse import urlsplit
from uuid import UUID

from eth_account import Account
from eth_account.messages import SignableMessage, encode_defunct
from eth_keys.exceptions import BadSignature
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from eth_utils.exceptions import ValidationError

from api.auth import store
from api.auth.siwe import SiweMessage, compose_message, parse_message
from ledger.kernel.clock import Instant
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.wallets.model import Wallet, parse_address
from ledger.wallets.service import LinkWallet, link_wallet

CHALLENGE_LIFE: Final = timedelta(minutes=10)
_SIGNATURE_BYTES: Final = 65
_SIGNATURE_BYTES_MAX: Final = 4_096


class WalletMessageForeign(VkladError):
    """A well-formed message that is not the one we asked to sign; ``place`` says where."""

    code = "wallet_message_foreign"
    kind = ErrorKind.INVALID


class WalletChallengeUnknown(VkladError):
    """A nonce that was not given to this member in this session."""

    code = "wallet_challenge_unknown"
    kind = ErrorKind.INVALID


class WalletChallengeSpent(VkladError):
    """A nonce that was used, or whose time is over."""

    code = "wallet_challenge_spent"
    kind = ErrorKind.GONE


class WalletSignatureWrong(VkladError):
    """The signature is not of this address over this message."""

    code = "wallet_signature_wrong"
    kind = ErrorKind.INVALID


class ContractWalletUnsupported(VkladError):
    """The signature can only be a contract's, and there is no chain here to ask it."""

    code = "contract_wallet_unsupported"
    kind = ErrorKind.INVALID


class ContractSignatures(Protocol):
    """Asks contract wallets whether they stand by a signature."""

    def stands_by(self, address: str, digest: bytes, signature: bytes) -> bool | None:
        """Yes or no; ``None`` if there is no contract at the address.

        Raises:
            ChainUnavailable: nobody answers.
        """
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where and for which chain wallets are linked: what every message must say."""

    origin: str
    chain_id: int

    @property
    def domain(self) -> str:
        """Host, and port if it is not the scheme's own."""
        return urlsplit(self.origin).netloc

    @property
    def scheme(self) -> str:
        """``https``, or ``http`` on loopback."""
        return urlsplit(self.origin).scheme


@dataclass(frozen=True, slots=True)
class ChallengeWallet:
    """A member, in a session, wants to link an address."""

    member_id: UUID
    session_digest: bytes
    address: str
    place: Place


@dataclass(frozen=True, slots=True)
class Challenge:
    """The message to sign."""

    message: str
    nonce: str
    expires_at: Instant


@dataclass(frozen=True, slots=True)
class ProveWallet:
    """A message and a signature that came back from a member in a session."""

    member_id: UUID
    session_digest: bytes
    place: Place
    message: str
    signature: str


@dataclass(frozen=True, slots=True)
class ProvedWallet:
    """A message of ours with a good signature; what is left to check is the nonce."""

    member_id: UUID
    session_digest: bytes
    address: str
    nonce: str
    proof_digest: bytes


def challenge_wallet(work: Work, command: ChallengeWallet) -> Challenge:
    """A message with a nonce bound to member and session.

    Raises:
        BadAddress: not an address.
    """
    address = parse_address(command.address)
    nonce = hashlib.sha256(work.ids.secret().encode()).hexdigest()[:32]
    expires_at = work.now + CHALLENGE_LIFE
    store.insert_wallet_nonce(work, nonce, command.member_id, command.session_digest, expires_at)
    message = SiweMessage(
        domain=command.place.domain,
        address=to_checksum_address(address),
        uri=f"{command.place.origin}/wallet",
        chain_id=command.place.chain_id,
        nonce=nonce,
        issued_at=Instant.of(work.now),
        statement=statement_for(command.member_id),
        expiration_time=Instant.of(expires_at),
    )
    return Challenge(compose_message(message), nonce, Instant.of(expires_at))


def statement_for(member_id: UUID) -> str:
    """What the member agrees to, in the characters the standard allows."""
    return (
        f"Link this wallet to member {format_id('mem', member_id)} of Vklad, "
        "to receive tokens and to vote. This is no payment and no permission to spend."
    )


def prove_wallet(command: ProveWallet, contracts: ContractSignatures | None) -> ProvedWallet:
    """Check everything but the nonce. May ask the chain, so it is done outside a transaction.

    Raises:
        SiweMalformed: not a message of EIP-4361.
        WalletMessageForeign: not the message that was asked for.
        WalletSignatureWrong: not signed by this address.
        ContractWalletUnsupported: could be a contract's signature, and there is no chain.
        ChainUnavailable: the contract cannot be asked now.
    """
    message = parse_message(command.message)
    _refuse_foreign(message, command)
    _check_signature(command, message.address, contracts)
    return ProvedWallet(
        command.member_id,
        command.session_digest,
        message.address,
        message.nonce,
        hashlib.sha256(command.message.encode()).digest(),
    )


def link_proved_wallet(work: Work, proved: ProvedWallet) -> Wallet:
    """Use the nonce up and link.

    Raises:
        WalletChallengeUnknown: the nonce is not this member's in this session.
        WalletChallengeSpent: it was used, or its time is over.
        WalletTaken, WalletAlreadyLinked: see ``ledger.wallets``.
    """
    found = store.lock_wallet_nonce(work, proved.nonce)
    if found is None or (found.member_id, found.session_digest) != (
        proved.member_id,
        proved.session_digest,
    ):
        raise WalletChallengeUnknown("This message was not made for you in this session.")
    if found.used_at is not None or work.now >= found.expires_at:
        raise WalletChallengeSpent("This message was used or its time is over. Ask for a new one.")
    store.use_wallet_nonce(work, proved.nonce)
    return link_wallet(work, LinkWallet(proved.member_id, proved.address, proved.proof_digest))


def _refuse_foreign(message: SiweMessage, command: ProveWallet) -> None:
    place = command.place
    life_max = CHALLENGE_LIFE.total_seconds()
    expires = message.expiration_time
    checks = {
        "domain": message.domain == place.domain,
        "scheme": message.scheme in {None, place.scheme},
        "statement": message.statement == statement_for(command.member_id),
        "uri": message.uri == f"{place.origin}/wallet",
        "chain_id": message.chain_id == place.chain_id,
        "expiration_time": expires is not None
        and message.issued_at.seconds < expires.seconds <= message.issued_at.seconds + life_max,
        "not_before": message.not_before is None,
        "request_id": message.request_id is None,
        "resources": message.resources is None,
    }
    for name, holds in checks.items():
        if not holds:
            raise WalletMessageForeign(
                f"This is not the message we asked to sign: its {name} differs.", place=name
            )


def _check_signature(
    command: ProveWallet, address: str, contracts: ContractSignatures | None
) -> None:
    raw = _signature_bytes(command.signature)
    signable = encode_defunct(text=command.message)
    if contracts is not None:
        stands = contracts.stands_by(address, _digest(signable), raw)
        if stands is not None:
            if not stands:
                raise WalletSignatureWrong("The contract wallet does not stand by this signature.")
            return
    elif len(raw) != _SIGNATURE_BYTES:
        raise ContractWalletUnsupported(
            "Contract wallets cannot be checked here: this installation has no chain."
        )
    if len(raw) != _SIGNATURE_BYTES or _signer(signable, raw) != address:
        raise WalletSignatureWrong(f"The signature is not one of {address}.", address=address)


def _digest(signable: SignableMessage) -> bytes:
    """What is signed, by EIP-191."""
    return keccak(b"\x19" + signable.version + signable.header + signable.body)


def _signer(signable: SignableMessage, raw: bytes) -> str | None:
    try:
        return str(Account.recover_message(signable, signature=raw))
    except (BadSignature, ValidationError, ValueError):
        return None


def _signature_bytes(signature: str) -> bytes:
    try:
        raw = bytes.fromhex(signature.removeprefix("0x"))
    except ValueError as error:
        raise WalletSignatureWrong("The signature is not hexadecimal.") from error
    if not raw or len(raw) > _SIGNATURE_BYTES_MAX:
        raise WalletSignatureWrong("The signature is empty or too long.")
    return raw
