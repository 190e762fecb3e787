"""One file makes a third language: pages, errors and the switch speak it, and no code changed."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
import yaml
from fastapi import FastAPI

from api.i18n.catalogue import load_catalogue
from api.i18n.checking import beginning
from api.pages.navigation import MENU
from api.settings import ChainSwitch
from ledger.kernel.transaction import Database, execute
from ledger.members import service as members
from ledger.members.model import CreateMember, Role
from tests.integration.pages.conftest import app_of, person
from tests.support.http import client_of

TAG = "kk"


def _marked(node: object) -> object:
    if isinstance(node, dict):
        return {name: _marked(child) for name, child in node.items()}
    return f"‹{node}›"


@pytest.fixture
def speaking(database: Database, tmp_path: Path) -> FastAPI:
    """An installation whose folder of languages has one file, each sentence of it in ‹ ›."""
    folder = tmp_path / "languages"
    folder.mkdir()
    tree = yaml.safe_load(beginning(TAG, load_catalogue()))
    (folder / f"{TAG}.yaml").write_text(yaml.safe_dump(_marked(tree)), "utf-8")
    return app_of(database, tmp_path / "state", ChainSwitch.OFF, None, folder)


def test_every_page_of_the_menu_speaks_it(speaking: FastAPI, database: Database) -> None:
    anna = person(speaking, database, "Anna", Role.ADMIN)
    paths = [item.path for area in MENU for item in area.items]
    seen = 0
    for path in paths:
        answer = anna.get(path, TAG)
        if answer.status_code == 404:  # A page of the chain, which is off.
            continue
        assert answer.status_code == 200, (path, answer.text)
        assert answer.headers["content-language"] == TAG
        assert f'<html lang="{TAG}"' in answer.text
        title = re.search(r"<title>(.*?)</title>", answer.text, re.DOTALL)
        assert title, path
        assert "‹" in html.unescape(title[1]), path
        seen += 1
    assert seen >= 12


def test_the_switch_names_each_language_in_itself(speaking: FastAPI, database: Database) -> None:
    anna = person(speaking, database, "Anna")
    page = anna.get("/me", "ru").text
    assert 'value="kk" lang="kk"' in page
    assert 'aria-label="‹Read in English›"' in page
    assert 'value="en" lang="en"' in page
    assert 'value="ru"' not in page
    browser = client_of(speaking)
    chosen = browser.post("/preferences", data={"language": TAG})
    assert "vklad_language=kk" in chosen.headers["set-cookie"]
    unknown = browser.post("/preferences", data={"language": "fr"})
    assert "set-cookie" not in unknown.headers


def test_errors_and_members_have_it(speaking: FastAPI, database: Database) -> None:
    anna = person(speaking, database, "Anna", Role.ADMIN)
    told = anna.get("/v1/event-types/lms.nothing/schema", TAG).json()
    assert told["title"].startswith("‹")
    assert execute(database, members.create_member, CreateMember(TAG)).locale == TAG
