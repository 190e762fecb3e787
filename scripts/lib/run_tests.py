"""What `scripts/test` does once the environment is there.

Static checks, then pytest folder by folder, each with its budget of time printed beside what it
took; the last line is the sum. Under CI=true a skipped test fails the run unless it is named in
`SKIPS_ALLOWED_IN_CI`, and a missing Chromium is installed from Debian's packages.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PYTHON: Final = sys.executable
BUDGETS_S: Final[Mapping[str, int]] = {
    "static": 60,
    "unit": 150,
    "property": 120,
    "architecture": 40,
    "contracts": 60,
    "integration": 1120,
    "peer": 20,
    "browser": 230,
}
"""Seconds on two cores; together 30 minutes."""
WORKERS: Final[Mapping[str, Sequence[str]]] = {
    "integration": (
        *("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder"),
        *("--max-worker-restart", "0"),
    ),
}
"""Folders whose files two processes share, each with database, broker and chain of its own.

One that dies ends the run and names its test: with a successor pytest-xdist 3.8 may wait for ever.
"""
STUCK_AFTER_S: Final = 900
"""A test still running then is shown where it stands and ended, with the process it is in."""
STUCK_AFTER_S_DEEP: Final = 3 * 60 * 60
QUICK: Final = ("static", "unit", "property", "architecture")
NEEDS_CHAIN: Final = ("contracts", "browser")
SHARDS: Final[Mapping[str, int]] = {
    "tests/integration/crash/test_jobs.py": 8,
    "tests/integration/crash/test_schedules.py": 20,
    "tests/integration/oracle/test_chain_faults.py": 20,
    "tests/integration/scoring/test_long_lives.py": 10,
}
"""Files whose seeds a deep run takes in so many parts, each of which resumes by itself."""
SKIPS_ALLOWED_IN_CI: Final = ("VKLAD_TIGERBEETLE", "/shared/fixtures/")
"""A skip is allowed if its reason contains one of these: what only some machines can have."""
STATIC_CHECKS: Final[Mapping[str, Sequence[str]]] = {
    "format": ("-m", "ruff", "format", "--check", "--quiet", "."),
    "lint": ("-m", "ruff", "check", "--quiet", "."),
    "imports": ("-c", "from importlinter.cli import lint_imports_command as c; c()"),
    "types": ("-m", "mypy"),
}
CHROMIUM_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Outcome:
    """What one folder came to."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0
    forbidden_skips: tuple[str, ...] = ()

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            self.passed + other.passed,
            self.failed + other.failed,
            self.skipped + other.skipped,
            self.seconds + other.seconds,
            self.forbidden_skips + other.forbidden_skips,
        )


def main() -> int:
    """Run what was asked for; 0 if all of it passed."""
    asked = _arguments()
    environment = {**os.environ, "VKLAD_TEST_DEEP": "1" if asked.deep else ""}  # noqa: TID251
    in_ci = environment.get("CI") == "true"
    if asked.paths:
        total = run_pytest(asked.paths, environment, in_ci=in_ci)
    else:
        folders = QUICK if asked.quick else tuple(BUDGETS_S)
        if environment.get("VKLAD_CHAIN") == "off":
            folders = tuple(name for name in folders if name not in NEEDS_CHAIN)
        if "contracts" in folders or "integration" in folders:
            _install_npm_project(environment)
        if "browser" in folders and not _chromium_is_there(in_ci=in_ci):
            folders = tuple(name for name in folders if name != "browser")
        total = Outcome()
        for folder in folders:
            total += run_folder(folder, environment, in_ci=in_ci, deep=asked.deep)
    for skip in total.forbidden_skips:
        print(f"Skipped, which CI does not allow: {skip}")
    failed = total.failed + len(total.forbidden_skips)
    print(f"{total.seconds:.0f} s in all")
    print(f"{total.passed} passed, {failed} failed, {total.skipped} skipped", flush=True)
    return 1 if failed or not total.passed else 0


def run_folder(folder: str, environment: Mapping[str, str], *, in_ci: bool, deep: bool) -> Outcome:
    """Run one folder's tests, or the static checks, and say how long that took."""
    budget = BUDGETS_S[folder]
    print(f"── {folder} (budget {budget} s)", flush=True)
    if folder == "static":
        outcome = run_static_checks(environment)
    else:
        files = sorted((ROOT / "tests" / folder).rglob("test_*.py"))
        if not files:
            print(f"tests/{folder} holds no test, which counts as a failure.")
            return Outcome(failed=1)
        if deep:
            outcome = run_resumable(files, environment, in_ci=in_ci)
        else:
            paths = [*WORKERS.get(folder, ()), f"tests/{folder}"]
            outcome = run_pytest(paths, environment, in_ci=in_ci)
    late = " – OVER BUDGET" if outcome.seconds > budget and not deep else ""
    print(f"── {folder}: {outcome.seconds:.0f} of {budget} s{late}", flush=True)
    return outcome


def run_static_checks(environment: Mapping[str, str]) -> Outcome:
    """Formatting, lint, import directions and types; each counts as one."""
    outcome = Outcome()
    for name, arguments in STATIC_CHECKS.items():
        began = time.monotonic()
        done = subprocess.run([PYTHON, *arguments], cwd=ROOT, env=environment, check=False)
        seconds = time.monotonic() - began
        good = done.returncode == 0
        print(f"{name}: {'ok' if good else 'FAILED'} ({seconds:.0f} s)", flush=True)
        outcome += Outcome(passed=int(good), failed=int(not good), seconds=seconds)
    return outcome


def run_pytest(paths: Sequence[str], environment: Mapping[str, str], *, in_ci: bool) -> Outcome:
    """One pytest run, counted from its own report."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        arguments = [PYTHON, "-m", "pytest", "-q", f"--junitxml={report}"]
        stuck_after_s = STUCK_AFTER_S_DEEP if environment.get("VKLAD_TEST_DEEP") else STUCK_AFTER_S
        arguments += ["-o", f"faulthandler_timeout={stuck_after_s}"]
        arguments += ["-o", "faulthandler_exit_on_timeout=true", *paths]
        done = subprocess.run(arguments, cwd=ROOT, env=environment, check=False)
        outcome = _counted(report, in_ci=in_ci)
    outcome.seconds = time.monotonic() - began
    if done.returncode not in {0, 5} and not outcome.failed:
        outcome.failed += 1
    return outcome


def run_resumable(files: Sequence[Path], environment: Mapping[str, str], *, in_ci: bool) -> Outcome:
    """File by file, long ones in shards; what passed at this commit is not run again."""
    record = ROOT / ".pytest_cache" / "deep.json"
    commit = revision()
    known = json.loads(record.read_text()) if record.exists() else {}
    done: dict[str, int] = known.get(commit, {})
    total = Outcome()
    names = [str(file.relative_to(ROOT)) for file in files]
    for path, shard in ((each, shard) for each in names for shard in shards_of(each)):
        name = f"{path} {shard}".rstrip()
        if name in done:
            print(f"{name}: passed earlier ({done[name]})")
            total.passed += done[name]
            continue
        outcome = run_pytest([path], {**environment, "VKLAD_TEST_SHARD": shard}, in_ci=in_ci)
        if not outcome.failed and not commit.endswith("-dirty"):
            done[name] = outcome.passed
            record.parent.mkdir(exist_ok=True)
            record.write_text(json.dumps({commit: done}))
        total += outcome
    return total


def shards_of(path: str) -> Sequence[str]:
    """``1/20`` to ``20/20``, or one without a name."""
    count = SHARDS.get(path, 1)
    return [f"{number + 1}/{count}" for number in range(count)] if count > 1 else [""]


def revision() -> str:
    """The commit, marked if anything is changed."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip()


def _counted(report: Path, *, in_ci: bool) -> Outcome:
    if not report.exists():
        return Outcome(failed=1)
    outcome = Outcome()
    for case in ET.parse(report).getroot().iter("testcase"):  # noqa: S314 - pytest wrote it
        skip = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            outcome.failed += 1
        elif skip is not None:
            outcome.skipped += 1
            reason = f"{skip.get('message')} {skip.text or ''}".strip()
            allowed = any(word in reason for word in SKIPS_ALLOWED_IN_CI)
            if in_ci and not allowed:
                where = f"{case.get('classname')}.{case.get('name')}: {reason}"
                outcome.forbidden_skips += (where,)
        else:
            outcome.passed += 1
    return outcome


def _install_npm_project(environment: Mapping[str, str]) -> None:
    if environment.get("VKLAD_CHAIN") == "off":
        return
    print("── chain tools (npm)", flush=True)
    code = "from oracle.contracts.toolchain import npm_ci; npm_ci()"
    subprocess.run([PYTHON, "-c", code], cwd=ROOT, env=environment, check=True)


def _chromium_is_there(*, in_ci: bool) -> bool:
    if any(shutil.which(name) for name in CHROMIUM_NAMES):
        return True
    if in_ci:
        print("── installing Chromium", flush=True)
        for arguments in (["update", "-q"], ["install", "-y", "-q", "chromium"]):
            subprocess.run(["apt-get", *arguments], check=True)  # noqa: S607
        return True
    print(
        "No Chromium on this machine, so the browser tests are left out. On Debian: "
        "apt-get install chromium."
    )
    return False


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/test", description=__doc__)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--quick", action="store_true", help="static, unit, property, architecture")
    how.add_argument("--deep", action="store_true", help="everything, all seeds, resumable")
    parser.add_argument("paths", nargs="*", metavar="PATH", help="only these tests, by pytest")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
