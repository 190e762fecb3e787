"""The demo's school: a shop whose checkout takes points. A page of the demo's own process.

It does what a real LMS has to do: sign an order, send the student to ``/checkout``, take the money
(pretended here, and labelled so), capture, refund. It talks to the product over HTTP alone.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import httpx
from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from joserfc import jwt
from joserfc.jwk import OctKey

from api.demo.persons import PERSONS
from api.http.parts import LANGUAGE_COOKIE
from api.i18n import formats
from api.i18n.catalogue import Catalogue
from api.i18n.negotiation import negotiate
from api.pages.rendering import environment, static_url
from ledger.kernel.clock import Clock
from ledger.kernel.units import Money

ORDER_LIFE_S: Final = 3_600
CURRENCY: Final = "RUB"
COURSES: Final = (
    ("course:start", "start", 290_000),
    ("course:practice", "practice", 1_450_000),
    ("course:mentor", "mentor", 4_900_000),
)
"""Product, message key under ``demo.shop.course``, price in kopecks."""


@dataclass(frozen=True, slots=True)
class ShopSecrets:
    """What the school holds: its source's name and signing secret, and an API key."""

    source: str
    signing_secret: str
    api_key: str

    def write(self, path: Path) -> None:
        """Keep them in a file that only we can read."""
        path.touch(mode=0o600)
        path.write_text(
            json.dumps([self.source, self.signing_secret, self.api_key]), encoding="utf-8"
        )

    @classmethod
    def read(cls, path: Path) -> ShopSecrets | None:
        """From :meth:`write`; ``None`` before the demo community is loaded."""
        if not path.exists():
            return None
        source, signing_secret, api_key = json.loads(path.read_text(encoding="utf-8"))
        return cls(source, signing_secret, api_key)


def sign_order(
    held: ShopSecrets, buyer: str, lines: list[dict[str, Any]], number: str, now: datetime
) -> str:
    """The order as the product's checkout takes it (``docs/redemption.md``)."""
    issued_at = int(now.timestamp())
    claims = {
        "sub": f"lms:{buyer}",
        "order": number,
        "iat": issued_at,
        "exp": issued_at + ORDER_LIFE_S,
        "currency": CURRENCY,
        "lines": lines,
    }
    header = {"alg": "HS256", "kid": held.source, "typ": "vklad-order+jwt"}
    key = OctKey.import_key(held.signing_secret)
    return jwt.encode(header, claims, key, algorithms=["HS256"])


def shop_router(
    product_url: str, secrets_path: Path, clock: Clock, catalogue: Catalogue
) -> APIRouter:
    """``/shop``, ``/shop/buy``, ``/shop/pay``."""
    router = APIRouter()

    def page(request: Request, template: str, **values: Any) -> Response:
        accepted = request.headers.get("accept-language")
        chosen = request.cookies.get(LANGUAGE_COOKIE)
        spoken = negotiate(accepted, catalogue.languages, [chosen])
        names: dict[str, Callable[..., Any]] = {
            "t": partial(catalogue.text, spoken),
            "static": static_url,
            "money": lambda minor: formats.write_money(Money(minor, CURRENCY), spoken),
        }
        text = (
            environment()
            .get_template(template)
            .render(language=spoken, product_url=product_url, **names, **values)
        )
        return HTMLResponse(text, headers={"Cache-Control": "no-store"})

    @router.get("/shop")
    def shop(request: Request) -> Response:
        open_ = ShopSecrets.read(secrets_path) is not None
        return page(request, "demo/shop.html", courses=COURSES, persons=PERSONS, is_open=open_)

    @router.post("/shop/buy")
    def buy(product: Annotated[str, Form()], buyer: Annotated[str, Form()]) -> Response:
        held = ShopSecrets.read(secrets_path)
        price = next((price for name, _, price in COURSES if name == product), None)
        if held is None or price is None:
            return RedirectResponse("/shop", 303)
        line = {"id": product, "product": product, "price_minor": price}
        number = f"D-{secrets.token_hex(4)}"
        token = sign_order(held, buyer, [line], number, clock.now())
        return RedirectResponse(f"{product_url}/checkout?{urlencode({'order': token})}", 303)

    @router.get("/shop/pay")
    def pay_page(request: Request, redemption: str = "") -> Response:
        found = _ask(product_url, secrets_path, "GET", f"/v1/redemptions/{redemption}", None)
        return page(request, "demo/pay.html", redemption=redemption, found=found)

    @router.post("/shop/pay")
    def pay(redemption: Annotated[str, Form()]) -> Response:
        _ask(product_url, secrets_path, "POST", f"/v1/redemptions/{redemption}/capture", {})
        return RedirectResponse(f"{product_url}/checkout/{redemption}", 303)

    return router


def _ask(
    product_url: str, secrets_path: Path, method: str, path: str, body: dict[str, Any] | None
) -> dict[str, Any] | None:
    """The school's server asks the product; ``None`` where it says no."""
    held = ShopSecrets.read(secrets_path)
    if held is None:
        return None
    headers = {
        "Authorization": f"Bearer {held.api_key}",
        "Idempotency-Key": secrets.token_urlsafe(16),
    }
    answer = httpx.request(method, product_url + path, json=body, headers=headers, timeout=15)
    return None if answer.is_error else dict(answer.json())
