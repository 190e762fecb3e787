"""``scripts/contracts``: what stands behind the contracts, beyond the ordinary tests.

    scripts/contracts [--forge] [--hardhat] [--slither] [--halmos] [--planted] [--mutate]
                      [--only TEXT] [--workers N] [--survivors] [--sample N [--seed S]]

Without a part named, all of them. Each prints its figures. Exit status 1 if something is open: a
test fails, a finding or a survivor is not explained, a proof is missing, a fault is not noticed.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable, Mapping
from typing import Final

from halmos_check import check_proofs
from mutate import Choice, check_mutants
from planted import check_planted
from runners import check_forge, check_hardhat
from slither_check import check_findings

WORKERS: Final = 2


def main() -> int:
    """Run the parts asked for; 0 if nothing is open in any."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    asked = _arguments()
    parts: Mapping[str, Callable[[], bool]] = {
        "forge": check_forge,
        "hardhat": check_hardhat,
        "slither": check_findings,
        "halmos": lambda: check_proofs(asked.only),
        "planted": lambda: check_planted(asked.only),
        "mutate": lambda: check_mutants(_choice(asked), asked.workers),
    }
    wanted = [name for name in parts if getattr(asked, name)] or list(parts)
    open_parts = []
    for name in wanted:
        began = time.monotonic()
        print(f"== {name}", flush=True)
        sound = parts[name]()
        spent_s = time.monotonic() - began
        print(f"== {name}: {'ok' if sound else 'OPEN'}, {spent_s:.0f} s", flush=True)
        if not sound:
            open_parts.append(name)
    if open_parts:
        print(f"Open: {', '.join(open_parts)}")
    return 1 if open_parts else 0


def _choice(asked: argparse.Namespace) -> Choice:
    return Choice(asked.only, asked.survivors, asked.sample, asked.seed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/contracts", description=__doc__)
    parser.add_argument("--forge", action="store_true", help="long campaigns and fuzz tests")
    parser.add_argument("--hardhat", action="store_true", help="the same tests, Hardhat's runner")
    parser.add_argument("--slither", action="store_true", help="findings, each explained")
    parser.add_argument("--halmos", action="store_true", help="symbolic proofs")
    parser.add_argument("--planted", action="store_true", help="defences taken away by hand")
    parser.add_argument("--mutate", action="store_true", help="the mutants of slither-mutate")
    parser.add_argument("--only", default="", help="proofs, faults, mutants with this in the name")
    parser.add_argument("--workers", type=int, default=WORKERS, help="mutants side by side")
    parser.add_argument("--survivors", action="store_true", help="mutants not settled so far")
    parser.add_argument("--sample", type=int, default=0, help="mutants of each operator, drawn")
    parser.add_argument("--seed", type=int, default=1, help="what the sample is drawn by")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
