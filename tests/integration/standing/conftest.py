"""A community whose programme states levels and voices, and clients of its persons."""

from __future__ import annotations

from tests.integration.api_programme.conftest import (  # noqa: F401 - fixtures by name
    admin,
    anna,
    anybody,
    app,
    machine,
    person,
    world,
)
