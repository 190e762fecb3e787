"""One installation and one browser for the whole folder; a window per test and language.

Both end with the folder's last test, so other folders can start theirs in the same process.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, StorageState, sync_playwright

from api.settings import process_environment
from tests.browser import installation as installations
from tests.browser.installation import Installation
from tests.browser.visitor import HEIGHT, SETTLE_MS, WIDE, Visitor

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
LOCALES = {"ru": "ru-RU", "en": "en-GB"}

Welcome = Callable[[str], Visitor]


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if found is None:
        reason = "No Chromium on this machine. On Debian: apt-get install chromium."
        if process_environment().get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def installation(
    chromium: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    folder: Path = tmp_path_factory.mktemp("installation")
    with installations.running(folder) as found:
        yield found


@pytest.fixture(scope="package")
def kept_cookies() -> dict[tuple[str, str], StorageState]:
    """Of who signed in before, by person and language: the way in is walked once for each."""
    return {}


@pytest.fixture
def welcome(chromium: Browser, installation: Installation) -> Iterator[Welcome]:
    """Opens a window in a language; at the end nothing may have gone wrong in any."""
    visitors: list[Visitor] = []

    def open_window(language: str) -> Visitor:
        context = chromium.new_context(
            viewport={"width": WIDE, "height": HEIGHT}, locale=LOCALES[language]
        )
        visitor = Visitor(installation, context, context.new_page(), language)
        visitor.page.set_default_timeout(SETTLE_MS)
        visitor.listen()
        visitors.append(visitor)
        return visitor

    yield open_window
    for visitor in visitors:
        visitor.context.close()
    for visitor in visitors:
        visitor.verify()
