"""A browser and an LMS as the demo plays them: HTTP through the public doors, nothing else.

Knows the product only by its addresses. Every request has a timeout; a refusal is an exception with
the answer in it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from html import unescape
from typing import Any, Final

import httpx
from joserfc import jwt
from joserfc.jwk import OctKey

from ledger.kernel.clock import Clock

TIMEOUT_S: Final = 30
TRIES_MAX: Final = 60
LINK_LIFE_S: Final = 300
_INPUT: Final = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


class DoorClosed(Exception):
    """A door answered otherwise than the demo expects."""

    def __init__(self, answer: httpx.Response) -> None:
        """Keep what was asked and what was answered."""
        request = answer.request
        limited = answer.status_code == httpx.codes.TOO_MANY_REQUESTS
        self.wait_s = int(answer.headers.get("retry-after", "1")) if limited else None
        """Seconds to wait before asking again, where the door only asks for patience."""
        super().__init__(
            f"{request.method} {request.url} answered {answer.status_code}: {answer.text[:400]}"
        )


class Person:
    """Somebody signed in with a browser's session."""

    def __init__(self, base_url: str, subject: str) -> None:
        """Sign in as a person of the demo's issuer."""
        self.subject = subject
        self._http = httpx.Client(base_url=base_url, timeout=TIMEOUT_S, follow_redirects=True)
        self._csrf = ""
        self.sign_in()

    def sign_in(self) -> None:
        """Go through the issuer's page as a browser would; wait where the door says so."""
        for _ in range(TRIES_MAX):
            try:
                self._sign_in()
            except DoorClosed as closed:
                if closed.wait_s is None:
                    raise
                time.sleep(closed.wait_s)
            else:
                return

    def _sign_in(self) -> None:
        page = _good(self._http.get("/sign-in/start", params={"return_to": "/"}))
        fields = {name: unescape(value) for name, value in _INPUT.findall(page.text)}
        issuer = str(page.url.copy_with(query=None))
        form = {**fields, "person": self.subject, "language": "ru"}
        _good(self._http.post(issuer, data=form))
        self._csrf = self.get("/v1/session")["csrf"]

    def get(self, path: str) -> dict[str, Any]:
        """A JSON answer."""
        found: dict[str, Any] = _patiently(lambda: self._http.get(path)).json()
        return found

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A JSON request with everything an unsafe one needs."""
        headers = {"x-csrf-token": self._csrf, "Idempotency-Key": secrets.token_urlsafe(16)}
        answer = _patiently(lambda: self._http.post(path, json=body or {}, headers=headers))
        return dict(answer.json()) if answer.content else {}

    def find(self, path: str) -> dict[str, Any] | None:
        """As :meth:`get`; ``None`` where there is nothing."""
        answer = self._http.get(path)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        return dict(_good(answer).json())

    def put(self, path: str, body: Mapping[str, Any]) -> None:
        """A JSON request that replaces something."""
        _good(self._http.put(path, json=body, headers={"x-csrf-token": self._csrf}))

    def submit(self, path: str, fields: Mapping[str, str]) -> None:
        """A form of a page."""
        form = {**fields, "csrf": self._csrf}
        _patiently(lambda: self._http.post(path, data=form))

    def close(self) -> None:
        """Hang up."""
        self._http.close()


class School:
    """The LMS: signs events and links with the source's secret."""

    def __init__(self, base_url: str, name: str, secret: str, clock: Clock) -> None:
        """``secret`` as ``POST /v1/sources/{name}/secrets`` showed it."""
        self._http = httpx.Client(base_url=base_url, timeout=TIMEOUT_S)
        self._base_url, self._name, self._clock = base_url, name, clock
        self.secret = secret

    def state(self, event: Mapping[str, Any]) -> None:
        """Deliver one CloudEvent by signed webhook (Standard Webhooks)."""
        body = json.dumps(event, ensure_ascii=False).encode()
        delivery = str(event["id"])
        moment = str(int(self._clock.now().timestamp()))
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        mac = hmac.digest(key, f"{delivery}.{moment}.".encode() + body, hashlib.sha256)
        headers = {
            "content-type": "application/cloudevents+json",
            "webhook-id": delivery,
            "webhook-timestamp": moment,
            "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
        }
        path = f"/v1/webhooks/{self._name}"
        _patiently(lambda: self._http.post(path, content=body, headers=headers))

    def state_all(self, events: Sequence[Mapping[str, Any]]) -> None:
        """Deliver several, in order."""
        for event in events:
            self.state(event)

    def link_token(self, subject: str) -> str:
        """What a student is shown in the LMS to link the account with."""
        now = int(self._clock.now().timestamp())
        claims = {
            "iss": self._name,
            "aud": self._base_url,
            "sub": f"lms:{subject}",
            "iat": now,
            "exp": now + LINK_LIFE_S,
            "jti": secrets.token_urlsafe(16),
        }
        header = {"alg": "HS256", "typ": "vklad-link+jwt"}
        return jwt.encode(header, claims, OctKey.import_key(self.secret), algorithms=["HS256"])

    def close(self) -> None:
        """Hang up."""
        self._http.close()


def _patiently(send: Callable[[], httpx.Response]) -> httpx.Response:
    """Send, and send again after the wait that a rate limit asks for."""
    for _ in range(TRIES_MAX - 1):
        try:
            return _good(send())
        except DoorClosed as closed:
            if closed.wait_s is None:
                raise
            time.sleep(closed.wait_s)
    return _good(send())


def _good(answer: httpx.Response) -> httpx.Response:
    if answer.is_error:
        raise DoorClosed(answer)
    return answer
