"""`vklad demo`: fill a fresh installation with the demo community, through the public doors."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlencode

import typer

from api.auth.first_admin import issue_first_admin_link
from api.composition import Composition, compose
from api.demo.community import SHOP_FILE, Loader, is_loaded, load
from api.settings import UnsafeSettings, load_settings
from ledger.kernel.clock import SystemClock
from ledger.kernel.transaction import execute

app: Final = typer.Typer(help="The demo community.", no_args_is_help=True)
PROGRAMME: Final = Path("examples/programmes/school.yaml")


@app.callback()
def _group() -> None:
    """The demo community."""


@app.command(name="load")
def load_community(
    programme: Annotated[Path, typer.Option(help="The rules to put in force.")] = PROGRAMME,
) -> None:
    """Sign everybody in, link their accounts, deliver weeks of activity, activate the rules."""
    composition = compose(load_settings())
    try:
        if composition.settings.is_public:
            raise UnsafeSettings(
                "The demo community is for an installation on loopback only.",
                settings=["VKLAD_PUBLIC_URL"],
            )
        if is_loaded(composition.public_url):
            typer.echo("The demo community is there already.")
            return
        load(
            Loader(
                composition.public_url,
                programme,
                composition.state.path / SHOP_FILE,
                lambda: _admin_link(composition),
                SystemClock(),
                lambda stage: typer.echo(f"  {stage} …"),
            )
        )
        typer.echo("The demo community is loaded.")
    finally:
        composition.close()


def _admin_link(composition: Composition) -> str:
    issued = execute(composition.database, issue_first_admin_link, None)
    return f"{composition.public_url}/first-admin?{urlencode({'token': issued.token})}"
