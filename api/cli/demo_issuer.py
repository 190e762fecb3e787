"""`vklad demo-issuer`: the demo's own sign-in, as a process of its own."""

from __future__ import annotations

import logging

import typer
import uvicorn

from api.branding import brand_of, catalogue_for
from api.demo.community import SHOP_FILE
from api.demo.issuer import DemoIssuer, create_issuer_app, load_key
from api.demo.shop import shop_router
from api.i18n.catalogue import MissingMessage
from api.settings import UnsafeSettings, load_settings
from api.supervisor.state import StateFolder
from ledger.kernel.clock import SystemClock


def demo_issuer() -> None:
    """Let anyone sign in as anyone. Refused without VKLAD_DEMO, or if we are public."""
    settings = load_settings()
    if not settings.demo:
        raise UnsafeSettings(
            "The demo's issuer runs only with VKLAD_DEMO=true.", settings=["VKLAD_DEMO"]
        )
    state = StateFolder(settings.state_folder)
    state.prepare()
    issuer = DemoIssuer(settings, SystemClock(), load_key(state.path / "demo-issuer.pem"))
    catalogue = catalogue_for(settings, brand_of(settings), _log_missing)
    shop = shop_router(settings.origin, state.path / SHOP_FILE, SystemClock(), catalogue)
    typer.echo(f"The demo's issuer listens on {issuer.url}.")
    uvicorn.run(
        create_issuer_app(issuer, catalogue, shop),
        host="127.0.0.1",
        port=settings.demo_issuer_port,
        access_log=False,
        server_header=False,
    )


def _log_missing(error: MissingMessage) -> None:
    logging.getLogger(__name__).error("%s", error)
