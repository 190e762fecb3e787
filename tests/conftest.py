"""What holds for every test: no settings from outside, Hypothesis's profiles, the chain's switch.

With VKLAD_CHAIN=off the tests that need a chain, npm or Node are left out of the run, not skipped:
there is nothing to run them on. They are those marked `chain`, those that use one of
`CHAIN_FIXTURES`, and those in `CHAIN_FOLDERS`: the browser walks through a whole installation.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, Phase, settings

HERE: Final = Path(__file__).parent
CHAIN_FOLDERS: Final = (HERE / "contracts", HERE / "browser")
CHAIN_FIXTURES: Final = frozenset(
    {"anvil", "fresh_anvil", "hardhat", "node_kind", "nodes", "places"}
)
ENVIRONMENT: Final = os.environ  # noqa: TID251 - tests are shielded from it here
KEPT: Final = "TESTED_WITH_"
"""Put before what is taken away, so that a worker process, which starts later, knows it too."""


def _asked(name: str) -> str:
    return ENVIRONMENT.get(name) or ENVIRONMENT.get(KEPT + name, "")


CHAIN_IS_OFF: Final = _asked("VKLAD_CHAIN") == "off"
DEEP: Final = bool(_asked("VKLAD_TEST_DEEP"))


def seeds_of_this_run(count: int, some: int, first: int) -> Sequence[int]:
    """Of ``count`` seeds: all in a deep run or one shard of them, else ``some`` from ``first`` on.

    VKLAD_TEST_SEED names one alone; VKLAD_TEST_SHARD is ``2/20`` for the second of twenty.
    """
    if alone := _asked("VKLAD_TEST_SEED"):
        return [int(alone)]
    if not DEEP:
        return [each % count for each in range(first, first + some)]
    number, of = map(int, (_asked("VKLAD_TEST_SHARD") or "1/1").split("/"))
    return range((number - 1) * count // of, number * count // of)


settings.register_profile(
    "plain", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.register_profile("deep", settings.get_profile("plain"), max_examples=2_000)
settings.register_profile(
    "unshrunk",
    settings.get_profile("plain"),
    derandomize=True,
    database=None,
    phases=[phase for phase in Phase if phase not in {Phase.shrink, Phase.explain}],
)
settings.register_profile("mutants", settings.get_profile("unshrunk"), max_examples=20)
settings.load_profile("deep" if DEEP else "plain")

for _name in [name for name in ENVIRONMENT if name.startswith("VKLAD_")]:
    ENVIRONMENT[KEPT + _name] = ENVIRONMENT.pop(_name)


Tell = Callable[[str], None]


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Tell:
    """Says something at the end of the run: a seed, a figure. Also from a worker's process."""
    return lambda text: record_property("told", text)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the tests told, whether they passed or not."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", None) == "call":
                for name, text in report.user_properties:
                    if name == "told":
                        terminalreporter.write_line(f"{report.nodeid}: {text}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what this run cannot or shall not do."""
    left_out = {
        item
        for item in items
        if (CHAIN_IS_OFF and _needs_chain(item))
        or (item.get_closest_marker("deep") is not None and not DEEP)
    }
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


def _needs_chain(item: pytest.Item) -> bool:
    return (
        item.get_closest_marker("chain") is not None
        or any(folder in item.path.parents for folder in CHAIN_FOLDERS)
        or not CHAIN_FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))
    )
