"""slither over all contracts: every finding is fixed, or explained in `explained_findings`."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from typing import Any, Final

from explained_findings import EXPLAINED, EXPLAINED_EVERYWHERE
from tools import environment, tool
from workplace import Workplace, workplace

from oracle.contracts import toolchain
from oracle.contracts.compiler import CONTRACTS

TIMEOUT_S: Final = 900
_ALL: Final = "all.sol"


def check_findings() -> bool:
    """Print what it found; whether each is explained and no explanation is left over."""
    with workplace() as place:
        findings = _findings(place)
    names = {_name(finding) for finding in findings}
    unexplained = [
        finding
        for finding in findings
        if finding["check"] not in EXPLAINED_EVERYWHERE and _name(finding) not in EXPLAINED
    ]
    idle = sorted(set(EXPLAINED) - names)
    idle += sorted(set(EXPLAINED_EVERYWHERE) - {finding["check"] for finding in findings})
    for finding in unexplained:
        print(f"NOT EXPLAINED  {finding['impact']}  {_name(finding)}")
        print("    " + finding["description"].strip().replace("\n", "\n    "))
    for name in idle:
        print(f"EXPLAINED FOR NOTHING  {name}")
    found = Counter(finding["impact"] for finding in findings)
    figures = ", ".join(f"{count} {impact.lower()}" for impact, count in sorted(found.items()))
    print(f"slither: {figures or 'nothing found'}; {len(unexplained)} not explained")
    return not unexplained and not idle


def _findings(place: Workplace) -> list[dict[str, Any]]:
    imports = "".join(f'import "./contracts/{name}.sol";\n' for name in CONTRACTS)
    (place.folder / _ALL).write_text(
        f"// SPDX-License-Identifier: Apache-2.0\npragma solidity 0.8.30;\n{imports}", "utf-8"
    )
    (place.folder / "@openzeppelin").symlink_to(
        toolchain.PROJECT_DIR / "node_modules" / "@openzeppelin"
    )
    out = place.folder / "findings.json"
    done = subprocess.run(
        [
            *(tool("slither"), _ALL, "--json", str(out), "--filter-paths", f"@openzeppelin|{_ALL}"),
            *("--solc", "hardhat-local/cache/solc", "--compile-force-framework", "solc"),
            *("--solc-args", "--optimize --evm-version prague --base-path ."),
        ],
        cwd=place.folder,
        env=environment(toolchain.forge_binary()),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    if not out.exists():
        raise SystemExit(f"slither said nothing:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    answer = json.loads(out.read_text("utf-8"))
    if not answer["success"]:
        raise SystemExit(f"slither failed: {answer['error']}")
    found: list[dict[str, Any]] = answer["results"].get("detectors", [])
    return found


def _name(finding: dict[str, Any]) -> str:
    """``check Contract.element``, of the element that slither names first; stable over lines."""
    first = finding["elements"][0]
    parent = first.get("type_specific_fields", {}).get("parent", {})
    within = f"{parent['name']}." if parent.get("type") == "contract" else ""
    return f"{finding['check']} {within}{first['name']}"
