"""An HTTP client on an application in this process, and the parts to create one with."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field

from fastapi import FastAPI
from starlette.exceptions import StarletteDeprecationWarning

from api.settings import Settings
from ledger.kernel.transaction import Database

with warnings.catch_warnings():
    warnings.simplefilter("ignore", StarletteDeprecationWarning)
    from starlette.testclient import TestClient

ORIGIN = "http://127.0.0.1:8000"
SECRET = bytes(range(32))


@dataclass
class TestParts:
    """The least that ``create_app`` needs."""

    __test__ = False

    database: Database
    settings: Settings = field(default_factory=lambda: Settings(public_url=ORIGIN))
    secret: bytes = SECRET


def client_of(app: FastAPI, **headers: str) -> TestClient:
    """A client that follows no redirect, keeps cookies and sends ``headers`` each time."""
    return TestClient(
        app,
        base_url=ORIGIN,
        follow_redirects=False,
        raise_server_exceptions=False,
        headers=headers,
    )
