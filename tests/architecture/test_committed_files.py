"""What may be in the repository: no registry hosts, lock files that fit."""

from __future__ import annotations

import re
import tomllib
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.architecture.sources import ROOT, committed_files

REGISTRY_HOSTS: Final = re.compile(
    "|".join(
        name.replace(".", r"\.")
        for name in (
            "pypi" + ".org",
            "files.pythonhosted" + ".org",
            "registry.npmjs" + ".org",
            "registry.yarnpkg" + ".com",
            "deb.debian" + ".org",
        )
    )
)
TEXT_BYTES_MAX: Final = 4 * 1024 * 1024
TOP_LEVEL: Final = {
    *("ledger", "oracle", "governance", "api", "contracts", "hardhat-local", "scripts", "tests"),
    *("docs", "examples", ".ci"),
}


def test_no_committed_file_names_a_registry() -> None:
    found = []
    for name in committed_files():
        content = (ROOT / name).read_bytes()
        if len(content) <= TEXT_BYTES_MAX and REGISTRY_HOSTS.search(
            content.decode("utf-8", errors="ignore")
        ):
            found.append(name)
    assert found == []


def test_only_the_given_folders_are_at_the_top() -> None:
    assert {name.split("/")[0] for name in committed_files() if "/" in name} <= TOP_LEVEL


@pytest.mark.parametrize(
    ("lock", "groups"), [("requirements.lock", []), ("requirements-dev.lock", ["dev"])]
)
def test_lock_files_pin_every_dependency_within_its_range(lock: str, groups: list[str]) -> None:
    pins = re.findall(r"^([A-Za-z0-9._-]+)==([^ \\;]+)", (ROOT / lock).read_text(), re.MULTILINE)
    pinned = {canonicalize_name(name): version for name, version in pins}
    found = []
    for need in map(Requirement, _declared(groups)):
        version = pinned.get(canonicalize_name(need.name))
        if version is None or not need.specifier.contains(version, prereleases=True):
            found.append(f"{need}: pinned {version}")
    assert found == []


def _declared(groups: list[str]) -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    return [
        *project["project"]["dependencies"],
        *(text for group in groups for text in project["dependency-groups"][group]),
    ]


def test_every_pin_has_a_hash() -> None:
    for lock in (
        *("requirements.lock", "requirements-dev.lock"),
        *("scripts/lib/uv.lock", "scripts/lib/contracts-tools.lock"),
    ):
        content = (ROOT / lock).read_text()
        pins = re.findall(
            r"^[A-Za-z0-9._-]+==.*?(?=^[A-Za-z0-9]|\Z)", content, re.MULTILINE | re.DOTALL
        )
        assert pins
        assert [pin.splitlines()[0] for pin in pins if "--hash=sha256:" not in pin] == []


def test_every_dependency_is_explained() -> None:
    explained = (ROOT / "docs" / "dependencies.md").read_text()
    names = [Requirement(text).name for text in _declared(["dev"])]
    assert [name for name in names if f"`{name}`" not in explained] == []
