"""A community under review, and clients of its persons."""

from __future__ import annotations

from tests.integration.api_programme.conftest import (  # noqa: F401 - fixtures by name
    admin,
    app,
    person,
    second_admin,
    world,
)
