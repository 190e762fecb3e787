"""`vklad openapi` writes what `--check` then finds current."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.cli import openapi
from api.cli.openapi import DescriptionStale


def test_what_was_written_is_current_and_anything_else_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "openapi.json"
    monkeypatch.setattr(openapi, "PATH", path)
    with pytest.raises(DescriptionStale):
        openapi.openapi(check=True)
    openapi.openapi()
    openapi.openapi(check=True)
    path.write_text(path.read_text().replace("Vklad", "Other", 1))
    with pytest.raises(DescriptionStale):
        openapi.openapi(check=True)
