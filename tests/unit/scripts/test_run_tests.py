"""What `scripts/test` makes of pytest's reports: a green run must not be able to hide anything."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests import conftest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def runner() -> ModuleType:
    spec = importlib.util.spec_from_file_location("run_tests", ROOT / "scripts/lib/run_tests.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["run_tests"] = module
    spec.loader.exec_module(module)
    return module


REPORT = """<testsuites><testsuite>
<testcase classname="a" name="good"/>
<testcase classname="a" name="bad"><failure message="x"/></testcase>
<testcase classname="a" name="broken"><error message="x"/></testcase>
<testcase classname="a" name="left_out"><skipped message="no mood">today</skipped></testcase>
<testcase classname="a" name="elsewhere">
<skipped message="collection skipped">('x', 1, '/srv/shared/fixtures/edx is absent')</skipped>
</testcase></testsuite></testsuites>"""


@pytest.mark.parametrize(
    ("in_ci", "forbidden"), [(False, ()), (True, ("a.left_out: no mood today",))]
)
def test_a_skip_that_nobody_named_is_forbidden_in_ci(
    runner: ModuleType, tmp_path: Path, *, in_ci: bool, forbidden: tuple[str, ...]
) -> None:
    report = tmp_path / "report.xml"
    report.write_text(REPORT)
    outcome = runner._counted(report, in_ci=in_ci)
    assert (outcome.passed, outcome.failed, outcome.skipped) == (1, 2, 2)
    assert outcome.forbidden_skips == forbidden


def test_no_report_is_a_failure(runner: ModuleType, tmp_path: Path) -> None:
    assert runner._counted(tmp_path / "none.xml", in_ci=False).failed == 1


def test_pytest_that_fails_without_saying_where_is_a_failure(
    runner: ModuleType, tmp_path: Path
) -> None:
    test = tmp_path / "test_leak.py"
    test.write_text(
        "import os\ndef test_it():\n    pass\ndef teardown_module():\n    os._exit(3)\n"
    )
    assert runner.run_pytest([str(test)], {"PATH": "/usr/bin:/bin"}, in_ci=False).failed == 1


@pytest.mark.parametrize(
    ("body", "workers"),
    [("import time\n    time.sleep(60)", ()), ("import os\n    os._exit(3)", ("integration",))],
    ids=["stuck", "dead"],
)
def test_a_test_that_hangs_or_takes_its_process_along_ends_the_run(
    runner: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    body: str,
    workers: tuple[str, ...],
) -> None:
    monkeypatch.setattr(runner, "STUCK_AFTER_S", 3)
    for name in ("test_a.py", "test_b.py", "test_c.py"):
        (tmp_path / name).write_text("def test_one():\n    pass\ndef test_two():\n    pass\n")
    (tmp_path / "test_d.py").write_text(f"def test_it():\n    {body}\n")
    options = [option for folder in workers for option in runner.WORKERS[folder]]
    outcome = runner.run_pytest([*options, str(tmp_path)], {"PATH": "/usr/bin:/bin"}, in_ci=False)
    assert outcome.failed == 1


def test_budgets_fit_in_half_an_hour_and_quick_in_its_share(runner: ModuleType) -> None:
    assert sum(runner.BUDGETS_S.values()) <= 30 * 60
    assert set(runner.QUICK) <= set(runner.BUDGETS_S)
    folders = {path.name for path in (ROOT / "tests").iterdir() if any(path.rglob("test_*.py"))}
    assert folders <= set(runner.BUDGETS_S)


def test_a_deep_run_goes_on_where_it_stopped(
    runner: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    outcomes = {"test_a.py": runner.Outcome(passed=2), "test_b.py": runner.Outcome(failed=1)}

    def run_pytest(paths: list[str], environment: object, *, in_ci: bool) -> object:
        ran.extend(paths)
        return outcomes[paths[0]]

    monkeypatch.setattr(runner, "run_pytest", run_pytest)
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    monkeypatch.setattr(runner, "revision", lambda: "abc")
    files = [tmp_path / name for name in outcomes]
    first = runner.run_resumable(files, {}, in_ci=False)
    second = runner.run_resumable(files, {}, in_ci=False)
    assert ran == ["test_a.py", "test_b.py", "test_b.py"]
    assert (first.passed, second.passed, second.failed) == (2, 2, 1)


def test_long_files_are_taken_in_shards_that_exist(runner: ModuleType) -> None:
    for path, count in runner.SHARDS.items():
        assert (ROOT / path).exists()
        assert runner.shards_of(path) == [f"{number}/{count}" for number in range(1, count + 1)]
    assert runner.shards_of("tests/unit/scripts/test_run_tests.py") == [""]


def test_shards_together_are_all_seeds(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"VKLAD_TEST_SHARD": ""}
    monkeypatch.setattr(conftest, "_asked", lambda name: asked.get(name, ""))
    monkeypatch.setattr(conftest, "DEEP", False)
    assert list(conftest.seeds_of_this_run(10, 3, 8)) == [8, 9, 0]
    monkeypatch.setattr(conftest, "DEEP", True)
    found = []
    for number in range(1, 8):
        asked["VKLAD_TEST_SHARD"] = f"{number}/7"
        found += conftest.seeds_of_this_run(10, 3, 8)
    assert found == list(range(10))
    asked["VKLAD_TEST_SEED"] = "4"
    assert list(conftest.seeds_of_this_run(10, 3, 8)) == [4]
