from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from oracle.contracts import toolchain
from oracle.contracts.toolchain import ToolMissing


@pytest.fixture
def empty_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "package-lock.json").write_text("{}")
    monkeypatch.setattr(toolchain, "PROJECT_DIR", tmp_path)
    return tmp_path


def no_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oracle.contracts.toolchain.shutil.which", lambda _name: None)


def test_without_any_node_it_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    no_path(monkeypatch)
    monkeypatch.setattr(toolchain, "_wheel_dir", lambda: tmp_path)
    with pytest.raises(ToolMissing, match=r"Node\.js 22\.13"):
        toolchain.node_binary()


def test_an_old_node_on_the_path_is_passed_by(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old, bundled = tmp_path / "old", tmp_path / "bin" / "node"
    bundled.parent.mkdir()
    for place, version in ((old, "v22.12.9"), (bundled, "v24.1.0")):
        place.write_text(f"#!/bin/sh\necho {version}\n")
        place.chmod(0o755)
    monkeypatch.setattr("oracle.contracts.toolchain.shutil.which", lambda _name: str(old))
    monkeypatch.setattr(toolchain, "_wheel_dir", lambda: tmp_path)
    assert toolchain.node_binary() == bundled
    old.write_text("#!/bin/sh\necho v22.13.0\n")
    assert toolchain.node_binary() == old


def test_tools_that_are_not_installed_are_named(empty_project: Path) -> None:
    for question in (
        toolchain.anvil_binary,
        toolchain.forge_binary,
        lambda: toolchain.hardhat_node_command(1),
    ):
        with pytest.raises(ToolMissing, match="not installed"):
            question()
    assert not toolchain.is_installed()


def test_a_failing_npm_is_told(empty_project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "npm_command", lambda: ["/bin/sh", "-c", "echo why >&2; exit 3"])
    with pytest.raises(ToolMissing, match="why"):
        toolchain.npm_ci()


def test_npm_runs_once_per_lock(empty_project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchain, "npm_command", lambda: ["/bin/mkdir", "-p", "node_modules"])
    real = subprocess.run

    def without_npm_arguments(command: list[str], **how: object) -> object:
        return real([*command[:2], "node_modules"], **how)  # type: ignore[call-overload]

    monkeypatch.setattr("oracle.contracts.toolchain.subprocess.run", without_npm_arguments)
    assert toolchain.npm_ci() is True
    assert toolchain.npm_ci() is False
    (empty_project / "package-lock.json").write_text('{"changed": true}')
    assert toolchain.npm_ci() is True


def test_npm_is_asked_for_where_the_wheel_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    no_path(monkeypatch)
    monkeypatch.setattr(toolchain, "_wheel_dir", lambda: tmp_path)
    with pytest.raises(ToolMissing, match="npm is neither"):
        toolchain.npm_command()


def test_the_lock_file_names_no_places() -> None:
    lock = (toolchain.PROJECT_DIR / "package-lock.json").read_text()
    assert '"resolved"' not in lock
