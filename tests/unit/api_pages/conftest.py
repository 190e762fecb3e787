from __future__ import annotations

import pytest
from fastapi import FastAPI
from sqlalchemy import create_engine

from api.http.app import create_app
from api.i18n.catalogue import refuse_missing
from ledger.kernel.ids import RandomIds
from ledger.kernel.transaction import Database
from tests.support.clock import SetClock
from tests.support.http import TestParts


@pytest.fixture
def app() -> FastAPI:
    """An application whose database nothing listens for."""
    engine = create_engine("postgresql+psycopg://127.0.0.1:1/none?connect_timeout=1")
    return create_app(
        TestParts(Database(engine, SetClock(), RandomIds())), on_missing=refuse_missing
    )
