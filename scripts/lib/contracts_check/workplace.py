"""A copy of what forge, Hardhat and the tools work on, so that nothing here is changed or waits."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(ROOT)]

from oracle.contracts import toolchain  # noqa: E402 - after the checkout is on the path

BUILD_TIMEOUT_S: Final = 600
TESTS: Final = "tests/contracts/solidity"
_COPIED: Final = ("contracts", "tests/contracts/solidity", "tests/contracts/symbolic")
_FILES: Final = ("foundry.toml", "hardhat-local/package.json", "hardhat-local/solc.mjs")


@dataclass(frozen=True)
class Workplace:
    """A folder laid out like the checkout, with contracts, their tests and the tools alone."""

    folder: Path

    def forge(
        self,
        arguments: Sequence[str],
        timeout_s: float,
        settings: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run forge here.

        Raises:
            TimeoutExpired: it took longer.
        """
        inherited = os.environ.items()  # noqa: TID251 - a script's, handed on
        kept = {name: value for name, value in inherited if not name.startswith("FOUNDRY_")}
        return subprocess.run(
            [str(toolchain.forge_binary()), *arguments],
            cwd=self.folder,
            env={**kept, **(settings or {})},
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def build(self) -> None:
        """Compile contracts and tests; afterwards a test run compiles nothing."""
        done = self.forge(["build"], BUILD_TIMEOUT_S)
        if done.returncode != 0:
            raise SystemExit(f"The contracts do not compile:\n{done.stdout}{done.stderr}")

    def artifact(self, contract: str) -> Path:
        """What forge made of a contract."""
        return self.folder / "hardhat-local" / "out" / f"{contract}.sol" / f"{contract}.json"


@contextmanager
def workplace(like: Workplace | None = None) -> Iterator[Workplace]:
    """A fresh one, or a copy of one that is built; gone afterwards."""
    toolchain.npm_ci()
    toolchain.solc_wrapper()
    folder = Path(tempfile.mkdtemp(prefix="vklad-contracts-"))
    try:
        if like is None:
            _lay_out(folder)
        else:
            shutil.copytree(like.folder, folder, symlinks=True, dirs_exist_ok=True)
        yield Workplace(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def read_report(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What ``forge test --json`` says: of each suite the tests, of each test how it went."""
    lines = done.stdout.strip().splitlines()
    if not lines or not lines[-1].startswith("{"):
        raise SystemExit(f"forge said no result:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    report: dict[str, Any] = json.loads(lines[-1])
    return report


def failures(report: Mapping[str, Any]) -> list[str]:
    """``Suite.test: reason`` of each test that failed."""
    return [
        f"{suite.split(':')[-1]}.{name.split('(')[0]}: {result.get('reason')}"
        for suite, results in sorted(report.items())
        for name, result in sorted(results["test_results"].items())
        if result["status"] != "Success"
    ]


def _lay_out(folder: Path) -> None:
    for name in _COPIED:
        shutil.copytree(ROOT / name, folder / name)
    (folder / "hardhat-local" / "cache").mkdir(parents=True)
    for name in _FILES:
        shutil.copy2(ROOT / name, folder / name)
    shutil.copy2(toolchain.solc_wrapper(), folder / "hardhat-local" / "cache" / "solc")
    modules = toolchain.PROJECT_DIR / "node_modules"
    (folder / "hardhat-local" / "node_modules").symlink_to(modules)
