"""A school's own name, word, colours and logo on its pages."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi import FastAPI

from api.settings import ChainSwitch
from ledger.kernel.transaction import Database
from tests.integration.pages.conftest import app_of, person
from tests.support.http import client_of
from tests.unit.api_i18n.test_branding import STARS, brand

LOGO = b"<svg xmlns='http://www.w3.org/2000/svg'/>"


@pytest.fixture
def starry(database: Database, tmp_path: Path) -> FastAPI:
    """An installation with a brand of its own."""
    brand(tmp_path, STARS)
    return app_of(
        database, tmp_path / "state", ChainSwitch.OFF, None, brand=tmp_path / "brand.yaml"
    )


def test_pages_say_and_show_it(starry: FastAPI, database: Database) -> None:
    anna = person(starry, database, "Anna")
    english, russian = anna.words("/me"), anna.words("/me", "ru")
    assert "Star Club" in english
    assert "Звёздный клуб" in russian
    assert "жетон" in russian
    assert "балл" not in russian.lower()
    page = anna.get("/me").text
    for name, media_type in (("brand.css", "text/css"), ("brand-logo", "image/svg+xml")):
        address = page.split(f"/{name}?v=")[1].split('"')[0]
        answer = client_of(starry).get(f"/{name}?v={address}")
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(media_type)
        assert "immutable" in answer.headers["cache-control"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert client_of(starry).get("/brand-logo").content == LOGO


def test_without_one_there_is_nothing_at_its_addresses(app: FastAPI, database: Database) -> None:
    page = person(app, database, "Anna").get("/me").text
    assert "brand.css" not in page
    assert "brand-logo" not in page
    for name in ("brand.css", "brand-logo"):
        assert client_of(app).get(f"/{name}").status_code == 404
