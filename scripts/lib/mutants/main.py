"""``scripts/mutants``: plant each fault in a copy of the tree; the tests must notice every one.

    scripts/mutants [--workers N] [--only TEXT] [--shard I/N] [--list]
    scripts/mutants --generated [--room NAME] …   mutants of the pure domain, room by room

Exit status 1 if a fault survived, could not be planted any more, or a survivor is not explained.
At a commit without changes a generated run that was broken off goes on where it was. All rooms
take two workers some half an hour, scoring alone ten minutes of it; one module, such as
``--only ledger/scoring/streaks.py``, a minute or two, in which the room's tests are watched once.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from copies import ROOT, Verdict, copied_tree, judge
from fault import Fault
from faults import FAULTS
from rooms import Which, judge_rooms, rooms_named

WORKERS: Final = 2


def main() -> int:
    """Do what was asked; 0 if every fault was noticed or is explained."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    asked = _arguments()
    index, of = (int(part) for part in asked.shard.split("/"))
    if asked.generated:
        rooms = rooms_named(asked.room)
        which = Which((index, of), asked.only)
        return judge_rooms(rooms, asked.workers, which, only_list=asked.list)
    faults = [fault for fault in FAULTS if asked.only in f"{fault.file} {fault.name}"]
    faults = faults[index - 1 :: of]
    if asked.list:
        for fault in faults:
            print(f"{fault.file}: {fault.name}")
        return 0
    misplaced = [fault for fault in faults if not _stands_once(fault)]
    for fault in misplaced:
        print(f"NOT THERE   {fault.file}: {fault.name}: {fault.old!r} does not stand there once")
    alive = list(misplaced)
    began = time.monotonic()
    runnable = [fault for fault in faults if fault not in misplaced]
    if failing := _failing_without({(fault.tests, fault.on_chain) for fault in runnable}):
        print(f"The tests fail without a fault:\n            {failing}")
        return 1
    for fault, verdict, why in _judged(runnable, asked.workers):
        print(f"{verdict.upper():12}{fault.file}: {fault.name}\n            {why}", flush=True)
        if verdict is not Verdict.KILLED:
            alive.append(fault)
    killed = len(faults) - len(alive)
    print(f"{killed} of {len(faults)} faults noticed, {time.monotonic() - began:.0f} s")
    return 1 if alive or not faults else 0


def _stands_once(fault: Fault) -> bool:
    path = ROOT / fault.file
    return path.exists() and path.read_text("utf-8").count(fault.old) == 1


def _failing_without(every: Iterable[tuple[tuple[str, ...], bool]]) -> str:
    """The first test that fails in a sound copy, which would notice any fault; empty if none."""
    with copied_tree() as tree:
        for tests, on_chain in sorted(every):
            verdict, why = judge(tree, tests, on_chain=on_chain)
            if verdict is not Verdict.SURVIVED:
                return why
    return ""


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
        return judge(tree, fault.tests, on_chain=fault.on_chain)
    finally:
        path.write_text(sound, "utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/mutants", description=__doc__)
    parser.add_argument("--workers", type=int, default=WORKERS, help="how many run side by side")
    parser.add_argument("--only", default="", help="those whose file or text contains this")
    parser.add_argument("--shard", default="1/1", help="this part of so many: 1/4")
    parser.add_argument("--list", action="store_true", help="name them, run nothing")
    parser.add_argument("--generated", action="store_true", help="mutants made from the syntax")
    parser.add_argument("--room", default="", help="with --generated: this room of the domain")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
