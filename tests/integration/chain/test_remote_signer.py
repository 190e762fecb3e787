"""The remote signer against one that keeps its word and against several that do not."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from traceback import format_exception
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from ledger.kernel.units import TokenUnits
from oracle.chain.remote_signer import RemoteSigner, SignerDisagrees, SignerUnavailable
from oracle.chain.signer import DEPLOYMENT, LocalSigner
from oracle.chain.typed_data import Domain, TypedData, redemption, signer_of
from oracle.contracts.abi import Address
from oracle.sender.model import Fees, SenderRole
from oracle.sender.ports import TypedTransaction
from tests.support.web3signer import web3signer

KEY = Account.from_key(b"\x33" * 32)
OTHER = Account.from_key(b"\x44" * 32)
TO = Address("0x5FbDB2315678afecb367f032d93F642f64180aa3")
TRANSACTION = TypedTransaction(
    chain_id=31_337,
    role=SenderRole.POSTER,
    kind="test",
    nonce=3,
    to=TO,
    calldata=b"\1\2\3",
    value_wei=0,
    gas_limit=60_000,
    fees=Fees(100, 10),
)
NUMBERS = {"type", "chainId", "nonce", "value", "gas", "maxFeePerGas", "maxPriorityFeePerGas"}

Answer = Callable[[str, list[Any]], Any]


def honest(method: str, parameters: list[Any], key: Any = KEY, **changes: Any) -> Any:
    if method == "eth_accounts":
        return [KEY.address.lower()]
    [asked] = parameters
    assert asked.pop("from") == KEY.address
    fields = {k: int(str(v), 16) if k in NUMBERS else v for k, v in asked.items()}
    fields = {"type": 2, "chainId": TRANSACTION.chain_id} | fields | changes
    fields = {name: value for name, value in fields.items() if value is not None}
    return "0x" + bytes(key.sign_transaction(fields).raw_transaction).hex()


@contextmanager
def signer(answer: Answer) -> Iterator[RemoteSigner]:
    """A signer that answers as told, on the poster's path only."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body: dict[str, Any] = {"jsonrpc": "2.0", "id": 1}
            try:
                body["result"] = answer(question["method"], question["params"])
            except LookupError as refusal:
                body["error"] = {"code": -32000, "message": str(refusal)}
            sent = json.dumps(body).encode()
            self.send_response(200 if self.path == "/keys/poster" else 404)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield RemoteSigner(f"http://127.0.0.1:{server.server_port}/keys/{{role}}")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.mark.parametrize(
    "asked",
    [
        TRANSACTION,
        replace(TRANSACTION, to=DEPLOYMENT),
        replace(TRANSACTION, calldata=b"", nonce=0),
        replace(TRANSACTION, value_wei=10**18, fees=Fees(0, 0)),
    ],
)
def test_web3signer_signs_what_the_local_one_signs(asked: TypedTransaction) -> None:
    with web3signer([KEY], TRANSACTION.chain_id) as real:
        remote = RemoteSigner(real.url)
        assert remote.address(SenderRole.POSTER) == KEY.address
        assert remote.sign(asked) == LocalSigner({SenderRole.POSTER: KEY}).sign(asked)
        assert real.asked == ["eth_accounts", "eth_signTransaction"], "an account is asked once"
        assert real.faults == []


def test_a_web3signer_of_another_chain_is_noticed() -> None:
    with (
        web3signer([KEY], 1) as real,
        pytest.raises(SignerDisagrees, match="field chainId"),
    ):
        RemoteSigner(real.url).sign(TRANSACTION)


def test_one_web3signer_for_several_roles_needs_their_accounts() -> None:
    stated = {
        SenderRole.POSTER: Address(KEY.address),
        SenderRole.WATCHER: Address(OTHER.address),
        SenderRole.RELAYER: Address(TO),
    }
    with web3signer([OTHER, KEY], TRANSACTION.chain_id) as real:
        remote = RemoteSigner(real.url, stated)
        assert remote.sign(TRANSACTION) == LocalSigner({SenderRole.POSTER: KEY}).sign(TRANSACTION)
        assert remote.address(SenderRole.WATCHER) == OTHER.address
        with pytest.raises(SignerDisagrees, match=f"must serve {TO} for the relayer"):
            remote.address(SenderRole.RELAYER)
        with pytest.raises(SignerDisagrees, match="must serve exactly one account"):
            RemoteSigner(real.url).address(SenderRole.POSTER)
    with web3signer([KEY], TRANSACTION.chain_id) as real:
        remote = RemoteSigner(real.url)
        assert remote.address(SenderRole.POSTER) == KEY.address
        with pytest.raises(SignerDisagrees, match="and for another role"):
            remote.address(SenderRole.WATCHER)


def test_a_refusal_of_web3signer_is_passed_on_in_its_words() -> None:
    with web3signer([KEY], TRANSACTION.chain_id) as real:
        remote = RemoteSigner(real.url)
        remote.address(SenderRole.POSTER)
        real.keys = [OTHER]
        with pytest.raises(SignerUnavailable, match=r"400.*No unlocked account matches the Sender"):
            remote.sign(TRANSACTION)


SECRET = "of" + "the" + "signer"  # In one piece it stands in no line that a traceback shows.


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        (f"http://vklad:{SECRET}@127.0.0.1:9/{{role}}", "ConnectError"),
        (f"{SECRET}/{{role}}", "UnsupportedProtocol"),
        (f"http://{SECRET}:port", "InvalidURL"),
    ],
)
def test_the_address_of_a_signer_is_in_no_message(url: str, kind: str) -> None:
    with pytest.raises(SignerUnavailable, match=kind) as told:
        RemoteSigner(url).address(SenderRole.POSTER)
    assert SECRET not in "".join(format_exception(told.value))


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("to", OTHER.address),
        ("value", 1),
        ("data", "0x010204"),
        ("nonce", 4),
        ("chainId", 1),
        ("gas", 60_001),
        ("maxFeePerGas", 101),
        ("maxPriorityFeePerGas", 11),
        ("accessList", [{"address": OTHER.address, "storageKeys": []}]),
        ("to", None),
        ("data", None),
    ],
)
def test_a_changed_field_is_noticed(field: str, changed: Any) -> None:
    def lying(method: str, parameters: list[Any]) -> Any:
        return honest(method, parameters, **{field: changed})

    with signer(lying) as remote, pytest.raises(SignerDisagrees, match=f"field {field}"):
        remote.sign(TRANSACTION)


LEGACY = {"type": None, "maxFeePerGas": None, "maxPriorityFeePerGas": None, "gasPrice": 100}


@pytest.mark.parametrize(
    ("changes", "words"),
    [(LEGACY, "no typed transaction"), (LEGACY | {"type": 1, "accessList": []}, "field type")],
)
def test_another_type_of_transaction_is_noticed(changes: dict[str, Any], words: str) -> None:
    def lying(method: str, parameters: list[Any]) -> Any:
        return honest(method, parameters, **changes)

    with signer(lying) as remote, pytest.raises(SignerDisagrees, match=words):
        remote.sign(TRANSACTION)


@pytest.mark.parametrize("at", [-1, -40, 10])
def test_a_changed_byte_is_noticed(at: int) -> None:
    def lying(method: str, parameters: list[Any]) -> Any:
        answer = honest(method, parameters)
        if method == "eth_accounts":
            return answer
        raw = bytearray.fromhex(answer.removeprefix("0x"))
        raw[at] ^= 1
        return f"0x{raw.hex()}"

    with signer(lying) as remote, pytest.raises(SignerDisagrees):
        remote.sign(TRANSACTION)


def test_another_key_is_noticed() -> None:
    with (
        signer(lambda method, parameters: honest(method, parameters, key=OTHER)) as remote,
        pytest.raises(SignerDisagrees, match="key of"),
    ):
        remote.sign(TRANSACTION)


@pytest.mark.parametrize("accounts", [[], [KEY.address, OTHER.address], ["0x12"], None, 5])
def test_a_role_has_one_account(accounts: Any) -> None:
    with signer(lambda _method, _parameters: accounts) as remote, pytest.raises(SignerDisagrees):
        remote.address(SenderRole.POSTER)


@pytest.mark.parametrize("answer", ["", "0x", "0x02", "nonsense", "0xc0", None])
def test_what_is_no_transaction_is_noticed(answer: Any) -> None:
    def babbling(method: str, parameters: list[Any]) -> Any:
        return answer if method == "eth_signTransaction" else honest(method, parameters)

    with signer(babbling) as remote, pytest.raises(SignerDisagrees):
        remote.sign(TRANSACTION)


def test_a_refusal_and_silence_are_unavailable() -> None:
    def refusing(_method: str, _parameters: list[Any]) -> Any:
        raise LookupError("not on my list")

    with signer(refusing) as remote:
        with pytest.raises(SignerUnavailable, match="not on my list"):
            remote.address(SenderRole.POSTER)
        with pytest.raises(SignerUnavailable):
            remote.address(SenderRole.WATCHER)
    with pytest.raises(SignerUnavailable):
        remote.address(SenderRole.POSTER)


def _message() -> TypedData:
    return redemption(
        Domain("Test", 31_337, TO),
        holder=Address(KEY.address),
        amount=TokenUnits(5),
        reference=bytes(32),
        nonce=1,
        deadline_s=9,
    )


def _signs_messages_with(key: Any) -> Answer:
    def answer(method: str, parameters: list[Any]) -> Any:
        if method == "eth_accounts":
            return [KEY.address]
        assert (method, parameters[0]) == ("eth_signTypedData", KEY.address)
        signable = encode_typed_data(full_message=json.loads(parameters[1]))
        return "0x" + bytes(key.sign_message(signable).signature).hex()

    return answer


def test_web3signer_signs_a_typed_message() -> None:
    local = LocalSigner({SenderRole.POSTER: KEY})
    with web3signer([KEY], TRANSACTION.chain_id) as real:
        signature = RemoteSigner(real.url).sign_message(SenderRole.POSTER, _message())
        assert real.faults == []
    assert signature == local.sign_message(SenderRole.POSTER, _message())


def test_a_typed_message_is_signed_by_the_roles_account_or_not_at_all() -> None:
    with signer(_signs_messages_with(KEY)) as remote:
        signature = remote.sign_message(SenderRole.POSTER, _message())
    assert signer_of(_message(), signature) == KEY.address
    assert signature == LocalSigner({SenderRole.POSTER: KEY}).sign_message(
        SenderRole.POSTER, _message()
    )
    with (
        signer(_signs_messages_with(OTHER)) as remote,
        pytest.raises(SignerDisagrees, match="the key of"),
    ):
        remote.sign_message(SenderRole.POSTER, _message())
    with (
        signer(lambda method, _: [KEY.address] if method == "eth_accounts" else "0x11") as remote,
        pytest.raises(SignerDisagrees, match="no signature"),
    ):
        remote.sign_message(SenderRole.POSTER, _message())
