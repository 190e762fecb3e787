"""The demo's voter: links a wallet, carries points on chain, delegates to itself, proposes.

Signs as a wallet does and pays no gas. What it proposes is a resolution in words, so that there is
something to vote on; nothing in force changes by it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any, Final

from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from eth_account.signers.local import LocalAccount

from api.demo.client import Person

POINTS: Final = 50
POLL_S: Final = 0.5
TITLE: Final = "Открытые разборы по средам / Open reviews on Wednesdays"
BODY: Final = (
    "Раз в неделю разбираем работы друг друга при всех желающих.\n\n"
    "Once a week we review each other's work in front of whoever wants to come."
)


class Unanswered(Exception):
    """The chain did not do its part in time."""


def propose(person: Person, secret: str, wait_s: int) -> None:
    """Make the proposal, whatever of the way to it was done before.

    Raises:
        DoorClosed: a door answered otherwise than expected.
        Unanswered: tokens or votes did not arrive within ``wait_s`` seconds.
    """
    digest = hashlib.sha256(f"demo wallet {secret}".encode()).digest()
    key: LocalAccount = Account.from_key(digest)
    if person.find("/v1/wallet") is None:
        asked = person.post("/v1/wallet/challenge", {"address": key.address})
        message = asked["message"]
        signature = _hex(key.sign_message(encode_defunct(text=message)).signature)
        person.put("/v1/wallet", {"message": message, "signature": signature})
    if not int(person.get("/v1/voting-power")["tokens"]):
        _wait(lambda: person.get("/v1/balances")["available"] >= POINTS, wait_s)
        person.post("/v1/bridge/requests", {"points": POINTS})
    _wait(lambda: int(person.get("/v1/voting-power")["tokens"]), wait_s)
    if not int(person.get("/v1/voting-power")["votes"]):
        asked = person.get("/v1/delegation-message")
        body = {name: asked[name] for name in ("delegatee", "nonce", "expiry")}
        body["signature"] = _sign(key, asked["typed_data"])
        person.post("/v1/delegations", body)
    _wait(lambda: person.get("/v1/voting-power")["may_propose"], wait_s)
    draft = {"kind": "text", "title": TITLE, "body": BODY}
    asked = person.post("/v1/proposal-messages", draft)
    person.post(
        "/v1/proposals",
        {
            **draft,
            "replaces": asked["replaces"],
            "deadline": asked["deadline"],
            "signature": _sign(key, asked["typed_data"]),
        },
    )


def _sign(key: LocalAccount, typed: dict[str, Any]) -> str:
    fields = typed["types"][typed["primaryType"]]
    message = {
        field["name"]: _value(field["type"], typed["message"][field["name"]]) for field in fields
    }
    signable = encode_typed_data(full_message={**typed, "message": message})
    return _hex(key.sign_message(signable).signature)


def _value(kind: str, value: Any) -> Any:
    """JSON carries integers and bytes as text."""
    if kind.endswith("[]"):
        return [_value(kind[:-2], each) for each in value]
    if kind.startswith("uint"):
        return int(value)
    return bytes.fromhex(value.removeprefix("0x")) if kind.startswith("bytes") else value


def _hex(raw: bytes) -> str:
    return f"0x{raw.hex()}"


def _wait(look: Callable[[], object], wait_s: int) -> None:
    for _ in range(int(wait_s / POLL_S)):
        if look():
            return
        time.sleep(POLL_S)
    raise Unanswered(f"Nothing arrived within {wait_s} seconds; see the worker's log.")
