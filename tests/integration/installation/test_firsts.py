"""The firsts on real installations with and without a chain, whose ledger holds afterwards."""

from __future__ import annotations

import re

import pytest

from tests.support.installation import an_installation

STEPS = {"off": 16, "on": 19}
RUNS = 2
"""What one run leaves behind must not be in the way of the next."""
pytestmark = pytest.mark.deep


@pytest.mark.parametrize("chain", STEPS)
def test_each_first_shows_its_evidence_and_its_counter_example_fails(chain: str) -> None:
    with an_installation({"VKLAD_CHAIN": chain}) as installation:
        installation.up()
        for _ in range(RUNS):
            told = installation.demo("firsts")
            assert told.returncode == 0, told.stdout + told.stderr
            assert len(re.findall(r"^ ?\d+\. ok ", told.stdout, re.MULTILINE)) == STEPS[chain]
        installation.vklad("ledger", "verify")
