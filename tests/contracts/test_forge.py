"""Runs the Solidity tests and reports each as a test of its own."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any, Final

import pytest

from oracle.contracts import toolchain

TIMEOUT_S: Final = 300
DECLARED: Final = re.compile(r"^ *(error|event) (\w+)\(", re.MULTILINE)
SUITES: Final = {
    "VklTokenTest",
    "PointsBridgeTest",
    "VklGovernorTest",
    "BallotRelayTest",
    "BridgeEdgesTest",
    "CharterTest",
    "VklGovernorEdgesTest",
    "AttacksOnTheBridgeTest",
    "AttacksOnVotesTest",
    "EventsTest",
    "RegistersTest",
    "KindsTest",
    "MandatesTest",
    "HonestPosterTest",
    "LyingPosterTest",
}

_OF_BOTH: Final = {
    *("commitsTheJournal", "watches", "vetoes", "pauses", "unpauses", "changesLimits"),
    *("replacesAKey", "executesWhatIsDue", "triesToExecute", "expires", "redeems", "transfers"),
    *("strangers", "waits"),
}
_OF_A_LIAR: Final = {
    *("commitsAnInvention", "commitsAReplay", "commitsAnything", "executesInHaste"),
    "watcherFallsSilent",
}
ACTIONS: Final = {"HonestPosterTest": _OF_BOTH, "LyingPosterTest": _OF_BOTH | _OF_A_LIAR}
ACTIONS_LEAST: Final = 20


@pytest.fixture(scope="module")
def forge_report() -> dict[str, Any]:
    toolchain.npm_ci()
    toolchain.solc_wrapper()
    done = subprocess.run(
        [str(toolchain.forge_binary()), "test", "--json"],
        cwd=toolchain.PROJECT_DIR.parent,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    last = (done.stdout.strip().splitlines() or [""])[-1]
    assert last.startswith("{"), done.stdout[-2000:] + done.stderr[-4000:]
    report: dict[str, Any] = json.loads(last)
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


@pytest.mark.parametrize("suite", sorted(ACTIONS))
def test_every_action_of_a_campaign_happened(forge_report: dict[str, Any], suite: str) -> None:
    """A call that gave itself back (``vm.assume``) did nothing: the rest is what was done."""
    [campaign] = forge_report[suite]["test_results"].values()
    done = {
        name.split(".")[-1]: calls["calls"] - calls["reverts"] - calls["discards"]
        for name, calls in campaign["kind"]["Invariant"]["metrics"].items()
    }
    assert set(done) == ACTIONS[suite]
    assert {name for name, count in done.items() if count < ACTIONS_LEAST} == set()


def test_every_error_and_event_is_provoked() -> None:
    """By name: an error is what a revert is expected to say, an event what is expected next."""
    folder = toolchain.PROJECT_DIR.parent / "tests" / "contracts" / "solidity"
    said = "".join(path.read_text("utf-8") for path in sorted(folder.glob("*.t.sol")))
    missing = []
    for path in sorted(toolchain.CONTRACTS_DIR.rglob("*.sol")):
        for kind, name in DECLARED.findall(path.read_text("utf-8")):
            full = f"{path.stem}.{name}"
            if (f"{full}.selector" if kind == "error" else f"emit {full}(") not in said:
                missing.append(full)
    assert missing == []


def test_no_suite_is_forgotten(forge_report: dict[str, Any]) -> None:
    assert set(forge_report) == SUITES
