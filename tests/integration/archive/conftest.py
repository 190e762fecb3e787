"""Communities that other tests live in, to take members' archives from."""

from __future__ import annotations

from tests.integration.memorandum.conftest import assembly  # noqa: F401 - a fixture by name
from tests.integration.polls.conftest import electorate  # noqa: F401 - as above
from tests.integration.projects.conftest import guild  # noqa: F401 - as above
from tests.integration.redemption.conftest import clock, school  # noqa: F401 - as above
