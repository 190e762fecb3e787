"""Every page × language × theme × width as pictures: one HTML sheet, and PNG sheets to look at.

The installation is started for it and stopped after it; the demo community lives in it.
"""

from __future__ import annotations

import html
import shutil
import sys
import tempfile
import time
from itertools import product
from pathlib import Path
from typing import Final

sys.path[:0] = [str(Path(__file__).parents[2])]

from playwright.sync_api import Browser, sync_playwright  # noqa: E402 - the path first

from tests.browser.conftest import CHROMIUM_NAMES  # noqa: E402 - the path first
from tests.browser.installation import Installation, running  # noqa: E402 - the path first
from tests.browser.walk import Place, dress, places_of, signed_in  # noqa: E402 - the path first

LOOKS: Final = tuple(product(("ru", "en"), ("light", "dark"), (360, 1280)))
TALLEST: Final = 2_000
"""Pixels of a page that a picture shows; the sheet is to be looked over, not read."""
PAGES_A_SHEET: Final = 6
STYLE: Final = """
body { margin: 16px; font: 14px sans-serif; background: #ddd; color: #111 }
h2 { font-size: 15px; margin: 16px 0 6px } .row { display: flex; gap: 8px; align-items: start }
figure { margin: 0 } figcaption { font-size: 11px } img { display: block; background: #fff }
img.narrow { width: 150px } img.wide { width: 330px }
"""


def main(folder: Path) -> int:
    """Take the pictures; prints where they are."""
    chromium = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if chromium is None:
        print("No Chromium on this machine. On Debian: apt-get install chromium.", file=sys.stderr)
        return 1
    began = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as state, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        with running(Path(state)) as installation:
            places = _pictures(browser, installation, folder)
        sheets = _sheets(browser, folder, places)
        browser.close()
    count = len(places) * len(LOOKS)
    print(f"{len(places)} pages, {count} pictures, {time.monotonic() - began:.0f} s")
    print(f"{folder / 'index.html'} and {sheets} sheets as PNG beside it")
    return 0


def _pictures(browser: Browser, installation: Installation, folder: Path) -> list[Place]:
    contexts = signed_in(browser, installation)
    places = sorted(places_of(contexts, installation), key=lambda place: place.path)
    for number, place in enumerate(places):
        context = contexts[place.audience]
        page = context.new_page()
        for language, theme, width in LOOKS:
            dress(context, installation, language, theme)
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(installation.url + place.path)
            tall = int(page.evaluate("() => document.scrollingElement.scrollHeight"))
            page.screenshot(
                path=folder / _name(number, language, theme, width),
                type="jpeg",
                quality=70,
                full_page=True,
                clip={"x": 0, "y": 0, "width": width, "height": min(tall, TALLEST)},
            )
        page.close()
    return places


def _name(number: int, language: str, theme: str, width: int) -> str:
    return f"{number:03}-{language}-{theme}-{width}.jpg"


def _sheets(browser: Browser, folder: Path, places: list[Place]) -> int:
    """The whole as HTML, and some pages at a time as PNG; how many of these."""
    rows = [_row(number, place) for number, place in enumerate(places)]
    (folder / "index.html").write_text(_document(rows), "utf-8")
    page = browser.new_page(viewport={"width": 2_000, "height": 900})
    parts = [rows[at : at + PAGES_A_SHEET] for at in range(0, len(rows), PAGES_A_SHEET)]
    for number, part in enumerate(parts, start=1):
        sheet = folder / "sheet.html"
        sheet.write_text(_document(part), "utf-8")
        page.goto(sheet.as_uri())
        page.screenshot(path=folder / f"sheet-{number:02}.png", full_page=True)
        sheet.unlink()
    return len(parts)


def _row(number: int, place: Place) -> str:
    pictures = "".join(
        f'<figure><figcaption>{language} {theme} {width}</figcaption><img loading="eager"'
        f' class="{"narrow" if width < 500 else "wide"}" alt=""'
        f' src="{_name(number, language, theme, width)}"></figure>'
        for language, theme, width in LOOKS
    )
    who = place.audience or "anybody"
    return f'<h2>{html.escape(place.path)} ({who})</h2><div class="row">{pictures}</div>'


def _document(rows: list[str]) -> str:
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Every page</title>'
        f"<style>{STYLE}</style>{''.join(rows)}</html>"
    )


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(".vklad/contact-sheet")))
