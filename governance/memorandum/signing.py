"""Members sign the version in force, or withdraw; each is an entry of the register.

lock member ─▶ lock register ─▶ version ─▶ turn ─▶ time ─▶ signature ─▶ next head
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from governance.acting import lock_acting
from governance.memorandum import register_store, store
from governance.memorandum.errors import (
    BadMemorandumSignature,
    BrowserKeyTaken,
    EntryStale,
    NotInForce,
    NotSigned,
    SignedAlready,
    StatementNotNow,
    TooManyEntries,
)
from governance.memorandum.model import Version, vote_words
from governance.memorandum.register import (
    APART_MAX,
    TURNS_MAX,
    Act,
    Entry,
    Kind,
    Signer,
    Statement,
    device_message,
    pseudonym_of,
    register_next,
)
from governance.memorandum.service import require_version
from governance.polls import device_keys
from ledger.kernel.canonical import Json, digest
from ledger.kernel.transaction import Work
from ledger.wallets import service as wallets
from oracle.chain import typed_data
from oracle.contracts.abi import Address, address

DOMAIN_NAME: Final = "Vklad Memorandum"
"""The name that wallets sign the memorandum for (EIP-712)."""


@dataclass(frozen=True, slots=True)
class ByDevice:
    """Signed by a key that the member's browser made."""

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
class Say:
    """What a member says of a version: that they stand by it, or no longer do."""

    act: Act
    version_id: UUID
    member_id: UUID
    language: str
    turn: int
    signed_at: datetime
    """When it was signed, in whole seconds."""


@dataclass(frozen=True, slots=True)
class Enter:
    """A statement with its signature."""

    say: Say
    signed: ByDevice | ByWallet


@dataclass(frozen=True, slots=True)
class MyPart:
    """What a member has in the register."""

    signer: Signer
    register: bytes
    entries: Sequence[Entry]

    @property
    def next_turn(self) -> int:
        """The number that the member's next statement has to carry."""
        return len(self.entries) + 1

    def last_of(self, content: bytes) -> Entry | None:
        """The member's last entry under a version."""
        mine = [each for each in self.entries if each.statement.content == content]
        return mine[-1] if mine else None

    def stands_by(self, content: bytes) -> bool:
        """Whether the member's signature under a version stands."""
        last = self.last_of(content)
        return last is not None and last.statement.act is Act.SIGN


def enrol(work: Work, member_id: UUID) -> MyPart:
    """What a member has in the register; they get a pseudonym when they first ask.

    Raises:
        UnknownMember, MemberNotActive: they take no part.
    """
    lock_acting(work, member_id)
    register = register_store.lock_register(work)
    signer = register_store.signer(work, member_id)
    if signer is None:
        salt = hashlib.sha256(work.ids.secret().encode()).digest()
        signer = Signer(member_id, salt, pseudonym_of(register, member_id, salt))
        register_store.insert_signer(work, signer)
    return MyPart(signer, register, register_store.entries(work, member=signer.pseudonym))


def my_part(work: Work, member_id: UUID) -> MyPart | None:
    """What a member has in the register; ``None`` before they first asked to sign."""
    register = register_store.register(work)
    signer = register_store.signer(work, member_id)
    if register is None or signer is None:
        return None
    return MyPart(signer, register, register_store.entries(work, member=signer.pseudonym))


def enter(work: Work, command: Enter) -> Entry:
    """Add a member's signature or withdrawal to the register.

    Raises:
        UnknownMember, MemberNotActive: they take no part.
        UnknownMemorandum, NotInForce, SignedAlready, NotSigned: not of this version, not now.
        EntryStale, TooManyEntries, StatementNotNow: not the member's next word, or not said now.
        BadMemorandumSignature, BrowserKeyTaken, BadDeviceKey, MalformedSignature: not signed so.
    """
    say = command.say
    part = enrol(work, say.member_id)
    version = require_version(work, say.version_id)
    _check_may(work, part, version, say)
    statement = statement_of(part, version, say)
    kind, evidence, public_key = _evidence(work, command, version, statement)
    number, head = register_store.head(work) or (0, b"")
    unchained = Entry(
        number=number + 1,
        statement=statement,
        kind=kind,
        evidence_digest=digest(evidence),
        evidence=evidence,
        recorded_at=work.now,
        head=b"",
    )
    entry = Entry(
        number=unchained.number,
        statement=statement,
        kind=kind,
        evidence_digest=unchained.evidence_digest,
        evidence=evidence,
        recorded_at=work.now,
        head=register_next(head, unchained.content()),
    )
    register_store.insert_entry(work, version.version_id, entry, public_key)
    return entry


def statement_of(part: MyPart, version: Version, say: Say) -> Statement:
    """What is signed when a member says this."""
    return Statement(
        act=say.act,
        content=version.content,
        number=version.text.number,
        language=say.language,
        member=part.signer.pseudonym,
        register=part.register,
        turn=say.turn,
        signed_at=say.signed_at,
    )


def wallet_message(
    version: Version, domain: typed_data.Domain, statement: Statement
) -> typed_data.TypedData:
    """What a wallet signs: the same statement, with the version's title in words."""
    document = statement.document()
    values = {
        "act": document["act"],
        "title": vote_words(version.text)[0],
        "number": statement.number,
        "content": statement.content,
        "language": statement.language,
        "member": statement.member,
        "register": statement.register,
        "turn": statement.turn,
        "signedAt": document["signed_at"],
    }
    return typed_data.TypedData(domain, "MemorandumEntry", values)


def _check_may(work: Work, part: MyPart, version: Version, say: Say) -> None:
    stands = part.stands_by(version.content)
    if say.act is Act.SIGN:
        last = store.in_force(work)
        if last is None or last.version_id != version.version_id:
            raise NotInForce("Only the version in force is signed.")
        if stands:
            raise SignedAlready("You have signed this version.")
    elif not stands:
        raise NotSigned("You have no signature under this version to withdraw.")
    if say.turn != part.next_turn:
        raise EntryStale(
            f"This would be your entry number {part.next_turn}. Load the page again.",
            expected=part.next_turn,
        )
    if say.turn > TURNS_MAX:
        raise TooManyEntries(f"A member has at most {TURNS_MAX} entries.", limit=TURNS_MAX)
    require_now(work, say.signed_at)


def require_now(work: Work, signed_at: datetime) -> None:
    """Refuse what was signed at another time, in whole seconds.

    Raises:
        StatementNotNow: the clocks differ by too much.
    """
    assert signed_at.microsecond == 0, "statements are in whole seconds"
    if abs(work.now - signed_at) > APART_MAX:
        minutes = int(APART_MAX.total_seconds()) // 60
        raise StatementNotNow(
            f"What was signed says another time than now; at most {minutes} minutes may lie "
            "between. Set your clock right.",
            minutes=minutes,
        )


def _evidence(
    work: Work, command: Enter, version: Version, statement: Statement
) -> tuple[Kind, dict[str, Json], bytes | None]:
    """What the entry rests on, once it is known to hold, and the device's key."""
    signed = command.signed
    if isinstance(signed, ByDevice):
        key = signed.public_key
        if not device_keys.is_signed(key, device_message(statement), signed.signature):
            raise BadMemorandumSignature("The key of your browser did not sign this.")
        if register_store.key_of_another(work, key, statement.member):
            raise BrowserKeyTaken("Another member has signed with this key.")
        return Kind.DEVICE, {"key": key.hex(), "signature": signed.signature.hex()}, key
    linked = wallets.wallet_of(work, command.say.member_id)
    if linked is None or address(linked) != signed.address:
        raise BadMemorandumSignature("This is not the wallet that you have linked.")
    evidence: dict[str, Json] = {
        "address": signed.address.lower(),
        "chain_id": str(signed.domain.chain_id),
        "contract": signed.domain.contract.lower(),
        "signature": signed.signature.hex(),
    }
    if signed.block_number is not None:
        return Kind.CONTRACT, {**evidence, "block_number": signed.block_number}, None
    shown = wallet_message(version, signed.domain, statement)
    if typed_data.signer_of(shown, signed.signature) != signed.address:
        raise BadMemorandumSignature("Your wallet did not sign this.")
    return Kind.WALLET, evidence, None
