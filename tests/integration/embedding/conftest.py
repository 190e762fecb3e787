"""A school whose pages show members their points: its server, an origin, and the frame."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from api.embedding.model import EmbedToken
from api.embedding.service import holder_of
from api.pages.embedding import ORIGIN_HEADER
from ledger.events.origins import service as origins
from ledger.events.origins.model import ProposeOrigin
from ledger.kernel.canonical import Json
from ledger.kernel.transaction import Database, execute
from tests.integration.redemption.conftest import School, SetClock, make_school
from tests.integration.redemption.test_http import Doors
from tests.support.credentials import approve
from tests.world import SOURCE_URI

PAGE = "https://school.example"


class Embedding:
    """The school's server with its key, and our frame in the school's page."""

    def __init__(self, school: School) -> None:
        self.school = school
        self.doors = Doors(school)
        self.server = self.doors.machine(SOURCE_URI, "embed:write")
        self.register(PAGE)

    def register(self, origin: str, source: str = "lms") -> None:
        """Two admins agree on an origin."""
        world = self.school.world
        asked = ProposeOrigin(source, origin, world.first_admin)
        proposed = execute(self.school.database, origins.propose_origin, asked)
        approve(self.school.database, proposed, world.second_admin)

    def ask(self, *purposes: str, **changes: Json) -> httpx.Response:
        """What the server asks for a token with."""
        body = {
            "identity": f"lms:{self.school.subject}",
            "origin": PAGE,
            "purposes": list(purposes or ("badge",)),
        }
        found: httpx.Response = self.server.post("/v1/embed/tokens", json=body | changes)
        return found

    def token(self, *purposes: str, **changes: Json) -> str:
        answer = self.ask(*purposes, **changes)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["token"])

    def get(
        self, path: str, token: str, language: str = "en", origin: str = PAGE
    ) -> httpx.Response:
        """As the frame asks."""
        found: httpx.Response = self.doors.anybody.get(
            path, headers=self._headers(token, language, origin)
        )
        return found

    def hold(
        self, token: str, body: Any, language: str = "en", origin: str = PAGE
    ) -> httpx.Response:
        found: httpx.Response = self.doors.anybody.post(
            "/embed/parts/hold", json=body, headers=self._headers(token, language, origin)
        )
        return found

    def holder(self, token: str) -> EmbedToken:
        with self.school.database.read() as work:
            return holder_of(work, token, PAGE)

    def _headers(self, token: str, language: str, origin: str) -> dict[str, str]:
        return {
            "authorization": f"Bearer {token}",
            ORIGIN_HEADER: origin,
            "accept-language": language,
        }


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def embedding(database: Database, clock: SetClock) -> Embedding:
    return Embedding(make_school(database, clock))
