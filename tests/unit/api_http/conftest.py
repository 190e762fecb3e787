from __future__ import annotations

from datetime import UTC, datetime

import pytest
from fastapi import FastAPI
from sqlalchemy import create_engine

from api.http.app import create_app
from api.i18n.catalogue import refuse_missing
from ledger.kernel.ids import RandomIds
from ledger.kernel.transaction import Database
from tests.support.http import TestParts


class _Noon:
    def now(self) -> datetime:
        return datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def app() -> FastAPI:
    """An application whose database nothing listens for."""
    engine = create_engine("postgresql+psycopg://127.0.0.1:1/none?connect_timeout=1")
    parts = TestParts(Database(engine, _Noon(), RandomIds()))
    return create_app(parts, on_missing=refuse_missing)
