"""Linking a wallet by EIP-4361: bound to member, session, place and time; used once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import httpx
import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_account.signers.local import LocalAccount
from fastapi import FastAPI

from api.auth.siwe import SiweMessage, compose_message
from api.auth.wallet_place import WalletPlace
from api.auth.wallets import (
    CHALLENGE_LIFE,
    ContractWalletUnsupported,
    Place,
    ProveWallet,
    prove_wallet,
    statement_for,
)
from api.http.app import create_app
from api.http.routes.identities import wallet_place_of
from api.settings import ChainSwitch, Settings
from ledger.kernel.clock import Instant
from ledger.kernel.ids import derived_id, format_id
from ledger.kernel.transaction import Database
from ledger.wallets.service import member_of_wallet, wallet_of
from tests.integration.api_auth.conftest import member_id_of
from tests.support.clock import SetClock
from tests.support.http import ORIGIN, TestParts, client_of
from tests.support.sign_in import Browser

CHAIN_ID = 31337
Browsers = Callable[[], Browser]


@dataclass
class Contracts:
    """Contract wallets by address, each with the signature it stands by."""

    stands: dict[str, bytes] = field(default_factory=dict)

    def stands_by(self, address: str, digest: bytes, signature: bytes) -> bool | None:
        assert len(digest) == 32
        return None if address not in self.stands else signature == self.stands[address]


@pytest.fixture
def contracts() -> Contracts:
    return Contracts()


@pytest.fixture(autouse=True)
def _local_chain(app: FastAPI, contracts: Contracts) -> None:
    app.dependency_overrides[wallet_place_of] = lambda: WalletPlace(
        Place(ORIGIN, CHAIN_ID), contracts
    )


@pytest.fixture
def wallet() -> LocalAccount:
    return Account.from_key("0x" + "11" * 32)


def _code(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


def _headers(browser: Browser) -> dict[str, str]:
    return {"x-csrf-token": browser.csrf}


def _challenge(browser: Browser, address: str) -> str:
    answer = browser.client.post(
        "/v1/wallet/challenge", json={"address": address}, headers=_headers(browser)
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["message"])


def _send(browser: Browser, message: str, signature: str) -> httpx.Response:
    body = {"message": message, "signature": signature}
    return browser.client.put("/v1/wallet", json=body, headers=_headers(browser))


def _sign(wallet: LocalAccount, message: str) -> str:
    return "0x" + wallet.sign_message(encode_defunct(text=message)).signature.hex()


def _link(browser: Browser, wallet: LocalAccount) -> httpx.Response:
    message = _challenge(browser, wallet.address)
    return _send(browser, message, _sign(wallet, message))


def test_a_signed_message_links_the_wallet(
    student: Browser, wallet: LocalAccount, timed: Database
) -> None:
    assert _link(student, wallet).json()["address"] == wallet.address.lower()
    assert student.client.get("/v1/wallet").json() == {"address": wallet.address.lower()}
    with timed.read() as work:
        assert wallet_of(work, member_id_of(student)) == wallet.address.lower()
        assert member_of_wallet(work, wallet.address) == member_id_of(student)


def test_the_message_names_the_member_the_purpose_and_the_place(
    student: Browser, wallet: LocalAccount
) -> None:
    lines = _challenge(student, wallet.address.lower()).split("\n")
    assert lines[0] == "127.0.0.1:8000 wants you to sign in with your Ethereum account:"
    assert lines[1] == wallet.address
    assert format_id("mem", member_id_of(student)) in lines[3]
    assert f"URI: {ORIGIN}/wallet" in lines
    assert f"Chain ID: {CHAIN_ID}" in lines
    assert lines[-1] == "Expiration Time: 2026-03-02T09:10:00Z"


def test_a_message_is_good_once(student: Browser, wallet: LocalAccount) -> None:
    message = _challenge(student, wallet.address)
    signature = _sign(wallet, message)
    assert _send(student, message, signature).status_code == 200
    assert _code(_send(student, message, signature)) == (410, "wallet_challenge_spent")


def test_a_message_ends_after_its_time(
    student: Browser, wallet: LocalAccount, clock: SetClock
) -> None:
    message = _challenge(student, wallet.address)
    clock.forward(CHALLENGE_LIFE)
    assert _code(_send(student, message, _sign(wallet, message))) == (
        410,
        "wallet_challenge_spent",
    )


def test_a_message_is_for_one_session(
    student: Browser, browser: Browsers, wallet: LocalAccount
) -> None:
    message = _challenge(student, wallet.address)
    elsewhere = browser()
    elsewhere.sign_in("student")
    assert _code(_send(elsewhere, message, _sign(wallet, message))) == (
        422,
        "wallet_challenge_unknown",
    )


def test_a_message_is_for_one_member(
    student: Browser, browser: Browsers, wallet: LocalAccount
) -> None:
    message = _challenge(student, wallet.address)
    other = browser()
    other.sign_in("voter")
    answer = _send(other, message, _sign(wallet, message))
    assert (_code(answer), answer.json()["place"]) == (
        (422, "wallet_message_foreign"),
        "statement",
    )


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("127.0.0.1:8000 wants", "evil.example wants", "domain"),
        ("127.0.0.1:8000 wants", "https://127.0.0.1:8000 wants", "scheme"),
        ("Link this wallet", "Pay this wallet", "statement"),
        (f"URI: {ORIGIN}/wallet", "URI: https://evil.example/wallet", "uri"),
        (f"URI: {ORIGIN}/wallet", f"URI: {ORIGIN}/other", "uri"),
        (f"Chain ID: {CHAIN_ID}", "Chain ID: 1", "chain_id"),
        ("09:10:00Z", "10:10:00Z", "expiration_time"),
        ("\nExpiration Time: 2026-03-02T09:10:00Z", "", "expiration_time"),
        ("09:10:00Z", "09:10:00Z\nNot Before: 2020-01-01T00:00:00Z", "not_before"),
        ("09:10:00Z", "09:10:00Z\nRequest ID: x", "request_id"),
        ("09:10:00Z", "09:10:00Z\nResources:\n- https://evil.example", "resources"),
    ],
)
def test_a_message_changed_before_signing_is_refused(
    student: Browser, wallet: LocalAccount, old: str, new: str, place: str
) -> None:
    message = _challenge(student, wallet.address)
    changed = message.replace(old, new)
    assert changed != message
    answer = _send(student, changed, _sign(wallet, changed))
    assert (_code(answer), answer.json()["place"]) == ((422, "wallet_message_foreign"), place)


def test_a_nonce_of_ones_own_making_is_refused(student: Browser, wallet: LocalAccount) -> None:
    message = _challenge(student, wallet.address)
    nonce = message.split("Nonce: ")[1].split("\n")[0]
    changed = message.replace(nonce, "0" * 32)
    assert _code(_send(student, changed, _sign(wallet, changed))) == (
        422,
        "wallet_challenge_unknown",
    )


def test_what_is_no_message_is_refused(student: Browser, wallet: LocalAccount) -> None:
    answer = _send(student, "hello", _sign(wallet, "hello"))
    assert (_code(answer), answer.json()["place"]) == ((422, "siwe_malformed"), "domain")


def test_a_signature_of_another_wallet_is_refused_and_the_message_stays_good(
    student: Browser, wallet: LocalAccount
) -> None:
    message = _challenge(student, wallet.address)
    other = Account.from_key("0x" + "22" * 32)
    assert _code(_send(student, message, _sign(other, message))) == (
        422,
        "wallet_signature_wrong",
    )
    assert _send(student, message, _sign(wallet, message)).status_code == 200


def test_a_damaged_signature_is_refused_at_every_position(
    student: Browser, wallet: LocalAccount
) -> None:
    message = _challenge(student, wallet.address)
    raw = bytes.fromhex(_sign(wallet, message)[2:])
    damaged = [raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :] for at in range(0, 65, 8)]
    for signature in (*damaged, raw[:-1], raw + b"\0", b"", bytes(65)):
        answer = _send(student, message, "0x" + signature.hex())
        assert _code(answer) == (422, "wallet_signature_wrong"), signature.hex()
    assert _code(_send(student, message, "0xzz")) == (422, "wallet_signature_wrong")


@pytest.mark.parametrize("address", ["", "0x12", "0x" + "0" * 40, "0x" + "g" * 40, "me.eth"])
def test_what_is_no_address_is_refused(student: Browser, address: str) -> None:
    answer = student.client.post(
        "/v1/wallet/challenge", json={"address": address}, headers=_headers(student)
    )
    assert _code(answer) == (422, "bad_address")


def test_a_wallet_is_one_members_and_a_member_has_one(
    student: Browser, browser: Browsers, wallet: LocalAccount
) -> None:
    other = browser()
    other.sign_in("voter")
    assert _link(student, wallet).status_code == 200
    assert _code(_link(other, wallet)) == (409, "wallet_taken")
    second = Account.from_key("0x" + "22" * 32)
    assert _code(_link(student, second)) == (409, "wallet_already_linked")
    assert _link(student, wallet).status_code == 200  # The same again is no change.
    removed = student.client.delete("/v1/wallet", headers=_headers(student))
    assert removed.status_code == 204
    assert _code(student.client.get("/v1/wallet")) == (404, "no_wallet")
    assert _code(student.client.delete("/v1/wallet", headers=_headers(student))) == (
        404,
        "no_wallet",
    )
    assert _link(other, wallet).status_code == 200
    assert _link(student, second).status_code == 200


def test_a_contract_wallet_is_asked(
    student: Browser, wallet: LocalAccount, contracts: Contracts
) -> None:
    contracts.stands[wallet.address] = b"whatever the contract accepts"
    message = _challenge(student, wallet.address)
    # Its owner key's signature is worth nothing once there is a contract at the address.
    assert _code(_send(student, message, _sign(wallet, message))) == (
        422,
        "wallet_signature_wrong",
    )
    good = "0x" + contracts.stands[wallet.address].hex()
    assert _send(student, message, good).status_code == 200


def test_without_a_chain_there_is_no_wallet(
    timed: Database, settings: Settings, browser: Browsers, issuer_url: str
) -> None:
    off = settings.model_copy(update={"chain": ChainSwitch.OFF})
    points_only = Browser(client_of(create_app(TestParts(timed, off))), issuer_url)
    points_only.sign_in("student")
    answer = points_only.client.post(
        "/v1/wallet/challenge", json={"address": "0x"}, headers=_headers(points_only)
    )
    assert _code(answer) == (404, "chain_off")


def test_without_a_chain_connection_a_long_signature_is_named(wallet: LocalAccount) -> None:
    member_id = derived_id(SetClock().now(), "member")
    place = Place(ORIGIN, CHAIN_ID)
    message = compose_message(
        SiweMessage(
            domain=place.domain,
            address=wallet.address,
            uri=f"{ORIGIN}/wallet",
            chain_id=CHAIN_ID,
            nonce="0" * 32,
            issued_at=Instant.parse("2026-03-02T09:00:00Z"),
            statement=statement_for(member_id),
            expiration_time=Instant.parse("2026-03-02T09:10:00Z"),
        )
    )
    command = ProveWallet(member_id, bytes(32), place, message, "0x" + "ab" * 97)
    with pytest.raises(ContractWalletUnsupported):
        prove_wallet(command, None)
    assert prove_wallet(replace(command, signature=_sign(wallet, message)), None).nonce == "0" * 32
