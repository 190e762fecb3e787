"""Runbooks name commands, doors and pages that exist: whoever needs one has no time to search."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import typer.main
from click import Group

from api.cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "docs" / "runbooks").glob("*.md")), ROOT / "docs" / "testnet.md"]
COMMAND = re.compile(r"\bvklad ((?:[a-z-]+ ?){1,2})")
ROUTE = re.compile(r"`(GET|POST|PUT|DELETE) (/v1/[a-z-]+[^ `]*)")
LINK = re.compile(r"\]\(([^)#:]+\.md)\)|(docs/[a-z/-]+\.md)")


def _command_exists(words: list[str]) -> bool:
    command = typer.main.get_command(app)
    for word in words:
        if not isinstance(command, Group):
            return True
        found = command.commands.get(word)
        if found is None:
            return False
        command = found
    return True


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_every_command_named_exists(page: Path) -> None:
    named = [match.split() for match in COMMAND.findall(page.read_text())]
    assert [words for words in named if not _command_exists(words)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_every_door_named_exists(page: Path) -> None:
    doors = json.loads((ROOT / "docs" / "openapi.json").read_text())["paths"]
    known = {
        (method.upper(), re.compile(re.sub(r"\{[^}]*\}", "[^/]+", path)))
        for path, methods in doors.items()
        for method in methods
    }
    missing = [
        (method, path)
        for method, path in set(ROUTE.findall(page.read_text()))
        if not any(method == one and at.fullmatch(path) for one, at in known)
    ]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.name))
def test_every_page_linked_to_exists(page: Path) -> None:
    for near, far in LINK.findall(page.read_text()):
        place = page.parent / near if near else ROOT / far
        assert place.is_file(), near or far
