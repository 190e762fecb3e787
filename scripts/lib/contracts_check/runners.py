"""The Solidity tests at length: by forge, and by Hardhat's own runner with the same compiler."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Final

from workplace import ROOT, TESTS, Workplace, failures, read_report, workplace

from oracle.contracts import toolchain

FORGE_TIMEOUT_S: Final = 3_600
HARDHAT_TIMEOUT_S: Final = 1_800
_PASSING: Final = re.compile(r"^\s*(\d+) passing", re.MULTILINE)
_DECLARED: Final = re.compile(r"^    function (?:test|invariant)\w*\(", re.MULTILINE)


def check_forge() -> bool:
    """A thousand runs of each campaign and five thousand of each fuzz test."""
    with workplace() as place:
        place.build()
        done = place.forge(["test", "--json"], FORGE_TIMEOUT_S, {"FOUNDRY_PROFILE": "deep"})
    report = read_report(done)
    failed = failures(report)
    for line in failed:
        print(f"FAILED  {line}")
    count = sum(len(suite["test_results"]) for suite in report.values())
    print(f"forge: {count - len(failed)} of {count} tests pass")
    return bool(count) and not failed


def check_hardhat() -> bool:
    """Every test that forge runs passes in Hardhat's runner, too."""
    with workplace() as place:
        done = _hardhat(place)
    passing = sum(map(int, _PASSING.findall(done.stdout)))
    if done.returncode != 0 or not passing:
        print(done.stdout[-6000:] + done.stderr[-4000:])
    declared = sum(
        len(_DECLARED.findall(path.read_text("utf-8"))) for path in (ROOT / TESTS).glob("*.sol")
    )
    # The one invariant is declared once and inherited by two campaigns.
    print(f"hardhat: {passing} tests pass, {declared + 1} are declared")
    return done.returncode == 0 and passing == declared + 1


def _hardhat(place: Workplace) -> subprocess.CompletedProcess[str]:
    folder = place.folder / "hardhat"
    folder.mkdir()
    (place.folder / "contracts").rename(folder / "contracts")
    (place.folder / TESTS).rename(folder / "test")
    shutil.copy2(ROOT / "hardhat-local" / "hardhat.tests.js", folder / "hardhat.config.js")
    shutil.copy2(ROOT / "hardhat-local" / "package.json", folder / "package.json")
    (folder / "remappings.txt").write_text("vklad/=contracts/\n", "utf-8")
    (folder / "node_modules").symlink_to(toolchain.PROJECT_DIR / "node_modules")
    cli = folder / "node_modules" / "hardhat" / "dist" / "src" / "cli.js"
    return subprocess.run(
        [str(toolchain.node_binary()), str(cli), "test", "solidity"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=HARDHAT_TIMEOUT_S,
        check=False,
    )
