"""Contracts with a fault in them, and whether the tests notice.

Tests create contracts by the artifact's name, so a fault is judged by putting its code into the
artifact: nothing is compiled but the faulty contract, of these many at a time, and not optimized,
which takes a quarter of the time and means the same. A survivor is compiled once more as it would
be deployed: where the code is that of the sound contract, there is no fault.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from workplace import ROOT, Workplace, failures, read_report

from oracle.contracts import toolchain
from oracle.contracts.compiler import SETTINGS

TESTS_TIMEOUT_S: Final = 300
COMPILE_TIMEOUT_S: Final = 600
NO_END: Final = "the tests did not end"
"""Why a fault is taken as noticed where it may be the machine that is slow."""
ABSTRACT: Final = {"GovernorProposeBySig": "VklGovernor"}
"""Which contract is created where the file's own cannot be."""
OWN_SUITES: Final = {
    "Anchors": "Registers|Events",
    "BallotRelay": "BallotRelay|Events",
    "GovernorProposeBySig": "VklGovernor",
    "Mandates": "Mandates",
    "PointsBridge": "PointsBridge|OnTheBridge|Events",
    "ProgrammeRegistry": "Registers|Events",
    "VklGovernor": "VklGovernor|Kinds|Charter|Events",
    "VklTimelock": "VklGovernor|Charter",
    "VklToken": "VklToken|OnTheBridge|Events",
}
"""Where a fault in a contract is most likely noticed; tried first."""
_ECONOMY: Final = {
    "FOUNDRY_FUZZ_RUNS": "24",
    "FOUNDRY_INVARIANT_RUNS": "24",
    # A loop without end should end.
    "FOUNDRY_GAS_LIMIT": "3000000000",
    # The governor is larger than a chain takes when it is not optimized.
    "FOUNDRY_CODE_SIZE_LIMIT": "65536",
}


class Verdict(StrEnum):
    """What became of a faulty contract."""

    KILLED = "killed"
    SURVIVED = "survived"
    SAME_CODE = "same code"
    NO_CODE = "does not compile"


@dataclass(frozen=True)
class Variant:
    """A contract's file with another text."""

    contract: str
    text: str


def source(contract: str) -> str:
    """A contract's text as it is here."""
    return (ROOT / "contracts" / f"{contract}.sol").read_text("utf-8")


def created(contract: str) -> str:
    """The contract whose code holds this one's."""
    return ABSTRACT.get(contract, contract)


def codes(variants: Sequence[Variant], *, optimized: bool = False) -> list[str | None]:
    """The creation code of each, compiled together; ``None`` for one that the compiler refuses."""
    sources, places = _sources(variants)
    refused: set[int] = set()
    answer: dict[str, Any] = {}
    while len(refused) < len(variants):
        answer = _compile({**_imported(), **sources}, places.values(), optimized=optimized)
        found = {
            number
            for complaint in answer.get("errors", ())
            if complaint["severity"] == "error"
            for number in places
            if f".v{number}.sol" in complaint.get("sourceLocation", {}).get("file", "")
        }
        if not found:
            break
        refused |= found
        for number in found:
            places.pop(number)
            sources = {n: t for n, t in sources.items() if f".v{number}.sol" not in n}
    return [
        None if number in refused else _code(answer, places[number], variant)
        for number, variant in enumerate(variants)
    ]


def every_test(contract: str) -> tuple[tuple[str, ...], ...]:
    """In rounds: those most likely to notice, the others, last the campaigns, the longest."""
    own = OWN_SUITES[contract]
    return (
        ("--match-contract", own),
        ("--no-match-contract", f"{own}|PosterTest$"),
        ("--match-contract", "PosterTest$"),
    )


def judge(
    place: Workplace, contract: str, code: str, rounds: Sequence[Sequence[str]]
) -> tuple[Verdict, str]:
    """Whether a test fails with this code, and which; each of ``rounds`` is forge's filters."""
    artifact = place.artifact(created(contract))
    sound = artifact.read_text("utf-8")
    changed = json.loads(sound)
    changed["bytecode"]["object"] = f"0x{code}"
    artifact.write_text(json.dumps(changed), "utf-8")
    try:
        for filters in rounds:
            command = ["test", "--json", "--fail-fast", "--threads", "2", *filters]
            done = place.forge(command, TESTS_TIMEOUT_S, _ECONOMY)
            if failed := failures(read_report(done)):
                return Verdict.KILLED, failed[0]
    except subprocess.TimeoutExpired:
        return Verdict.KILLED, f"{NO_END} within {TESTS_TIMEOUT_S} s"
    finally:
        artifact.write_text(sound, "utf-8")
    return Verdict.SURVIVED, "every test passes"


def same_code(variant: Variant) -> bool:
    """Whether what would be deployed is the sound contract's code."""
    return _deployed(variant) == _deployed(Variant(variant.contract, source(variant.contract)))


@lru_cache(maxsize=32)
def _deployed(variant: Variant) -> str | None:
    [code] = codes([variant], optimized=True)
    return code


def _sources(variants: Sequence[Variant]) -> tuple[dict[str, str], dict[int, str]]:
    """The files to compile, and of each variant the one whose contract is created."""
    sources, places = {}, {}
    for number, variant in enumerate(variants):
        own = f"contracts/{variant.contract}.v{number}.sol"
        sources[own] = variant.text
        places[number] = own
        if variant.contract in ABSTRACT:
            heir = ABSTRACT[variant.contract]
            places[number] = f"contracts/{heir}.v{number}.sol"
            sources[places[number]] = source(heir).replace(
                f'"./{variant.contract}.sol"', f'"./{variant.contract}.v{number}.sol"'
            )
    return sources, places


def _imported() -> dict[str, str]:
    """What our contracts import of ours."""
    paths = [*(ROOT / "contracts" / "interfaces").glob("*.sol")]
    paths += [ROOT / "contracts" / f"{contract}.sol" for contract in ABSTRACT]
    return {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in paths}


def _compile(
    sources: Mapping[str, str], wanted: Iterable[str], *, optimized: bool
) -> dict[str, Any]:
    optimizer = {**SETTINGS["optimizer"], "enabled": optimized}
    selection = {file: {"*": ["evm.bytecode.object"]} for file in wanted}
    request = {
        "language": "Solidity",
        "sources": {name: {"content": text} for name, text in sources.items()},
        "settings": {**SETTINGS, "optimizer": optimizer, "outputSelection": selection},
    }
    modules = toolchain.PROJECT_DIR / "node_modules"
    done = subprocess.run(
        [str(toolchain.solc_wrapper()), "--standard-json", "--base-path", str(modules)],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        timeout=COMPILE_TIMEOUT_S,
        check=True,
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _code(answer: Mapping[str, Any], place: str, variant: Variant) -> str | None:
    unit = answer.get("contracts", {}).get(place, {}).get(created(variant.contract))
    code: str = unit["evm"]["bytecode"]["object"] if unit else ""
    return code or None
