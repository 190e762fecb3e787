"""Faults planted in the contracts: each must be noticed by a test that is named beside it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from judging import Variant, Verdict, codes, judge, source
from planted_faults import FAULTS, Fault
from workplace import Workplace, workplace

AT_ONCE: Final = 12


def check_planted(only: str) -> bool:
    """Plant those whose name contains ``only``; whether every one is noticed."""
    began = time.monotonic()
    faults = [fault for fault in FAULTS if only in f"{fault.contract}: {fault.name}"]
    alive = 0
    with workplace() as place:
        place.build()
        for fault, verdict, why in _judged(place, faults):
            alive += verdict is not Verdict.KILLED
            print(
                f"{verdict.upper():10}{fault.contract}: {fault.name}\n          {why}", flush=True
            )
    killed = len(faults) - alive
    print(f"planted: {killed} of {len(faults)} noticed, {time.monotonic() - began:.0f} s")
    return bool(faults) and not alive


def _judged(place: Workplace, faults: list[Fault]) -> Iterator[tuple[Fault, Verdict, str]]:
    standing = [fault for fault in faults if source(fault.contract).count(fault.old) == 1]
    for fault in faults:
        if fault not in standing:
            yield fault, Verdict.NO_CODE, f"{fault.old!r} does not stand there once"
    for start in range(0, len(standing), AT_ONCE):
        batch = standing[start : start + AT_ONCE]
        made = codes([_variant(fault) for fault in batch])
        for fault, code in zip(batch, made, strict=True):
            if code is None:
                yield fault, Verdict.NO_CODE, "the compiler refuses it"
                continue
            named = f"^({'|'.join(fault.tests)})\\("
            yield (fault, *judge(place, fault.contract, code, [("--match-test", named)]))


def _variant(fault: Fault) -> Variant:
    return Variant(fault.contract, source(fault.contract).replace(fault.old, fault.new))
