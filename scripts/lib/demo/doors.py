"""An installation's doors as its users have them: HTTP with a role's credentials, JSON-RPC."""
# ruff: noqa: TID251 - a program of its own, which imports nothing of ours, not even the clock

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from typing import Any, Final
from urllib.parse import quote

import httpx
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from eth_account.signers.local import LocalAccount

TIMEOUT_S: Final = 30
TRIES_MAX: Final = 60
WAIT_S: Final = 90
SCORED_S: Final = 180
SETTLING_S: Final = 1.5
SAY_EVERY_S: Final = 15
_INPUT: Final = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


class StepFailed(Exception):
    """What a step relies on is not so."""


class SabotageFailed(Exception):
    """The damage itself could not be done, so that what follows would prove nothing."""


@contextmanager
def damaging() -> Iterator[None]:
    """Around what a sabotage does beside its step: if that fails, the step has not."""
    try:
        yield
    except StepFailed as failure:
        raise SabotageFailed(str(failure)) from failure


def expect(truth: object, sentence: str) -> None:
    """Fail the step unless ``truth`` holds."""
    if not truth:
        raise StepFailed(sentence)


@dataclass
class Patience:
    """How many times as long as on a local chain to wait for anything."""

    times: float = 1


PATIENCE: Final = Patience()


def wait_for(what: str, look: Callable[[], Any], *, seconds: float = WAIT_S) -> Any:
    """Look until there is something to see; the thing seen. ``seconds`` are a local chain's."""
    patience_s = seconds * PATIENCE.times
    began = said = time.monotonic()
    while time.monotonic() < began + patience_s:
        found = look()
        if found:
            return found
        if time.monotonic() > said + SAY_EVERY_S:
            said = time.monotonic()
            waited = f"{said - began:.0f} s of at most {patience_s:.0f}"
            print(f"    … waiting for {what}: {waited}", file=sys.stderr, flush=True)
        time.sleep(0.4)
    raise StepFailed(f"waited {patience_s:.0f} s in vain for {what}")


def good(answer: httpx.Response) -> httpx.Response:
    """Fail the step unless the door let us in."""
    if answer.is_error:
        asked = f"{answer.request.method} {answer.request.url.path}"
        raise StepFailed(f"{asked} answered {answer.status_code}: {answer.text[:300]}")
    return answer


class Person:
    """A browser in which somebody signed in at the demo's issuer."""

    def __init__(self, base_url: str, subject: str) -> None:
        self.subject = subject
        self.http = httpx.Client(base_url=base_url, timeout=TIMEOUT_S, follow_redirects=True)
        self.csrf = ""
        self._sign_in()

    def _sign_in(self) -> None:
        for _ in range(TRIES_MAX):
            page = self.http.get("/sign-in/start", params={"return_to": "/"})
            if page.status_code != httpx.codes.TOO_MANY_REQUESTS:
                fields = {name: unescape(value) for name, value in _INPUT.findall(good(page).text)}
                form = {**fields, "person": self.subject, "language": "ru"}
                landed = self.http.post(str(page.url.copy_with(query=None)), data=form)
                if landed.status_code != httpx.codes.TOO_MANY_REQUESTS:
                    good(landed)
                    break
            time.sleep(1)
        self.csrf = self.get("/v1/session")["csrf"]

    def get(self, path: str) -> Any:
        """A JSON answer for this person."""
        return good(self.http.get(path)).json()

    def page(self, path: str) -> str:
        """A page as this person sees it."""
        return good(self.http.get(path)).text

    def send(
        self, method: str, path: str, body: Any = None, key: str | None = None
    ) -> httpx.Response:
        """Ask for a change; the answer may be a refusal."""
        headers = {"x-csrf-token": self.csrf, "Idempotency-Key": key or secrets.token_urlsafe(16)}
        return self.http.request(method, path, json=body, headers=headers)

    def post(self, path: str, body: Any = None) -> Any:
        """Ask for a change that must be made."""
        answer = good(self.send("POST", path, body or {}))
        return answer.json() if answer.content else None


def are_scored(people: Sequence[Person]) -> bool:
    """Whether everybody has awards, and no more of them for a while: what came before is scored."""

    def seen() -> list[Any]:
        return [person.get("/v1/awards?limit=100")["data"] for person in people]

    before = seen()
    time.sleep(SETTLING_S)
    return all(before) and before == seen()


@dataclass
class School:
    """An LMS with a source of its own: signs events and orders, captures and refunds."""

    base_url: str
    name: str
    uri: str
    secret: str
    api_key: str

    def deliver(self, event: dict[str, Any], *, secret: str | None = None) -> httpx.Response:
        """A CloudEvent by Standard Webhooks."""
        body = json.dumps({"specversion": "1.0", "source": self.uri, **event}).encode()
        moment = str(int(time.time()))
        key = base64.b64decode((secret or self.secret).removeprefix("whsec_"))
        signed = f"{event['id']}.{moment}.".encode() + body
        mac = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        headers = {
            "content-type": "application/cloudevents+json",
            "webhook-id": event["id"],
            "webhook-timestamp": moment,
            "webhook-signature": f"v1,{mac}",
        }
        url = f"{self.base_url}/v1/webhooks/{self.name}"
        return httpx.post(url, content=body, headers=headers, timeout=TIMEOUT_S)

    def order(self, buyer: str, number: str, price_minor: int) -> str:
        """A signed order (a JSON Web Signature with HS256)."""
        now = int(time.time())
        line = {"id": "1", "product": "course:practice", "price_minor": price_minor}
        claims = {
            "sub": f"lms:{buyer}",
            "order": number,
            "iat": now,
            "exp": now + 3600,
            "currency": "RUB",
            "lines": [line],
        }
        header = {"alg": "HS256", "kid": self.name, "typ": "vklad-order+jwt"}
        signed = f"{_b64(header)}.{_b64(claims)}"
        mac = hmac.digest(self.secret.encode(), signed.encode(), hashlib.sha256)
        return f"{signed}.{_raw64(mac)}"

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Ask, as a machine, for a change that must be made."""
        headers = {
            "Authorization": f"Bearer {self.api_key}",
            "Idempotency-Key": secrets.token_urlsafe(16),
        }
        return good(
            httpx.post(self.base_url + path, json=body, headers=headers, timeout=TIMEOUT_S)
        ).json()


@dataclass
class Node:
    """The chain by JSON-RPC."""

    url: str

    def ask(self, method: str, *parameters: Any) -> Any:
        """One call; its result."""
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)}
        answer = good(httpx.post(self.url, json=body, timeout=TIMEOUT_S)).json()
        expect("error" not in answer, f"{method}: {answer.get('error')}")
        return answer["result"]

    def call(self, to: str, selector: str, *words: str) -> int:
        """An eth_call of a view function with static arguments, as a number."""
        data = selector + "".join(word.removeprefix("0x").rjust(64, "0") for word in words)
        return int(self.ask("eth_call", {"to": to, "data": data}, "latest"), 16)


def wallet_of(seed: str) -> LocalAccount:
    """A key that only this run knows."""
    account: LocalAccount = Account.from_key(hashlib.sha256(seed.encode()).digest())
    return account


def sign_text(key: LocalAccount, message: str) -> str:
    """EIP-191, as a wallet's personal_sign."""
    return "0x" + key.sign_message(encode_defunct(text=message)).signature.hex().removeprefix("0x")


def sign_typed(key: LocalAccount, typed: dict[str, Any]) -> str:
    """EIP-712, as a wallet's eth_signTypedData_v4."""
    message = dict(typed["message"])
    for field in typed["types"][typed["primaryType"]]:
        kind, value = field["type"], message[field["name"]]
        message[field["name"]] = _value(kind, value)
    signable = encode_typed_data(full_message={**typed, "message": message})
    return "0x" + key.sign_message(signable).signature.hex().removeprefix("0x")


def now_text() -> str:
    """The present as RFC 3339, in whole seconds as the chain counts."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment_text() -> str:
    """The present as RFC 3339 to the microsecond: a second cut short may be before a change."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def quoted(text: str) -> str:
    """For a query."""
    return quote(text, safe="")


def _value(kind: str, value: Any) -> Any:
    if kind.endswith("[]"):
        return [_value(kind[:-2], each) for each in value]
    if kind.startswith("uint"):
        return int(value)
    if kind.startswith("bytes"):
        return bytes.fromhex(value.removeprefix("0x"))
    return value


def _b64(value: dict[str, Any]) -> str:
    return _raw64(json.dumps(value, separators=(",", ":"), sort_keys=True).encode())


def _raw64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
