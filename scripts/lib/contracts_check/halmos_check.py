"""Proofs by halmos: from any state, by any call, what tests/contracts/symbolic says.

A proof holds for every value, within the bounds on loops and lengths that are given below.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from typing import Any, Final

from tools import environment, tool
from workplace import ROOT, Workplace, workplace

from oracle.contracts import toolchain

TIMEOUT_S: Final = 3_600
QUERY_TIMEOUT: Final = "300s"
RECORDS_BYTES: Final = "0,26,65"
"""Lengths of bytes that are tried: nothing, one record, a signature."""
_PROOF: Final = re.compile(r"^    function (check_\w+)\(", re.MULTILINE)


def check_proofs(only: str) -> bool:
    """Prove what contains ``only``; whether all that is written down was proved."""
    wanted = {name for name in _written() if only in name}
    with workplace() as place:
        report = _prove(place, only)
    results = {
        result["name"].split("(")[0]: result
        for results in report["test_results"].values()
        for result in results
    }
    for name, result in sorted(results.items()):
        verdict = "PROVED" if result["exitcode"] == 0 else "NOT PROVED"
        print(f"{verdict:12}{name}: {result['num_paths'][0]} paths, {result['time'][0]:.0f} s")
    for name in sorted(wanted - set(results)):
        print(f"NOT TRIED   {name}")
    proved = {name for name, result in results.items() if result["exitcode"] == 0}
    print(f"halmos: {len(proved)} of {len(wanted)} proved")
    return bool(wanted) and proved == wanted


def _written() -> set[str]:
    folder = ROOT / "tests" / "contracts" / "symbolic"
    return {
        name for path in folder.glob("*.p.sol") for name in _PROOF.findall(path.read_text("utf-8"))
    }


def _prove(place: Workplace, only: str) -> Mapping[str, Any]:
    settings = place.folder / "foundry.toml"
    text = settings.read_text("utf-8").replace(
        "tests/contracts/solidity", "tests/contracts/symbolic"
    )
    settings.write_text(text.replace("[profile.default]", "[profile.default]\nast = true"), "utf-8")
    out = place.folder / "proofs.json"
    done = subprocess.run(
        [
            *(
                tool("halmos"),
                "--root",
                str(place.folder),
                "--forge-build-out",
                "hardhat-local/out",
            ),
            *("--match-contract", "Proof$", "--match-test", only, "--json-output", str(out)),
            *("--default-bytes-lengths", RECORDS_BYTES, "--no-status", "--solver-threads", "2"),
            *("--solver-timeout-assertion", QUERY_TIMEOUT),
        ],
        cwd=place.folder,
        env=environment(toolchain.forge_binary()),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    print(done.stdout.strip())
    if not out.exists():
        raise SystemExit(f"halmos said no result:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    report: dict[str, Any] = json.loads(out.read_text("utf-8"))
    return report
