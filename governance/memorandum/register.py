"""The register of signatures: what is said, what is signed, and how entries hang together. Pure.

    sign ──▶ stands ──withdraw──▶ withdrawn ──sign──▶ stands …     per member and version

Nothing is ever taken out: a withdrawal is another entry. A member goes by a pseudonym of this
register alone (SHA-256 over register, member and a random salt): the member knows all three, nobody
else can tell who it is, and once the salt is deleted nobody at all can.

A statement names the register (an installation's, random), the version's hash and the member's own
turn: so it says nothing at another installation, of another version, or a second time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from ledger.kernel.canonical import Json, canonical_json, digest
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id

REGISTER_FORMAT: Final = "vklad.memorandum.register.v1"
SIGNER_FORMAT: Final = "vklad.memorandum.signer.v1"
HEAD_FORMAT: Final = "vklad.memorandum.head.v1"
TURNS_MAX: Final = 50
"""Entries of one member: signatures and withdrawals."""
APART_MAX: Final = timedelta(minutes=10)
"""How far the time in a statement may be from ours."""
_ENTRY_TAG: Final = b"vklad.memorandum.entry.v1\n"


class Act(StrEnum):
    """What a member says of a version."""

    SIGN = "sign"
    WITHDRAW = "withdraw"


class Kind(StrEnum):
    """What an entry rests on."""

    DEVICE = "device"
    """A key made in the member's browser."""
    WALLET = "wallet"
    """The member's linked wallet (EIP-712)."""
    CONTRACT = "contract"
    """The member's linked contract wallet (ERC-1271)."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What a member says, and signs."""

    act: Act
    content: bytes
    """The version's hash."""
    number: int
    """The version's number."""
    language: str
    """The language in which it was read."""
    member: bytes
    register: bytes
    turn: int
    """1 for the member's first entry in this register, one more for each."""
    signed_at: datetime

    def document(self) -> dict[str, Json]:
        """As it is signed."""
        return {
            "act": self.act.value,
            "content": self.content.hex(),
            "language": self.language,
            "member": self.member.hex(),
            "number": self.number,
            "register": self.register.hex(),
            "signed_at": Instant.of(self.signed_at).isoformat(),
            "turn": self.turn,
        }


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the register. ``evidence`` is gone where its member was forgotten."""

    number: int
    statement: Statement
    kind: Kind
    evidence_digest: bytes
    evidence: dict[str, Json] | None
    recorded_at: datetime
    head: bytes

    def content(self) -> dict[str, Json]:
        """What the register's head covers of it."""
        return {
            **self.statement.document(),
            "entry": self.number,
            "evidence": self.evidence_digest.hex(),
            "kind": self.kind.value,
            "recorded_at": Instant.of(self.recorded_at).isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Signer:
    """As whom a member is in the register; deleted when the member is forgotten."""

    member_id: UUID
    salt: bytes
    pseudonym: bytes


@dataclass(frozen=True, slots=True)
class Tally:
    """How many stand by a version, by the language in which they read it, and how many did."""

    standing: int
    en: int
    ru: int
    withdrawn: int


def pseudonym_of(register: bytes, member_id: UUID, salt: bytes) -> bytes:
    """A member's name in one register: 32 bytes that say nothing without the salt (32 bytes)."""
    assert len(salt) == 32, "a salt of 32 bytes"
    return digest(
        {
            "format": SIGNER_FORMAT,
            "member": format_id("mem", member_id),
            "register": register.hex(),
            "salt": salt.hex(),
        }
    )


def register_start(register: bytes) -> bytes:
    """The register's head before its first entry."""
    return digest({"format": REGISTER_FORMAT, "register": register.hex()})


def register_next(head: bytes, content: dict[str, Json]) -> bytes:
    """The register's head with one more entry."""
    return hashlib.sha256(b"\x02" + head + digest(content)).digest()


def device_message(statement: Statement) -> bytes:
    """The bytes that a device key signs."""
    return _ENTRY_TAG + canonical_json(statement.document())


def tally(entries: Iterable[Entry], content: bytes) -> Tally:
    """What a version's entries come to: of each member the last one says."""
    last: dict[bytes, Entry] = {}
    for entry in entries:
        if entry.statement.content == content:
            last[entry.statement.member] = entry
    standing = [each for each in last.values() if each.statement.act is Act.SIGN]
    languages = [each.statement.language for each in standing]
    return Tally(
        len(standing), languages.count("en"), languages.count("ru"), len(last) - len(standing)
    )
