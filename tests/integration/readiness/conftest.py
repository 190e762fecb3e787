"""A community with a source that says when it is complete."""

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
