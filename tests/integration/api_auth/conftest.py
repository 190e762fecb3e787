"""An application over a real database, with the demo's issuer really serving beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from fastapi import FastAPI
from joserfc.jwk import ECKey

from api.auth.issuer import demo_issuer_url
from api.demo.issuer import DemoIssuer, create_issuer_app
from api.http.app import create_app
from api.i18n.catalogue import load_catalogue, refuse_missing
from api.settings import Settings
from api.supervisor.anvil import free_port
from ledger.events.model import Source
from ledger.kernel.ids import parse_id
from ledger.kernel.transaction import Database, Work, execute
from ledger.members import store as members
from ledger.members.model import Role
from tests.support.clock import SetClock
from tests.support.http import ORIGIN, TestParts, client_of
from tests.support.sign_in import Browser, serving
from tests.world import World


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def timed(database: Database, clock: SetClock) -> Database:
    """The database, on a clock of the test's own."""
    return replace(database, clock=clock)


@pytest.fixture
def source(database: Database) -> Source:
    """A registered source that keys may speak for."""
    return World.make(database).source


@pytest.fixture(scope="session")
def issuer_key() -> ECKey:
    return ECKey.generate_key("P-256")


@pytest.fixture
def settings() -> Settings:
    return Settings(public_url=ORIGIN, demo=True, demo_issuer_port=free_port())


@pytest.fixture
def demo_issuer(settings: Settings, clock: SetClock, issuer_key: ECKey) -> DemoIssuer:
    return DemoIssuer(settings, clock, issuer_key)


@pytest.fixture
def issuer_url(demo_issuer: DemoIssuer, settings: Settings) -> Iterator[str]:
    with serving(create_issuer_app(demo_issuer, load_catalogue()), settings.demo_issuer_port):
        yield demo_issuer_url(settings)


@pytest.fixture
def app(timed: Database, settings: Settings) -> FastAPI:
    return create_app(TestParts(timed, settings), on_missing=refuse_missing)


@pytest.fixture
def browser(app: FastAPI, issuer_url: str) -> Callable[[], Browser]:
    """Makes browsers, each with cookies of its own."""
    return lambda: Browser(client_of(app), issuer_url)


@pytest.fixture
def student(browser: Callable[[], Browser]) -> Browser:
    """A browser signed in as the student."""
    signed_in = browser()
    assert signed_in.sign_in("student").status_code == 303
    return signed_in


@pytest.fixture
def admin(browser: Callable[[], Browser], timed: Database) -> Browser:
    """A browser signed in as an admin."""
    signed_in = browser()
    signed_in.sign_in("admin")
    make_admin(timed, member_id_of(signed_in))
    return signed_in


def member_id_of(browser: Browser) -> UUID:
    return parse_id("mem", browser.client.get("/v1/session").json()["subject"])


def make_admin(database: Database, member_id: UUID) -> None:
    """As if two others had agreed on it."""

    def make(work: Work, target: UUID) -> None:
        members.insert_role(work, target, Role.ADMIN, None)
        members.grant_role(work, target, Role.ADMIN, None)

    execute(database, make, member_id)
