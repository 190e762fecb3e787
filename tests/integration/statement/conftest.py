"""A school that takes points for discounts, and a community with projects and goods."""

from __future__ import annotations

from tests.integration.projects.conftest import guild  # noqa: F401 - a fixture by name
from tests.integration.redemption.conftest import clock, school  # noqa: F401 - as above
