"""`vklad demo-issuer` starts nothing where it must not."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.cli.demo_issuer import demo_issuer
from api.settings import UnsafeSettings


@pytest.mark.parametrize(
    "environment",
    [{}, {"VKLAD_DEMO": "true", "VKLAD_PUBLIC_URL": "https://points.example"}],
)
def test_without_a_demo_or_in_public_it_refuses(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VKLAD_STATE_FOLDER", str(tmp_path))
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(UnsafeSettings):
        demo_issuer()
    assert not (tmp_path / "demo-issuer.pem").exists()
