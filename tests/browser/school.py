"""The school's own site on an origin of its own: pages that embed us, and the server behind them.

It knows us as any LMS does: by a key and a secret that two admins agreed on, over HTTP. Which page
and which token it gives is the request's to say, so that a test can ask for wrong ones.
"""

from __future__ import annotations

import base64
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from api.demo.client import Person
from api.demo.community import SOURCE, SOURCE_URI
from api.demo.shop import ShopSecrets, sign_order
from ledger.kernel.clock import SystemClock
from tests.browser.installation import Installation

PRICE_MINOR = 1_450_000
PAGE = """<!doctype html>
<html lang="{lang}"><head><meta charset="utf-8"><title>School</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<style>
body {{ margin: 12px; font: 16px sans-serif }} header {{ text-align: {align} }}
{style}
</style>
<script src="{service}/embed/v1.js" async></script></head>
<body><header><a href="#x" id="before">School</a>
<span id="place" data-vklad="{view}" data-token-url="/token?{query}"></span></header>
<p id="after">1 2 3</p>
<script>
  window.heard = [];
  for (const name of ["ready", "held", "failed"]) {{
    addEventListener("vklad:" + name, (event) => heard.push([name, event.detail]));
  }}
</script>
</body></html>"""


@dataclass
class School:
    """Where its pages are, and what its server has."""

    service: str
    origin: str = ""
    key: str = ""
    secret: str = ""
    asked: list[str] = field(default_factory=list)
    """Codes of what we refused its server."""

    def ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """The school's server asks ours."""
        headers = {
            "authorization": f"Bearer {self.key}",
            "idempotency-key": secrets.token_hex(8),
        }
        answer = httpx.request(method, self.service + path, json=body, headers=headers, timeout=30)
        found: dict[str, Any] = answer.json()
        if answer.is_error:
            self.asked.append(str(found["code"]))
        return found

    def order(self, person: str, number: str, *, tampered: bool = False) -> str:
        """A signed order; a tampered one states another price under the same signature."""
        line = {"id": "1", "product": "course:practice", "price_minor": PRICE_MINOR}
        held = ShopSecrets(SOURCE, self.secret, self.key)
        signed = sign_order(held, person, [line], number, SystemClock().now())
        if not tampered:
            return signed
        head, payload, signature = signed.split(".")
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        claims["lines"][0]["price_minor"] = 20_000
        changed = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
        return f"{head}.{changed}.{signature}"

    def token(self, asked: dict[str, str]) -> dict[str, Any]:
        """What the server answers its own page."""
        if "given" in asked:
            return {"token": asked["given"]}
        body: dict[str, Any] = {
            "identity": f"lms:{asked['person']}",
            "origin": self.origin,
            "purposes": ["badge", "why"],
        }
        if "order" in asked:
            order = self.order(asked["person"], asked["order"], tampered="tampered" in asked)
            body |= {"purposes": ["pay"], "order": order}
        return self.ask("POST", "/v1/embed/tokens", body)

    def take_the_money(self, number: str) -> dict[str, Any]:
        """The rest was paid: capture what is held on this order, whatever the page says."""
        found = self.ask("GET", f"/v1/redemptions?order={number}")["data"]
        return self.ask("POST", f"/v1/redemptions/{found[0]['id']}/capture", {})

    def page(self, asked: dict[str, str]) -> str:
        """A page of its site."""
        query = "&".join(f"{name}={value}" for name, value in asked.items() if name != "style")
        return PAGE.format(
            service=self.service,
            view="pay" if "order" in asked else "badge",
            lang=asked.get("lang", "en"),
            align=asked.get("align", "left"),
            style=asked.get("style", ""),
            query=query,
        )


@contextmanager
def serving(school: School) -> Iterator[School]:
    """Its site on a port of its own, under a name that is another site than ours."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            split = urlsplit(self.path)
            asked = dict(parse_qsl(split.query))
            if split.path == "/token":
                found = school.token(asked)
                self._answer(200 if "token" in found else 502, "application/json", found)
            elif split.path == "/empty":
                self._answer(200, "text/html", "<!doctype html><title>empty</title>")
            else:
                self._answer(200, "text/html; charset=utf-8", school.page(asked))

        def _answer(self, status: int, media_type: str, body: Any) -> None:
            raw = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("content-type", media_type)
            self.send_header("content-length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_request(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    school.origin = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield school
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def register(installation: Installation, school: School) -> None:
    """Two admins give the school a secret and a key, and let its pages show points."""
    first, second = (Person(installation.url, each) for each in ("admin", "second-admin"))

    def agreed(path: str, body: dict[str, Any]) -> dict[str, Any]:
        made = first.post(path, body)
        second.post(f"/v1/sources/credentials/{made['id']}/approve", {"digest": made["digest"]})
        return made

    school.secret = agreed(f"/v1/sources/{SOURCE}/secrets", {})["secret"]
    scopes = ["embed:write", "redemptions:write"]
    key = {"name": "school", "scopes": scopes, "source": SOURCE_URI}
    school.key = agreed("/v1/api-keys", key)["key"]
    agreed("/v1/embed/origins", {"source": SOURCE, "origin": school.origin})
    for person in (first, second):
        person.close()
