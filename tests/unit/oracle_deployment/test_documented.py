"""docs/testnet.md says what things cost; the figures are those that are held by a test."""

from __future__ import annotations

import json
import re
from pathlib import Path

from oracle.contracts.compiler import CONTRACTS
from oracle.deployment.service import DEPLOYMENT_GAS

ROOT = Path(__file__).parents[3]
ROW = re.compile(
    r"^\| (?:`(\w+)`|(deployment)): [^|]+\| \w+ \| ([\d ]+) \| ([\d.]+) \|$", re.MULTILINE
)
GWEI_PER_COIN = 10**9


def test_each_operation_costs_what_the_page_says() -> None:
    page = (ROOT / "docs" / "testnet.md").read_text(encoding="utf-8")
    stated = {
        operation or deployment: (int(gas.replace(" ", "")), coins)
        for operation, deployment, gas, coins in ROW.findall(page)
    }
    measured = json.loads((ROOT / "tests" / "contracts" / "gas.json").read_text())
    costs = {**measured, "deployment": DEPLOYMENT_GAS}
    assert stated == {name: (gas, f"{gas / GWEI_PER_COIN:.6f}") for name, gas in costs.items()}


def test_the_compiler_of_the_page_is_the_one_that_made_the_code() -> None:
    page = (ROOT / "docs" / "testnet.md").read_text(encoding="utf-8")
    artifacts = ROOT / "oracle" / "contracts" / "artifacts"
    for name in CONTRACTS:
        compiler = json.loads((artifacts / f"{name}.json").read_text())["compiler"]
        assert f"`{compiler.replace('solc ', 'v')}+commit." in page
