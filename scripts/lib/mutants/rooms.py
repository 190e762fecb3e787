"""Judge the generated mutants of each room, and hold the survivors against what is explained."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from copies import (
    ROOT,
    Verdict,
    copied_tree,
    environment_of,
    judge,
    judged_line,
    read_judged,
)
from domain import ROOMS, Room
from explained import EXPLAINED
from generated import Mutant, mutants_of

FORKED: Final = Path(__file__).with_name("forked.py")
KEPT: Final = ROOT / ".pytest_cache" / "mutants"
LAST_LOG: Final = ROOT / ".pytest_cache" / "mutants.log"
ROOM_TIMEOUT_S: Final = 7_200
NOTICED: Final = (Verdict.KILLED, Verdict.TIMED_OUT)
"""Of a mutant that has no end the tests say so: they have none either."""


@dataclass(frozen=True)
class Which:
    """The mutants of a room to judge: this part of so many, and those with a text in them."""

    shard: tuple[int, int] = (1, 1)
    only: str = ""

    def of(self, room: Room) -> list[Mutant]:
        """In the order of the modules."""
        mutants = [
            mutant
            for file in room.files
            for mutant in mutants_of(file, (ROOT / file).read_text("utf-8"))
            if self.only in str(mutant)
        ]
        return mutants[self.shard[0] - 1 :: self.shard[1]]

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return self == Which()


def rooms_named(name: str) -> list[Room]:
    """The room of this name, or all."""
    return [room for room in ROOMS if name in {"", room.name}]


def judge_rooms(rooms: Sequence[Room], workers: int, which: Which, *, only_list: bool) -> int:
    """Print every survivor and one line per room; 0 if all are noticed or explained."""
    bad = made = 0
    with TemporaryDirectory(prefix="vklad-mutants-") as folder:
        commit = _clean_commit()
        out = KEPT / f"{commit}.jsonl" if commit else Path(folder) / "judged.jsonl"
        out.parent.mkdir(parents=True, exist_ok=True)
        LAST_LOG.parent.mkdir(exist_ok=True)
        for room in rooms:
            mutants = which.of(room)
            made += len(mutants)
            if only_list:
                for mutant in mutants:
                    print(mutant)
                continue
            began = time.monotonic()
            judged = _judged(room, mutants, workers, out)
            bad += _report(room, mutants, judged, time.monotonic() - began)
            if which.is_all:
                bad += _outdated(room, mutants)
    print(f"{made} mutants of {len(rooms)} rooms, {bad} neither noticed nor explained")
    return 1 if bad or not made else 0


def _judged(
    room: Room, mutants: Sequence[Mutant], workers: int, out: Path
) -> Mapping[str, tuple[Verdict, str]]:
    """By the mutant's text. What is in ``out`` is not judged again."""
    with copied_tree() as tree:
        asked = tree / "mutants.json"
        wanted: dict[str, list[str]] = {}
        for mutant in mutants:
            wanted.setdefault(mutant.file, []).append(str(mutant))
        asked.write_text(json.dumps(wanted), "utf-8")
        log = out.with_suffix(".log")
        with log.open("a", encoding="utf-8") as said:
            done = subprocess.run(
                [sys.executable, str(FORKED), str(workers), str(out), str(asked), *room.tests],
                cwd=tree,
                env=environment_of(tree),
                stdout=said,
                stderr=subprocess.STDOUT,
                timeout=ROOM_TIMEOUT_S,
                check=False,
            )
        if done.returncode not in {0, 5}:
            shutil.copyfile(log, LAST_LOG)
            raise SystemExit(f"{room.name}: its tests fail without a mutant: see {LAST_LOG}")
        judged = read_judged(out)
        for mutant in mutants:
            if judged.get(str(mutant), (Verdict.SURVIVED, ""))[0] is Verdict.BROKEN:
                (tree / mutant.file).write_text(mutant.source, "utf-8")
                judged[str(mutant)] = judge(tree, room.tests)
                (tree / mutant.file).write_text((ROOT / mutant.file).read_text("utf-8"), "utf-8")
                with out.open("a", encoding="utf-8") as more:
                    more.write(judged_line(str(mutant), *judged[str(mutant)]))
    return judged


def _report(
    room: Room,
    mutants: Sequence[Mutant],
    judged: Mapping[str, tuple[Verdict, str]],
    seconds: float,
) -> int:
    """Print survivors, explained or not, and the room's line; how many are not explained."""
    why = {one.key: one.why for one in EXPLAINED}
    noticed = explained = bad = 0
    for mutant in mutants:
        verdict, said = judged.get(str(mutant), (Verdict.BROKEN, "not judged"))
        reason = why.get(mutant.key)
        if verdict in NOTICED:
            noticed += 1
            if reason is not None:
                bad += 1
                print(f"NOTICED     {mutant}\n            though explained: {said}")
        elif reason is None:
            bad += 1
            print(f"{verdict.upper():12}{mutant}\n            {said}")
        else:
            explained += 1
            print(f"EXPLAINED   {mutant}\n            {reason}")
    counts = f"{len(mutants)} made, {noticed} noticed, {explained} explained"
    print(f"── {room.name}: {counts}, {bad} open, {seconds:.0f} s", flush=True)
    return bad


def _outdated(room: Room, mutants: Sequence[Mutant]) -> int:
    """Explanations of what is not made any more."""
    made = {mutant.key for mutant in mutants}
    old = [one for one in EXPLAINED if one.file in room.files and one.key not in made]
    for one in old:
        print(f"NOT THERE   {one.file} in {one.within}: {one.before}  →  {one.after}")
    return len(old)


def _clean_commit() -> str:
    """The commit that is checked out; empty if anything is changed."""
    command = ["git", "status", "--porcelain"]
    if subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout:
        return ""
    command = ["git", "rev-parse", "HEAD"]
    return subprocess.run(
        command, cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.strip()
