"""``slither-mutate`` on our contracts: every mutant is killed by the tests or explained in a line.

Judging goes on where it was broken off, for the same contracts and tests; asked for survivors, it
takes what was settled with earlier texts of both.
"""

from __future__ import annotations

import hashlib
import json
import random
import subprocess
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

from explained_mutants import EXPLAINED
from judging import ABSTRACT, NO_END, Variant, Verdict, codes, every_test, judge, same_code, source
from tools import environment, tool
from workplace import ROOT, TESTS, Workplace, workplace

from oracle.contracts import toolchain
from oracle.contracts.compiler import CONTRACTS

FOLDER: Final = ROOT / ".vklad" / "contracts-mutants"
LIST_TIMEOUT_S: Final = 600
AT_ONCE: Final = 20
"""Mutants in one run of the compiler."""


@dataclass(frozen=True)
class Mutant:
    """A contract in which a tool changed something; by its line and what the change makes of it.

    ``place`` counts from one where the line stands more than once in the contract, else it is zero.
    """

    contract: str
    mutator: str
    line: int
    before: str
    after: str
    place: int
    text: str

    @property
    def name(self) -> str:
        """As people and `explained_mutants` name it; each side is one line of text."""
        which = f" [{self.place}]" if self.place else ""
        return f"{self.contract}: {self.before} => {self.after}{which}"


@dataclass(frozen=True)
class Choice:
    """Which mutants are judged: whose contract or change contains ``only``.

    With ``survivors`` none that was settled with earlier texts; with ``sample`` so many of each
    operator of each contract, drawn by ``seed``.
    """

    only: str
    survivors: bool
    sample: int
    seed: int


def check_mutants(choice: Choice, workers: int) -> bool:
    """Judge those that are chosen; whether nothing is open."""
    began = time.monotonic()
    mutants = _drawn([each for each in _mutants() if choice.only in each.name], choice)
    tests = _tests_digest()
    kept = _kept(tests)
    carried = {}
    if choice.survivors:
        carried = _carried([each for each in mutants if _key(each) not in kept])
    kept |= carried
    waiting = [each for each in mutants if _key(each) not in kept]
    print(f"{len(mutants)} mutants, {len(waiting)} to judge", end="")
    print(f", {len(carried)} settled with earlier texts" if carried else "", flush=True)
    for mutant, verdict, why in _judged(waiting, workers):
        kept[_key(mutant)] = verdict
        _keep(mutant, tests, verdict, why)
        if verdict is Verdict.SURVIVED and mutant.name not in EXPLAINED:
            print(f"SURVIVED  {mutant.contract}.sol:{mutant.line} {mutant.mutator} {mutant.name}")
    found = Counter(kept[_key(each)] for each in mutants)
    alive = {each.name for each in mutants if kept[_key(each)] is Verdict.SURVIVED}
    unexplained = sorted(alive - set(EXPLAINED))
    idle = sorted(name for name in EXPLAINED if choice.only in name and name not in alive)
    if choice.sample:
        idle = sorted({each.name for each in mutants} & set(idle))
    for name in unexplained:
        print(f"NOT EXPLAINED  {name}")
    for name in idle:
        print(f"EXPLAINED FOR NOTHING  {name}")
    figures = ", ".join(f"{count} {verdict}" for verdict, count in sorted(found.items()))
    print(f"mutants: {figures}; {len(alive & set(EXPLAINED))} survivors explained, ", end="")
    print(f"{len(unexplained)} not; {time.monotonic() - began:.0f} s")
    return bool(mutants) and not unexplained and not idle


def _drawn(mutants: list[Mutant], choice: Choice) -> list[Mutant]:
    if not choice.sample:
        return mutants
    groups: dict[tuple[str, str], list[Mutant]] = {}
    for mutant in mutants:
        groups.setdefault((mutant.contract, mutant.mutator), []).append(mutant)
    draw = random.Random(choice.seed)  # noqa: S311 - a sample, no secret
    return [
        mutant
        for group in groups.values()
        for mutant in draw.sample(group, min(choice.sample, len(group)))
    ]


def _mutants() -> Iterator[Mutant]:
    seen: set[tuple[str, str]] = set()
    for contract in sorted({*CONTRACTS, *ABSTRACT}):
        sound = source(contract)
        for patch in _patches(contract):
            raw = sound.encode()
            start, end = patch["start"], patch["end"]
            new = patch["new_string"].encode()
            text = (raw[:start] + new + raw[end:]).decode()
            if text == sound or (contract, text) in seen:
                continue
            seen.add((contract, text))
            yield Mutant(
                contract, patch["mutator"], patch["line_number"], *_changed(sound, text), text
            )


def _changed(sound: str, text: str) -> tuple[str, str, int]:
    """The lines that differ, each side in one, and which of several such lines it is."""
    ours, theirs = sound.splitlines(), text.splitlines()
    head = 0
    while head < min(len(ours), len(theirs)) and ours[head] == theirs[head]:
        head += 1
    tail = 0
    while tail < min(len(ours), len(theirs)) - head and ours[-1 - tail] == theirs[-1 - tail]:
        tail += 1
    sides = (ours[head : len(ours) - tail], theirs[head : len(theirs) - tail])
    before, after = (" ".join(line.strip() for line in side) for side in sides)
    alike = [number for number, line in enumerate(ours) if line.strip() == before]
    place = alike.index(head) + 1 if len(alike) > 1 and head in alike else 0
    return before, after, place


def _patches(contract: str) -> list[dict[str, Any]]:
    """What slither-mutate makes of a contract; asked once for a text of it."""
    digest = hashlib.sha256(source(contract).encode()).hexdigest()[:16]
    out = FOLDER / f"{contract}-{digest}.jsonl"
    if not out.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        partial = out.with_suffix(".partial")
        with workplace() as place:
            _list(place, contract, partial)
        partial.rename(out)
    return [json.loads(line) for line in out.read_text("utf-8").splitlines()]


def _list(place: Workplace, contract: str, out: Path) -> None:
    lister = Path(__file__).with_name("list_mutants.py")
    (place.folder / "@openzeppelin").symlink_to(
        toolchain.PROJECT_DIR / "node_modules" / "@openzeppelin"
    )
    done = subprocess.run(
        [
            *(tool("python"), str(lister), str(out), f"contracts/{contract}.sol"),
            *("--test-cmd", "true", "--contract-names", contract, "--output-dir", "mutants"),
            *("--solc", "hardhat-local/cache/solc", "--compile-force-framework", "solc"),
            *("--solc-args", "--optimize --evm-version prague --base-path ."),
        ],
        cwd=place.folder,
        env=environment(toolchain.forge_binary()),
        capture_output=True,
        text=True,
        timeout=LIST_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0 or not out.exists() or not out.stat().st_size:
        raise SystemExit(f"slither-mutate made nothing of {contract}:\n{done.stderr[-3000:]}")


def _judged(mutants: Sequence[Mutant], workers: int) -> Iterator[tuple[Mutant, Verdict, str]]:
    batches = [
        batch
        for contract in dict.fromkeys(each.contract for each in mutants)
        for batch in _batches([each for each in mutants if each.contract == contract])
    ]
    if not batches:
        return
    with ExitStack() as stack:
        first = stack.enter_context(workplace())
        first.build()
        _require_sound(first, {each.contract for each in mutants})
        places: SimpleQueue[Workplace] = SimpleQueue()
        places.put(first)
        for _ in range(workers - 1):
            places.put(stack.enter_context(workplace(first)))

        def one(batch: list[Mutant]) -> list[tuple[Mutant, Verdict, str]]:
            place = places.get()
            try:
                return list(_judge_batch(place, batch))
            finally:
                places.put(place)

        pool = stack.enter_context(ThreadPoolExecutor(workers))
        for judged in pool.map(one, batches):
            yield from judged


def _require_sound(place: Workplace, contracts: set[str]) -> None:
    """The tests must pass with each contract as it is: else they would notice any mutant."""
    for contract in sorted(contracts):
        [code] = codes([Variant(contract, source(contract))])
        assert code is not None
        verdict, why = judge(place, contract, code, every_test(contract))
        if verdict is not Verdict.SURVIVED:
            raise SystemExit(f"The tests fail with {contract} as it is: {why}")


def _judge_batch(
    place: Workplace, batch: Sequence[Mutant]
) -> Iterator[tuple[Mutant, Verdict, str]]:
    made = codes([Variant(mutant.contract, mutant.text) for mutant in batch])
    for mutant, code in zip(batch, made, strict=True):
        if code is None:
            yield mutant, Verdict.NO_CODE, "the compiler refuses it"
            continue
        verdict, why = judge(place, mutant.contract, code, every_test(mutant.contract))
        open_yet = verdict is Verdict.SURVIVED and mutant.name not in EXPLAINED
        if open_yet and same_code(Variant(mutant.contract, mutant.text)):
            verdict, why = Verdict.SAME_CODE, "the compiler makes the same code of it"
        yield mutant, verdict, why


def _batches(mutants: Sequence[Mutant]) -> Iterator[list[Mutant]]:
    for start in range(0, len(mutants), AT_ONCE):
        yield list(mutants[start : start + AT_ONCE])


def _key(mutant: Mutant) -> str:
    return hashlib.sha256(f"{mutant.contract}\0{mutant.text}".encode()).hexdigest()


def _tests_digest() -> str:
    digest = hashlib.sha256()
    for path in [*sorted((ROOT / TESTS).glob("*.sol")), ROOT / "foundry.toml"]:
        digest.update(path.read_bytes())
    for contract in CONTRACTS:
        digest.update(source(contract).encode())
    return digest.hexdigest()


def _kept(tests: str) -> dict[str, Verdict]:
    """The verdicts of these contracts and these tests."""
    return {line["mutant"]: Verdict(line["verdict"]) for line in _lines() if line["tests"] == tests}


def _carried(mutants: Sequence[Mutant]) -> dict[str, Verdict]:
    """What was settled with earlier texts of tests, or of the contract around the same change.

    Of several judgements the last counts. Settled is what was killed, is no code, or is explained;
    not what had no end, which may have been a slow machine's.
    """
    last = {line["name"]: line for line in _lines()}
    settled = {
        name: Verdict(line["verdict"])
        for name, line in last.items()
        if not line["why"].startswith(NO_END)
        and (line["verdict"] != Verdict.SURVIVED or name in EXPLAINED)
    }
    return {_key(each): settled[each.name] for each in mutants if each.name in settled}


def _lines() -> list[dict[str, str]]:
    path = FOLDER / "judged.jsonl"
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


def _keep(mutant: Mutant, tests: str, verdict: Verdict, why: str) -> None:
    line = {"mutant": _key(mutant), "tests": tests, "verdict": verdict, "why": why}
    with (FOLDER / "judged.jsonl").open("a", encoding="utf-8") as out:
        out.write(json.dumps({**line, "name": mutant.name}) + "\n")
