"""The documentation builds as a site without a warning: every link leads somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from api.cli.main import app as commands
from api.settings import Settings
from ledger.events.catalogue import TYPES

ROOT = Path(__file__).parents[2]


def _build(source: Path, site: Path) -> subprocess.CompletedProcess[str]:
    options = ["--quiet", "--fail-on-warning", "--keep-going", "-b", "dirhtml"]
    return subprocess.run(
        [sys.executable, "-m", "sphinx", *options, "-c", "docs", str(source), str(site)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    built = tmp_path_factory.mktemp("site")
    done = _build(ROOT / "docs", built)
    assert done.returncode == 0, done.stderr
    return built


def test_every_page_is_there(site: Path) -> None:
    sources = {path.relative_to(ROOT / "docs") for path in (ROOT / "docs").rglob("*.md")}
    for source in sources - {Path("index.md")}:
        assert (site / source.with_suffix("") / "index.html").is_file() or (
            source.name == "index.md" and (site / source.parent / "index.html").is_file()
        ), source


def test_references_are_written_from_the_program(site: Path) -> None:
    http = (site / "reference" / "http" / "index.html").read_text("utf-8")
    assert "/v1/redemptions/{redemption_id}/capture" in http
    events = (site / "reference" / "events" / "index.html").read_text("utf-8")
    assert all(each in events for each in TYPES)
    settings = (site / "reference" / "settings" / "index.html").read_text("utf-8")
    assert all(f"VKLAD_{name.upper()}" in settings for name in Settings.model_fields)
    marked = (site / "reference" / "commands" / "index.html").read_text("utf-8")
    told = re.sub(r"<[^>]+>", "", marked)
    assert commands.registered_groups
    assert all(f"vklad {group.name}" in told for group in commands.registered_groups)


def test_nothing_is_asked_of_other_hosts(site: Path) -> None:
    for page in site.rglob("*.html"):
        for asked in ('src="http', 'rel="stylesheet" href="http', "@import url(http"):
            assert asked not in page.read_text("utf-8"), page


def test_a_link_to_nowhere_fails(tmp_path: Path) -> None:
    (tmp_path / "index.md").write_text("# Here\n\n[there](nowhere.md)\n", "utf-8")
    done = _build(tmp_path, tmp_path / "site")
    assert done.returncode != 0
    assert "nowhere.md" in done.stderr
