"""A community with a programme of points and one of the staff's beside it."""

from __future__ import annotations

from tests.integration.api_programme.conftest import (  # noqa: F401 - fixtures by name
    admin,
    anna,
    anybody,
    app,
    machine,
    person,
    second_admin,
    world,
)
