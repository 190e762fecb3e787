"""Members who are asked things and may want to be told of it, one of them by name of ``ann``."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.http.app import create_app
from api.http.principal import optional_principal
from api.i18n.catalogue import refuse_missing
from governance.polls.model import Poll
from governance.reminders import service
from governance.reminders.model import Notice, ReminderKind
from governance.reminders.service import ChooseReminders
from ledger.kernel.transaction import Database, execute
from tests.integration.pages.conftest import MEMBER_HEADER, ROLES_HEADER, fake_principal
from tests.support.http import client_of
from tests.support.polls import Electorate

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass
class Told:
    """Members of an electorate by what they want and get to know."""

    electorate: Electorate
    app: FastAPI = field(init=False)

    def __post_init__(self) -> None:
        self.app = create_app(self.electorate.composition, on_missing=refuse_missing)
        self.app.dependency_overrides[optional_principal] = fake_principal

    @property
    def database(self) -> Database:
        return self.electorate.database

    def member(self, name: str) -> UUID:
        return self.electorate.world.linked[name]

    def wants(self, name: str, *kinds: ReminderKind) -> None:
        command = ChooseReminders(self.member(name), frozenset(kinds))
        assert execute(self.database, service.choose, command) == set(kinds)

    def poll_in_an_hour(self, lasts: timedelta = 3 * DAY) -> Poll:
        opens_at = self.electorate.clock.now() + HOUR
        return self.electorate.announce(opens_at=opens_at, closes_at=opens_at + lasts)

    def forward(self, by: timedelta) -> int:
        """Let time pass and the job work; how many notices it made."""
        self.electorate.clock.forward(by)
        return service.make_due(self.database)

    def notices(self, name: str) -> list[Notice]:
        with self.database.read() as work:
            return service.notices(work, self.member(name), None, 100)

    def kinds(self, name: str) -> list[str]:
        """What a member was told, the oldest first."""
        return [each.kind.value for each in reversed(self.notices(name))]

    def client(self, name: str | None = None, language: str = "en") -> TestClient:
        who = {}
        if name is not None:
            who = {MEMBER_HEADER: str(self.member(name)), ROLES_HEADER: "member"}
        return client_of(self.app, **who, **{"accept-language": language})


@pytest.fixture
def told(database: Database, tmp_path: Path) -> Told:
    return Told(Electorate.make(database, tmp_path / "state", "ann", "bob", "cid"))
