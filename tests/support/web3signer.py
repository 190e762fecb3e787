"""A small web3signer (its mode `eth1`): as strict as the real one, and stricter where it is lax.

Written from its documentation (docs.web3signer.consensys.io, JSON-RPC and REST API) and its
behaviour: JSON-RPC is answered at ``POST /`` alone, any other path goes to the node behind it; the
chain is a setting; refusals come with status 400. What it would pass over, unknown fields and
quantities written in another form, is refused here, so that ours stay exactly what is documented.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount

ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
QUANTITY = re.compile(r"0x(0|[1-9a-f][0-9a-f]*)")
BYTES = re.compile(r"0x([0-9a-f]{2})*")
FIELDS: Mapping[str, re.Pattern[str]] = {
    "from": ADDRESS,
    "to": ADDRESS,
    "gas": QUANTITY,
    "maxFeePerGas": QUANTITY,
    "maxPriorityFeePerGas": QUANTITY,
    "nonce": QUANTITY,
    "value": QUANTITY,
    "data": BYTES,
}
INVALID_PARAMS = (-32602, "Invalid params")
NO_ACCOUNT = (-32000, "No unlocked account matches the Sender")
METHOD_NOT_FOUND = (-32601, "Method not found")


class Refused(Exception):
    """A JSON-RPC error, and why the test's author may find it."""

    def __init__(self, code_and_words: tuple[int, str], why: str) -> None:
        self.code, self.words = code_and_words
        super().__init__(why)


@dataclass
class Web3Signer:
    """Its keys and its chain; `asked` are the methods, `faults` each refusal with its cause."""

    keys: Sequence[LocalAccount]
    chain_id: int
    url: str = ""
    asked: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def answer(self, question: Any) -> Any:
        """What a JSON-RPC question is answered with."""
        if set(question) != {"jsonrpc", "id", "method", "params"} or question["jsonrpc"] != "2.0":
            raise Refused((-32600, "Invalid Request"), f"no JSON-RPC: {sorted(question)}")
        method, parameters = question["method"], question["params"]
        self.asked.append(method)
        if method == "eth_accounts" and parameters == []:
            return [key.address.lower() for key in self.keys]
        if method == "eth_signTransaction":
            return self.sign_transaction(parameters)
        if method == "eth_signTypedData":
            return self.sign_typed_data(parameters)
        raise Refused(METHOD_NOT_FOUND, f"{method} of {parameters}")

    def sign_transaction(self, parameters: Any) -> str:
        """One object, of the documented fields in the documented forms; a nonce is required."""
        if not isinstance(parameters, list) or len(parameters) != 1:
            raise Refused(INVALID_PARAMS, "not one parameter")
        [asked] = parameters
        for name, value in asked.items():
            if name not in FIELDS:
                raise Refused(INVALID_PARAMS, f"the unknown field {name}")
            if not isinstance(value, str) or not FIELDS[name].fullmatch(value):
                raise Refused(INVALID_PARAMS, f"the form of {name}: {value!r}")
        missing = set(FIELDS) - {"to"} - set(asked)
        if missing:
            raise Refused(INVALID_PARAMS, f"without {sorted(missing)}")
        key = self.key_of(asked["from"])
        read = {"type": 2, "chainId": self.chain_id, "data": asked["data"]}
        read |= {n: int(v, 16) for n, v in asked.items() if FIELDS[n] is QUANTITY}
        read |= {"to": asked["to"]} if "to" in asked else {}
        return "0x" + bytes(key.sign_transaction(read).raw_transaction).hex()

    def sign_typed_data(self, parameters: Any) -> str:
        """An address, and the message as JSON in a text."""
        if not isinstance(parameters, list) or len(parameters) != 2:
            raise Refused(INVALID_PARAMS, "not two parameters")
        account, message = parameters
        if not isinstance(account, str) or not isinstance(message, str):
            raise Refused(INVALID_PARAMS, "an address and a text are wanted")
        read = json.loads(message)
        if set(read) != {"types", "primaryType", "domain", "message"}:
            raise Refused(INVALID_PARAMS, f"the message has {sorted(read)}")
        if "EIP712Domain" not in read["types"]:
            raise Refused(INVALID_PARAMS, "the domain has no type")
        signable = encode_typed_data(full_message=_with_numbers(read))
        return "0x" + bytes(self.key_of(account).sign_message(signable).signature).hex()

    def key_of(self, account: str) -> LocalAccount:
        """The key of an account, in whatever case it is written."""
        for key in self.keys:
            if key.address.lower() == account.lower():
                return key
        raise Refused(NO_ACCOUNT, account)


@contextmanager
def web3signer(keys: Sequence[LocalAccount], chain_id: int) -> Iterator[Web3Signer]:
    """One that runs on a port of its own."""
    signer = Web3Signer(keys, chain_id)

    class Handler(_Handler):
        served = signer

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    signer.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield signer
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    served: ClassVar[Web3Signer]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path != "/" or self.headers["Content-Type"] != "application/json":
            self.served.faults.append(f"POST {self.path} of {self.headers['Content-Type']}")
            self._send(502, b"", "text/plain")
            return
        question = json.loads(body)
        told: dict[str, Any] = {"jsonrpc": "2.0", "id": question.get("id")}
        status = 200
        try:
            told["result"] = self.served.answer(question)
        except Refused as refusal:
            self.served.faults.append(str(refusal))
            told["error"] = {"code": refusal.code, "message": refusal.words}
            status = 400
        self._send(status, json.dumps(told).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _with_numbers(message: dict[str, Any]) -> dict[str, Any]:
    """Integers out of the text they travel in, and bytes out of hex, as web3j reads them."""
    kinds = {each["name"]: each["type"] for each in message["types"][message["primaryType"]]}
    read = {name: _read(kinds[name], value) for name, value in message["message"].items()}
    return message | {"message": read}


def _read(kind: str, value: Any) -> Any:
    if kind.endswith("[]"):
        return [_read(kind.removesuffix("[]"), each) for each in value]
    if kind.startswith("uint"):
        return int(value)
    return bytes.fromhex(value.removeprefix("0x")) if kind.startswith("bytes") else value
