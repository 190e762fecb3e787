"""The client of the tests really does refuse an answer that is not documented."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.responses import Response

from tests.support.http import client_of


def test_an_undocumented_status_fails_the_test_that_met_it(app: FastAPI) -> None:
    @app.get("/v1/things/{thing_id}")
    def thing(thing_id: str) -> Response:
        return Response(status_code=418 if thing_id == "teapot" else 200)

    client = client_of(app)
    assert client.get("/v1/things/cup").status_code == 200
    with pytest.raises(AssertionError, match="418"):
        client.get("/v1/things/teapot")
