"""Fill this machine's demo installation, and say what to open and whom to sign in as."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from api.auth.first_admin import first_admin_url, issue_first_admin_link
from api.composition import Composition, compose
from api.demo.community import SHOP_FILE, Loader, Report, is_loaded, load
from api.settings import Settings, UnsafeSettings
from ledger.kernel.clock import SystemClock
from ledger.kernel.transaction import execute

PROGRAMME: Final = Path(__file__).parents[2] / "examples" / "programmes" / "school.yaml"

LOCAL_CHAIN_WAIT_S: Final = 60
CHAIN_WAIT_S: Final = 1_200
"""Blocks of others take seconds, and minutes until they are final."""


def fill(settings: Settings, report: Report, programme: Path = PROGRAMME) -> str | None:
    """Load the community, or what is missing of it; what could not be done, if anything.

    Raises:
        UnsafeSettings: the installation is reachable from outside.
        DoorClosed: a door answered otherwise than expected.
    """
    if settings.is_public:
        raise UnsafeSettings(
            "The demo community is for an installation on loopback only.",
            settings=["VKLAD_PUBLIC_URL"],
        )
    composition = compose(settings)
    try:
        if is_loaded(settings.origin, with_chain=composition.chain_is_on):
            return None
        shop_file = composition.state.path / SHOP_FILE
        return load(
            Loader(
                settings.origin,
                programme,
                shop_file,
                lambda: _admin_link(composition),
                SystemClock(),
                report,
                composition.chain_is_on,
                composition.state.secret("demo_wallet"),
                CHAIN_WAIT_S if settings.chain_rpc_urls else LOCAL_CHAIN_WAIT_S,
            )
        )
    finally:
        composition.close()


def welcome(settings: Settings) -> str:
    """What to open and how to sign in as each role."""
    return (
        f"Open {settings.origin} and press «Sign in» («Войти»): the demo asks who you are.\n"
        "  Maria Sokolova   a student with points: balance, why, discount\n"
        "  Timur Akhmetov   a voter: wallet, votes\n"
        "  Anna Volkova     an administrator; Boris Levin is the second person\n"
        "The whole story from the outside: scripts/demo"
    )


def _admin_link(composition: Composition) -> str:
    issued = execute(composition.database, issue_first_admin_link, None)
    return first_admin_url(composition.public_url, issued.token)
