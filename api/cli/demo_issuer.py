"""`vklad demo-issuer`: the demo's own sign-in, as a process of its own."""

from __future__ import annotations

import typer
import uvicorn

from api.demo.issuer import DemoIssuer, create_issuer_app, load_key
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
    typer.echo(f"The demo's issuer listens on {issuer.url}.")
    uvicorn.run(
        create_issuer_app(issuer),
        host="127.0.0.1",
        port=settings.demo_issuer_port,
        access_log=False,
        server_header=False,
    )
