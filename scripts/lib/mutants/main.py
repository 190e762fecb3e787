"""``scripts/mutants``: plant each fault in a copy of the tree; the tests must notice every one.

    scripts/mutants [--workers N] [--only TEXT] [--shard I/N] [--list]
    scripts/mutants --generated [--module PATH] …   every mutant of the pure domain

Exit status 1 if a fault survived, could not be planted any more, or a survivor is not explained.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from copies import ROOT, Verdict, copied_tree, judge
from faults import FAULTS, Fault
from generated import generated_faults, unexplained

WORKERS: Final = 2


def main() -> int:
    """Do what was asked; 0 if every fault was noticed or is explained."""
    asked = _arguments()
    faults = generated_faults(asked.module) if asked.generated else list(FAULTS)
    faults = [fault for fault in faults if asked.only in f"{fault.file} {fault.name}"]
    index, of = (int(part) for part in asked.shard.split("/"))
    faults = faults[index - 1 :: of]
    if asked.list:
        for fault in faults:
            print(f"{fault.file}: {fault.name}")
        return 0
    misplaced = [fault for fault in faults if not asked.generated and not _stands_once(fault)]
    for fault in misplaced:
        print(f"NOT THERE   {fault.file}: {fault.name}: {fault.old!r} does not stand there once")
    alive = list(misplaced)
    began = time.monotonic()
    runnable = [fault for fault in faults if fault not in misplaced]
    for fault, verdict, why in _judged(runnable, asked.workers):
        print(f"{verdict.upper():12}{fault.file}: {fault.name}\n            {why}", flush=True)
        endless = asked.generated and verdict is Verdict.TIMED_OUT
        if verdict is not Verdict.KILLED and not endless:
            alive.append(fault)
    if asked.generated:
        alive = unexplained(alive)
    killed = len(faults) - len(alive)
    what = "noticed or explained" if asked.generated else "noticed"
    print(f"{killed} of {len(faults)} faults {what}, {time.monotonic() - began:.0f} s")
    return 1 if alive or not faults else 0


def _stands_once(fault: Fault) -> bool:
    path = ROOT / fault.file
    return path.exists() and path.read_text("utf-8").count(fault.old) == 1


def _judged(faults: Sequence[Fault], workers: int) -> Iterator[tuple[Fault, Verdict, str]]:
    with ExitStack() as stack:
        trees: SimpleQueue[Path] = SimpleQueue()
        for _ in range(workers):
            trees.put(stack.enter_context(copied_tree()))

        def one(fault: Fault) -> tuple[Fault, Verdict, str]:
            tree = trees.get()
            try:
                return (fault, *_planted(tree, fault))
            finally:
                trees.put(tree)

        pool = stack.enter_context(ThreadPoolExecutor(workers))
        yield from pool.map(one, faults)


def _planted(tree: Path, fault: Fault) -> tuple[Verdict, str]:
    path = tree / fault.file
    sound = path.read_text("utf-8")
    path.write_text(sound.replace(fault.old, fault.new), "utf-8")
    try:
        return judge(tree, fault.tests)
    finally:
        path.write_text(sound, "utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/mutants", description=__doc__)
    parser.add_argument("--workers", type=int, default=WORKERS, help="copies run side by side")
    parser.add_argument("--only", default="", help="faults whose file or name contains this")
    parser.add_argument("--shard", default="1/1", help="this part of so many: 1/4")
    parser.add_argument("--list", action="store_true", help="name them, run nothing")
    parser.add_argument("--generated", action="store_true", help="mutants made from the syntax")
    parser.add_argument("--module", default="", help="with --generated: modules whose path has it")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
