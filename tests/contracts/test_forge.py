"""Runs the Solidity tests and reports each as a test of its own."""

from __future__ import annotations

import json
import subprocess
from typing import Any, Final

import pytest

from oracle.contracts import toolchain

TIMEOUT_S: Final = 300
SUITES: Final = {
    "VklTokenTest",
    "PointsBridgeTest",
    "VklGovernorTest",
    "BallotRelayTest",
    "RegistersTest",
    "KindsTest",
    "MandatesTest",
    "HonestPosterTest",
    "LyingPosterTest",
}


@pytest.fixture(scope="module")
def forge_report() -> dict[str, Any]:
    toolchain.npm_ci()
    toolchain.solc_wrapper()
    done = subprocess.run(
        [str(toolchain.forge_binary()), "test", "--json"],
        cwd=toolchain.PROJECT_DIR,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.stdout.strip().startswith("{"), done.stdout[-2000:] + done.stderr[-4000:]
    report: dict[str, Any] = json.loads(done.stdout)
    return {name.split(":")[-1]: suite for name, suite in report.items()}


@pytest.mark.parametrize("suite", sorted(SUITES))
def test_solidity(forge_report: dict[str, Any], suite: str) -> None:
    results = forge_report[suite]["test_results"]
    assert results, "a suite without tests proves nothing"
    failed = {
        name: f"{result['reason']} {result.get('counterexample')}"
        for name, result in results.items()
        if result["status"] != "Success"
    }
    assert failed == {}


def test_no_suite_is_forgotten(forge_report: dict[str, Any]) -> None:
    assert set(forge_report) == SUITES
