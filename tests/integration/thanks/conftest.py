"""A community that may thank each other, and clients of its persons."""

from __future__ import annotations

from tests.integration.api_programme.conftest import (  # noqa: F401 - fixtures by name
    admin,
    anybody,
    app,
    machine,
    person,
    second_admin,
    world,
)
