"""An application over a community's real database, and clients of its persons and machines."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.auth.keys import CreateKey, create_key
from api.auth.sessions import OpenSession, open_session
from api.http.app import create_app
from api.http.principal import CSRF_HEADER, SESSION_COOKIE
from api.i18n.catalogue import refuse_missing
from ledger.kernel.transaction import Database, execute
from tests.support.http import ORIGIN, TestParts, client_of
from tests.world import World

Person = Callable[[UUID], TestClient]
Machine = Callable[[str], TestClient]


@pytest.fixture
def world(database: Database) -> World:
    return World.make(database)


@pytest.fixture
def app(database: Database) -> FastAPI:
    return create_app(TestParts(database), on_missing=refuse_missing)


@pytest.fixture
def person(app: FastAPI, database: Database) -> Person:
    """Makes a client signed in as a member."""

    def sign_in(member_id: UUID) -> TestClient:
        opened = execute(database, open_session, OpenSession(member_id))
        client = client_of(app, **{CSRF_HEADER: opened.session.csrf or "", "Origin": ORIGIN})
        client.cookies.set(SESSION_COOKIE, opened.cookie)
        return client

    return sign_in


@pytest.fixture
def machine(app: FastAPI, database: Database) -> Machine:
    """Makes a client with a key of one scope."""

    def with_key(scope: str) -> TestClient:
        key = execute(database, create_key, CreateKey("test", frozenset({scope})))
        return client_of(app, authorization=f"Bearer {key.text}")

    return with_key


@pytest.fixture
def admin(world: World, person: Person) -> TestClient:
    return person(world.first_admin)


@pytest.fixture
def second_admin(world: World, person: Person) -> TestClient:
    return person(world.second_admin)


@pytest.fixture
def anna(world: World, person: Person) -> TestClient:
    return person(world.link("anna"))


@pytest.fixture
def anybody(app: FastAPI) -> TestClient:
    return client_of(app)
