"""Signing in as a person of the demo, the way a browser does it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import httpx
import uvicorn
from fastapi import FastAPI


class Browser:
    """A browser's cookies at our site, and the way to the issuer and back."""

    def __init__(self, client: httpx.Client, issuer_url: str) -> None:
        self.client = client
        self.issuer_url = issuer_url

    def begin(self, return_to: str = "/") -> dict[str, str]:
        """Off to the issuer: the parameters of its authorization request."""
        answer = self.client.get("/sign-in/start", params={"return_to": return_to})
        assert answer.status_code == 303, answer.text
        query = parse_qs(urlsplit(answer.headers["location"]).query)
        return {name: values[0] for name, values in query.items()}

    def choose(self, asked: dict[str, str], person: str) -> str:
        """Click on a person: where the issuer sends the browser."""
        fields = ("client_id", "redirect_uri", "state", "nonce", "code_challenge")
        form = {name: asked[name] for name in fields} | {"person": person, "language": "en"}
        answer = httpx.post(f"{self.issuer_url}/authorize", data=form, trust_env=False)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def come_back(self, location: str) -> httpx.Response:
        """Follow the issuer's redirect."""
        parts = urlsplit(location)
        return self.client.get(f"{parts.path}?{parts.query}")

    def sign_in(self, person: str, return_to: str = "/") -> httpx.Response:
        """The whole way; the answer of our callback."""
        return self.come_back(self.choose(self.begin(return_to), person))

    @property
    def csrf(self) -> str:
        """The session's token, as a page's script would find it."""
        return str(self.client.get("/v1/session").json()["csrf"])


@contextmanager
def serving(app: FastAPI, port: int) -> Iterator[None]:
    """Serve ``app`` on loopback for as long as the block runs."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", ws="none")
    )
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
