"""What is forgotten is what names somebody, and no sum of another's that looks like a name."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.kernel.canonical import Json
from ledger.kernel.transaction import Database
from ledger.members.erasures.words_store import holds_any, json_holds_any

_DOCUMENTS: list[tuple[Json, list[str], bool]] = [
    ({"points": 100}, ["100"], False),
    ({"points": "100", "at": "2026-03-02T10:00:30Z"}, ["100", "30"], False),
    ({"lines": [{"subject": "100"}]}, ["100"], True),
    ({"subject": "1000"}, ["100"], False),
    ({"who": "lms:100"}, ["100"], True),
    ({"text": "thanks, #100!"}, ["100"], True),
    ({"who": "lms:1001"}, ["100"], False),
    ({"who": "lms-2:100"}, ["100"], True),
    ({"at": "2026-03-02T10:30"}, ["30"], False),
    ({"telegram": 123456789}, ["123456789"], True),
    ({"amount": 1234567890}, ["123456789"], False),
    ({"text": "asked 123456789 twice"}, ["123456789"], True),
    ({"a": [{"b": "Told by Anna."}]}, ["anna"], True),
    ({"Anna": 1, "b": "Annabel"}, ["Anna"], False),
    ({"a": "a.b+c@school.example"}, ["a.b+c@school.example"], True),
    ({"a": "aXb+c@school.example"}, ["a.b+c@school.example"], False),
    ({"a": None, "b": True}, ["None", "true"], False),
]
_TEXTS = [
    ("Paid 100 points", ["100"], False),
    ("at 10:30", ["30"], False),
    ("100", ["100"], True),
    ("lms:100 was late", ["100"], True),
    ("Paid 123456789", ["123456789"], True),
    ("Anna's circle", ["Anna"], True),
    ("Annas", ["Anna"], False),
]


@pytest.mark.parametrize(("document", "words", "found"), _DOCUMENTS, ids=str)
def test_in_a_document(database: Database, document: Json, words: list[str], found: bool) -> None:  # noqa: FBT001 - a case's value
    column = sa.cast(sa.literal(json.dumps(document)), pg.JSONB)
    assert _told(database, json_holds_any(column, words)) is found


@pytest.mark.parametrize(("text", "words", "found"), _TEXTS, ids=str)
def test_in_a_text(database: Database, text: str, words: list[str], found: bool) -> None:  # noqa: FBT001 - a case's value
    assert _told(database, holds_any(sa.literal(text), words)) is found


def _told(database: Database, condition: sa.ColumnElement[bool]) -> bool:
    with database.engine.connect() as connection:
        return bool(connection.execute(sa.select(condition)).scalar_one())
