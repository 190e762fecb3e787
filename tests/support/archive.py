"""Reading a member's archive as a program for linked notes and a script would."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import yaml
from fastapi import FastAPI

from ledger.events.model import REFERENCE_PREFIX
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database
from ledger.members import store as members_store
from tests.integration.pages.conftest import Reader

ADDRESS = "/archive/vklad-archive.zip"
LINK = re.compile(r"\[\[([^\]|]+)(?:\|[^\]]*)?\]\]")
STAGES = ("available", "pending", "held", "debt")


@dataclass
class Archive:
    """Notes by name, front matter with words, and JSON by file."""

    notes: dict[str, str]
    front: dict[str, dict[str, Any]]
    lists: dict[str, Any]
    receipts: dict[str, Any]
    text: str

    def kind(self, name: str) -> list[dict[str, Any]]:
        found = self.lists[name]
        assert isinstance(found, list)
        return found


def take(app: FastAPI, member_id: UUID, language: str = "en") -> Archive:
    """Download the archive, and check what holds of each."""
    answer = Reader(app, member_id, "member").get(ADDRESS, language)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "no-store"
    archive = read(answer.content)
    check(archive)
    return archive


def read(content: bytes) -> Archive:
    notes: dict[str, str] = {}
    lists: dict[str, Any] = {}
    receipts: dict[str, Any] = {}
    texts = []
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert file.testzip() is None
        for name in file.namelist():
            path, text = PurePosixPath(name), file.read(name).decode()
            texts += [name, text]
            if path.suffix == ".md":
                assert path.stem not in notes, f"two notes are called {path.stem}"
                notes[path.stem] = text
            else:
                kept = receipts if path.parent.name == "receipts" else lists
                kept[path.stem] = json.loads(text)
    front = {
        name: yaml.safe_load(text.split("---\n")[1])
        for name, text in notes.items()
        if text.startswith("---\n")
    }
    return Archive(notes, front, lists, receipts, "\n".join(texts))


def check(archive: Archive) -> None:
    """Links resolve, both forms say the same, and sums are the balance."""
    for name, text in archive.notes.items():
        dead = set(LINK.findall(text)) - archive.notes.keys()
        assert not dead, f"{name} links to {dead}"
    reached, waiting = {"README"}, ["README"]
    while waiting:
        for each in LINK.findall(archive.notes[waiting.pop()]):
            if each not in reached:
                reached.add(each)
                waiting.append(each)
    assert reached == archive.notes.keys()
    told = {
        row["id"]: row
        for rows in archive.lists.values()
        for row in (rows if isinstance(rows, list) else [rows])
    }
    assert told.keys() == archive.front.keys()
    for name, row in told.items():
        front = archive.front[name]
        assert {key: _bare(value) for key, value in front.items() if key != "title"} == row
    balance = archive.lists["balance"]
    for stage in STAGES:
        assert sum(each[stage] for each in archive.kind("entries")) == balance[stage], stage
        if stage != "debt":
            assert sum(each[stage] for each in archive.kind("lots")) == balance[stage], stage
    for lot in archive.kind("lots"):
        parts = (lot[part] for part in (*STAGES[:3], "spent", "expired", "revoked", "bridged"))
        assert sum(parts) == lot["granted"]


def traces(database: Database, members: Iterable[UUID]) -> set[str]:
    """Everything by which these members could be told in a text."""
    found: set[str] = set()
    with database.read() as work:
        for member in members:
            found |= {str(member), member.hex, format_id("mem", member)}
            known = members_store.find_member(work, member)
            if known is not None and known.display_name:
                found.add(known.display_name)
            for each in members_store.identities_of_member(work, member):
                found |= {str(each.reference), format_id(REFERENCE_PREFIX, each.reference)}
                if each.key is not None:
                    found |= {f":{each.key.subject}", f'"{each.key.subject}"'}
    return found


def _bare(value: Any) -> Any:
    """A link of front matter as the id that JSON has."""
    if isinstance(value, list):
        return [_bare(each) for each in value]
    if isinstance(value, str) and (match := LINK.fullmatch(value)):
        return match[1]
    return value
