"""Pages as people see them: a browser per person, its words without tags, its forms filled in."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from eth_account.signers.local import LocalAccount
from fastapi import FastAPI, Request

from api.auth.model import Principal, PrincipalKind
from api.composition import Composition
from api.http.app import create_app
from api.http.principal import optional_principal
from api.i18n.catalogue import load_catalogue, refuse_missing
from api.settings import ChainSwitch, Settings
from api.supervisor.anvil import AnvilNode
from api.supervisor.state import StateFolder
from ledger.kernel.transaction import Database, Work, execute
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.model import CreateMember, Role
from oracle.deployment.service import record_path, write_record
from oracle.sender.model import SenderRole
from tests.support.bridge import Contracts, Keys, World, put_contracts
from tests.support.http import ORIGIN, SECRET, client_of

MEMBER_HEADER = "x-test-member"
ROLES_HEADER = "x-test-roles"
KEY_ROLES = (SenderRole.DEPLOYER, SenderRole.POSTER, SenderRole.RELAYER, SenderRole.WATCHER)


def fake_principal(request: Request) -> Principal | None:
    """Whoever the test says asks; signing in has tests of its own."""
    if MEMBER_HEADER not in request.headers:
        return None
    member_id = UUID(request.headers[MEMBER_HEADER])
    roles = frozenset(request.headers[ROLES_HEADER].split(","))
    return Principal(PrincipalKind.PERSON, str(member_id), member_id, roles, csrf="t")


@dataclass
class Reader:
    """A person with a browser."""

    app: FastAPI
    member_id: UUID
    roles: str

    def get(self, path: str, language: str = "en") -> httpx.Response:
        return client_of(self.app, **self._who(language)).get(path)

    def words(self, path: str, language: str = "en") -> str:
        """What a page says."""
        answer = self.get(path, language)
        assert answer.status_code == 200, answer.text
        return words_of(answer)

    def post(self, path: str, language: str = "en", **form: str) -> httpx.Response:
        return client_of(self.app, **self._who(language)).post(path, data=form)

    def done(self, path: str, **form: str) -> None:
        """Send a form that leads on to another page."""
        answer = self.post(path, **form)
        assert answer.status_code == 303, words_of(answer)

    def hidden(self, path: str, action: str) -> dict[str, str]:
        """The hidden fields of the form that posts to an address ending in ``action``."""
        found = re.search(rf'action="([^"]*{action})">(.*?)</form>', self.get(path).text, re.DOTALL)
        assert found, f"{path} has no form {action}"
        pairs = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', found[2])
        return {"action": found[1], **{name: html.unescape(value) for name, value in pairs}}

    def press(self, path: str, action: str) -> httpx.Response:
        """Press the button of a form that has hidden fields only."""
        form = self.hidden(path, action)
        return self.post(form.pop("action"), **form)

    def _who(self, language: str) -> dict[str, str]:
        return {
            MEMBER_HEADER: str(self.member_id),
            ROLES_HEADER: self.roles,
            "accept-language": language,
        }


def words_of(answer: httpx.Response) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", answer.text)).split())


def person(app: FastAPI, database: Database, name: str, role: Role | None = None) -> Reader:
    """A member with a name and perhaps a role, and their browser."""

    def make(work: Work, display_name: str) -> UUID:
        member_id = members.create_member(work, CreateMember()).member_id
        members_store.set_display_name(work, member_id, display_name)
        if role is not None:
            members_store.insert_role(work, member_id, role, None)
            members_store.grant_role(work, member_id, role, None)
        return member_id

    member_id = execute(database, make, name)
    return Reader(app, member_id, "member" if role is None else f"member,{role}")


def app_of(
    database: Database,
    folder: Path,
    chain: ChainSwitch,
    url: str | None,
    languages: Path | None = None,
    brand: Path | None = None,
) -> FastAPI:
    state = StateFolder(folder)
    state.prepare()
    settings = Settings(
        public_url=ORIGIN,
        state_folder=folder,
        chain=chain,
        chain_rpc_url=url,
        languages_folder=languages,
        brand_file=brand,
    )
    composition = Composition(settings, state, database, load_catalogue(folder=languages), SECRET)
    app = create_app(composition, on_missing=refuse_missing)
    app.dependency_overrides[optional_principal] = fake_principal
    return app


@pytest.fixture
def app(database: Database, tmp_path: Path) -> FastAPI:
    """An installation without a chain."""
    return app_of(database, tmp_path / "state", ChainSwitch.OFF, None)


@pytest.fixture
def anna(app: FastAPI, database: Database) -> Reader:
    """An admin."""
    return person(app, database, "Anna", Role.ADMIN)


@pytest.fixture
def boris(app: FastAPI, database: Database) -> Reader:
    """Another admin."""
    return person(app, database, "Boris", Role.ADMIN)


@pytest.fixture
def olga(app: FastAPI, database: Database) -> Reader:
    """An auditor."""
    return person(app, database, "Olga", Role.AUDITOR)


@pytest.fixture
def maria(app: FastAPI, database: Database) -> Reader:
    """A member."""
    return person(app, database, "Maria")


@pytest.fixture(scope="session")
def contracts(anvil: AnvilNode) -> Contracts:
    """The contracts on Anvil."""
    accounts: list[LocalAccount] = [anvil.account(index) for index in range(6)]
    keys = Keys(dict(zip(KEY_ROLES, accounts, strict=False)), accounts[4], accounts[5])
    return put_contracts(anvil, keys)


@pytest.fixture
def world(database: Database, contracts: Contracts) -> Iterator[World]:
    """A community on the session's chain, which is put back afterwards."""
    snapshot = str(contracts.rpc("evm_snapshot"))
    yield World(database, contracts, fresh=str(contracts.rpc("evm_snapshot")))
    contracts.rpc("evm_revert", snapshot)


@pytest.fixture
def bridged(world: World, tmp_path: Path) -> FastAPI:
    """An installation on that chain."""
    folder = tmp_path / "state"
    write_record(record_path(folder / "deployments", world.chain), world.contracts.deployment)
    return app_of(world.database, folder, ChainSwitch.ON, world.contracts.node.url)
