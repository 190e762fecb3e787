"""What the recount brings of its own, against the libraries that the service uses."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from eth_account import Account
from eth_utils.crypto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.polls import device_keys, model, voting
from governance.polls.counting import Method
from governance.polls.errors import BadDeviceKey
from governance.polls.model import Definition, Weighing, answer_text, ballot_statement
from governance.polls.tree import path_of, root_of
from governance.recount import polls as recount
from ledger.kernel.canonical import canonical_json
from oracle.chain.typed_data import Domain, TypedData, signer_of
from oracle.contracts.abi import address
from tests.support.polls import Device

NOW = datetime(2026, 3, 2, tzinfo=UTC)
WORDS = st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), min_size=1, max_size=40)
DEVICE = Device()
WALLET = Account.from_key(hashlib.sha256(b"a wallet of the tests").digest())


def _definition(title: str, options: tuple[str, ...], method: Method) -> Definition:
    return Definition(
        poll_id=UUID(int=7),
        title=title,
        body="",
        options=options,
        method=method,
        weighing=Weighing.VOICE,
        credits=None,
        standing_min=0,
        opens_at=NOW,
        closes_at=NOW + timedelta(days=1),
    )


@given(data=st.binary(max_size=400))
def test_keccak(data: bytes) -> None:
    assert recount.keccak(data) == keccak(data)


@pytest.mark.parametrize("size", [0, 1, 135, 136, 137, 272])
def test_keccak_at_the_bounds_of_its_blocks(size: int) -> None:
    assert recount.keccak(bytes(size)) == keccak(bytes(size))


@given(leaves=st.lists(st.binary(min_size=1, max_size=4), max_size=40))
def test_trees(leaves: list[bytes]) -> None:
    root = root_of(leaves)
    assert recount.tree_root(leaves) == root
    for index, leaf in enumerate(leaves):
        path = [node.hex() for node in path_of(leaves, index)]
        place = {"index": index, "size": len(leaves), "path": path}
        assert recount.root_by_path(leaf, place) == root
        assert recount.root_by_path(leaf + b"x", place) != root


@settings(max_examples=15)
@given(message=st.binary(max_size=60), bit=st.integers(0, 511))
def test_device_signatures(message: bytes, bit: int) -> None:
    signature = DEVICE.sign(message)
    assert recount.is_signed_by_device(DEVICE.key, message, signature)
    assert device_keys.is_signed(DEVICE.key, message, signature)
    changed = (int.from_bytes(signature, "big") ^ (1 << bit)).to_bytes(64, "big")
    for check in (recount.is_signed_by_device, device_keys.is_signed):
        assert not check(DEVICE.key, message, changed)
        assert not check(DEVICE.key, message + b"x", signature)
        assert not check(DEVICE.key, message, signature[:-1])
        assert not check(DEVICE.key, message, bytes(64))


@pytest.mark.parametrize(
    "key", [b"", bytes(65), b"\x04" + bytes(64), DEVICE.key[:64] + b"\x00", b"\x04" + b"\xff" * 64]
)
def test_what_is_no_device_key(key: bytes) -> None:
    assert not recount.is_signed_by_device(key, b"m", DEVICE.sign(b"m"))
    with pytest.raises(BadDeviceKey):
        device_keys.read_key(key)


@settings(max_examples=25)
@given(
    title=WORDS,
    options=st.lists(WORDS, min_size=2, max_size=4, unique=True),
    method=st.sampled_from(list(Method)),
    version=st.integers(1, 50),
)
def test_what_a_wallet_signs(title: str, options: list[str], method: Method, version: int) -> None:
    definition = _definition(title, tuple(options), method)
    choice = {
        Method.SINGLE: [1],
        Method.APPROVAL: [0, 1],
        Method.RANKED: [1, 0],
        Method.QUADRATIC: [3, *[0] * (len(options) - 1)],
    }[method]
    document: Any = definition.document()
    statement: Any = ballot_statement(definition, bytes(range(32)), version, choice, bytes(32))
    assert recount.canonical(statement) == canonical_json(statement)
    assert recount.canonical(document) == canonical_json(document)
    assert recount.answer_text(document, choice) == answer_text(definition, choice)
    contract = address("0x" + "5a" * 20)
    domain = Domain(voting.DOMAIN_NAME, 31_337, contract)
    message: TypedData = voting.wallet_message(definition, domain, statement)
    evidence = {"chain_id": "31337", "contract": contract.lower()}
    digest = recount.wallet_digest(document, statement, evidence)
    assert digest == message.digest()
    signature = bytes(WALLET.sign_message(message.signable()).signature)
    assert signer_of(message, signature) == WALLET.address
    assert recount.account_of(digest, signature) == WALLET.address.lower()
    other = signature[:64] + bytes([55 - signature[64]])
    assert recount.account_of(digest, other) != WALLET.address.lower()


def _signed(kind: str, evidence: dict[str, Any], document: Any) -> dict[str, Any]:
    """A ballot with this evidence, its hashes as they should be."""
    ballot = {"choice": [0], "salt": "00" * 32, "version": 1, "voter": "ab" * 32, "kind": kind}
    digest = hashlib.sha256(canonical_json(evidence)).hexdigest()
    said = recount.statement_of(document, ballot)
    content = canonical_json({**said, "kind": kind, "evidence": digest})
    commitment = hashlib.sha256(content).hexdigest()
    return {
        **ballot,
        "evidence": evidence,
        "evidence_digest": digest,
        "commitment": commitment,
    }


def test_ballots_that_are_signed_by_others(monkeypatch: pytest.MonkeyPatch) -> None:
    document: Any = _definition("What", ("a", "b"), Method.SINGLE).document()
    place = {"chain_id": "1", "contract": "0x" + "5a" * 20, "address": WALLET.address.lower()}
    plain = _signed("wallet", {**place, "signature": ""}, document)
    digest = recount.wallet_digest(document, recount.statement_of(document, plain), place)
    signature = bytes(WALLET.unsafe_sign_hash(digest).signature).hex()
    good = {**place, "signature": signature}

    def kind_of(kind: str, evidence: dict[str, Any], rpc: str | None = None) -> str:
        return recount.check_ballot(document, _signed(kind, evidence, document), rpc, "it")

    assert kind_of("wallet", good) == "wallet"
    with pytest.raises(recount.Fault, match="it is not signed by the wallet it names"):
        kind_of("wallet", {**good, "address": "0x" + "11" * 20})
    with pytest.raises(recount.Fault, match="it is not signed by the wallet it names"):
        kind_of("wallet", {**good, "chain_id": "2"})
    with pytest.raises(recount.Fault, match="it is of a kind that there is not"):
        kind_of("word", good)
    asked = {**good, "block_number": 5}
    assert kind_of("contract", asked) == "unasked"
    monkeypatch.setattr(
        recount, "_ask", lambda _, method, __: {"eth_chainId": "0x1"}.get(method, "0x")
    )
    with pytest.raises(recount.Fault, match="it is not stood by by the contract wallet"):
        kind_of("contract", asked, "http://node")
    yes = "0x1626ba7e" + "0" * 56
    monkeypatch.setattr(
        recount, "_ask", lambda _, method, __: {"eth_chainId": "0x1"}.get(method, yes)
    )
    assert kind_of("contract", asked, "http://node") == "contract"


def test_signatures_of_nobody() -> None:
    digest = bytes(32)
    good = bytes(WALLET.unsafe_sign_hash(digest).signature)
    assert recount.account_of(digest, good) == WALLET.address.lower()
    order = recount._K1[3]
    upper = (order - int.from_bytes(good[32:64], "big")).to_bytes(32, "big")
    for wrong in (
        good[:64],
        good[:64] + b"\x00",
        bytes(64) + b"\x1b",
        good[:32] + upper + bytes([55 - good[64]]),
        (5).to_bytes(32, "big") + good[32:],
    ):
        assert recount.account_of(digest, wrong) != WALLET.address.lower()


def test_the_keepers_signature() -> None:
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"keeper").digest())
    key = private.public_key().public_bytes_raw().hex()
    document = {"poll": "pol_x", "опрос": "текст"}
    message = b"vklad.pollsign.1" + hashlib.sha256(canonical_json(document)).digest()
    seal = {"key": key, "signature": private.sign(message).hex()}
    recount.check_seal(document, seal, key, "it")
    recount.check_seal(document, None, None, "it")
    for wrong, known in (
        ({**seal, "signature": "00" * 64}, None),
        ({**seal, "key": "00" * 32}, None),
        ({**seal, "key": "ff" * 32}, None),
        ({**seal, "signature": seal["signature"][:64] + "ff" * 32}, None),
        (seal, "00" * 32),
        (None, key),
    ):
        with pytest.raises(recount.Fault):
            recount.check_seal(document, wrong, known, "it")
    with pytest.raises(recount.Fault):
        recount.check_seal({**document, "poll": "pol_y"}, seal, key, "it")


@pytest.mark.parametrize("text", ["00" * 31, "AB" * 32, 5, "zz"])
def test_what_is_no_hex(text: Any) -> None:
    with pytest.raises((recount.Fault, ValueError)):
        recount.unhex(text, 32)


@pytest.mark.parametrize("text", ["", "-1", "1.0", "01", "1" * 79, "١", 1, None])
def test_what_is_no_weight(text: Any) -> None:
    with pytest.raises(recount.Fault):
        recount.weight_of(text)


@pytest.mark.parametrize("text", ['{"a": 1, "a": 1}', "1.5", "NaN", "Infinity"])
def test_files_mean_one_thing(text: str) -> None:
    with pytest.raises(recount.Fault):
        recount.parse(text.encode())


def test_a_pseudonym_commits_to_the_member() -> None:
    poll_id, salt = UUID(int=7), bytes(32)
    names = {
        model.pseudonym_of(poll, member, some)
        for poll in (poll_id, UUID(int=8))
        for member in (UUID(int=1), UUID(int=2))
        for some in (salt, b"\x01" * 32)
    }
    assert len(names) == 8
