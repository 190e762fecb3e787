"""What the register's checker brings of its own, against the libraries that the service uses."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from eth_account import Account
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.memorandum import documents, signing
from governance.memorandum.model import Text, Version, vote_words
from governance.memorandum.register import (
    Act,
    Entry,
    Kind,
    Statement,
    device_message,
    register_next,
    register_start,
    tally,
)
from governance.polls import device_keys
from governance.recount import memorandum as recount
from ledger.kernel.canonical import canonical_json, digest
from oracle.chain.typed_data import Domain
from oracle.contracts.abi import address
from tests.support.memorandum import wording
from tests.support.polls import Device

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
DEVICE = Device()
WALLET = Account.from_key(hashlib.sha256(b"a wallet of the tests").digest())
DOMAIN = Domain(signing.DOMAIN_NAME, 31337, address("0x" + "12" * 20))
REGISTER = hashlib.sha256(b"a register").digest()
SAID = wording("We learn.")
TEXT = Text(3, bytes(32), SAID.title, SAID.sections)
VERSION = Version(
    UUID(int=7), TEXT, SAID.summary, SAID.questions, UUID(int=1), NOW, None, TEXT.hashed()
)
STATEMENTS = st.builds(
    Statement,
    act=st.sampled_from(Act),
    content=st.just(TEXT.hashed()),
    number=st.just(3),
    language=st.sampled_from(("en", "ru")),
    member=st.binary(min_size=32, max_size=32),
    register=st.just(REGISTER),
    turn=st.integers(1, 50),
    signed_at=st.datetimes(
        datetime(2020, 1, 1),  # noqa: DTZ001 - a bound; the zone is stated below
        datetime(2100, 1, 1),  # noqa: DTZ001 - as above
        timezones=st.just(UTC),
    ).map(lambda moment: moment.replace(microsecond=0)),
)


def _entry(statement: Statement, kind: Kind, evidence: dict[str, Any]) -> dict[str, Any]:
    entry = Entry(1, statement, kind, digest(evidence), evidence, NOW, b"")
    head = register_next(register_start(REGISTER), entry.content())
    told = documents.entry_json(replace(entry, head=head))
    read: dict[str, Any] = recount.parse(canonical_json(told))
    return read


@given(data=st.binary(max_size=300))
def test_keccak(data: bytes) -> None:
    assert recount.keccak(data) == keccak(data)


@settings(max_examples=25)
@given(statement=STATEMENTS, bit=st.integers(0, 511))
def test_a_browsers_signature(statement: Statement, bit: int) -> None:
    message = device_message(statement)
    signature = DEVICE.sign(message)
    assert device_keys.is_signed(DEVICE.key, message, signature)
    evidence = {"key": DEVICE.key.hex(), "signature": signature.hex()}
    entry = _entry(statement, Kind.DEVICE, evidence)
    assert recount.check_entry(entry, None, "it") == "device"
    changed = (int.from_bytes(signature, "big") ^ (1 << bit)).to_bytes(64, "big")
    assert not recount.is_signed_by_device(DEVICE.key, message, changed)
    assert not recount.is_signed_by_device(DEVICE.key, message + b"x", signature)


@settings(max_examples=25)
@given(statement=STATEMENTS)
def test_a_wallets_signature(statement: Statement) -> None:
    shown = signing.wallet_message(VERSION, DOMAIN, statement)
    signed = WALLET.sign_message(shown.signable())
    evidence: dict[str, Any] = {
        "address": WALLET.address.lower(),
        "chain_id": str(DOMAIN.chain_id),
        "contract": DOMAIN.contract.lower(),
        "signature": bytes(signed.signature).hex(),
    }
    entry = _entry(statement, Kind.WALLET, evidence)
    assert recount.wallet_digest(entry) == shown.digest()
    assert recount.check_entry(entry, None, "it") == "wallet"
    assert entry["signed_at"] == shown.values["signedAt"]
    assert shown.values["title"] == vote_words(TEXT)[0]


@given(acts=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(("en", "ru"))), max_size=12))
def test_both_count_the_same(acts: list[tuple[int, str]]) -> None:
    """Members sign and withdraw by turns; the room and the recount come to the same."""
    entries: list[Entry] = []
    members: dict[str, list[dict[str, Any]]] = {}
    for who, language in acts:
        member = bytes([who]) * 32
        mine = members.setdefault(member.hex(), [])
        act = Act.WITHDRAW if len(mine) % 2 else Act.SIGN
        said = Statement(act, TEXT.hashed(), 3, language, member, REGISTER, len(mine) + 1, NOW)
        entry = Entry(len(entries) + 1, said, Kind.DEVICE, bytes(32), None, NOW, bytes(32))
        entries.append(entry)
        mine.append(documents.entry_json(entry))
    content = TEXT.hashed()
    assert recount.recount(content.hex(), members) == documents.tally_json(tally(entries, content))


@pytest.mark.parametrize("text", ["AB", "zz", 1, None, "00"])
def test_hex_has_one_spelling(text: Any) -> None:
    with pytest.raises((recount.Fault, ValueError)):
        recount.unhex(text, 32)
