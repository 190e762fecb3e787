"""The story, step by step. Each step says what it relies on, does it, and looks by another door."""
# ruff: noqa: TID251 - a program of its own, which imports nothing of ours, not even the settings

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import httpx
from doors import PATIENCE, Node, SabotageFailed, StepFailed
from firsts import FIRSTS
from firsts_chain import CHAIN_FIRSTS
from story import STEPS, Story

CHAIN_SETTING: Final = "VKLAD_CHAIN_RPC_URL"
GROUNDWORK: Final = 4
"""Steps of the story that the firsts stand on: people, a school, an award, a grant."""

UNNOTICED: Final = 3
"""Exit status where a sabotage proved nothing: its step passed, was not reached, or left whole."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the steps; 0 if all went well and nothing was sabotaged, 1 at the first that fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    numbers = range(1, len(STEPS) + 1)
    parser.add_argument(
        "what",
        nargs="?",
        choices=["story", "firsts"],
        default="story",
        help="the chain of value, or what others cannot show",
    )
    parser.add_argument("--seed", type=int, default=None, help="repeat a run's choices")
    parser.add_argument(
        "--sabotage",
        type=int,
        choices=numbers,
        metavar=f"{{1..{len(STEPS)}}}",
        help="damage what this step relies on; it must then fail",
    )
    parser.add_argument(
        "--patience",
        type=float,
        metavar="TIMES",
        help="wait so many times as long as on the embedded chain; else 10 times where "
        "VKLAD_CHAIN_RPC_URL names another",
    )
    parser.add_argument("--list", action="store_true", help="print the steps and stop")
    asked = parser.parse_args(arguments)
    if asked.what == "firsts" and asked.sabotage:
        parser.error("each step of firsts brings its own counter-example")
    PATIENCE.times = asked.patience or (10 if os.environ.get(CHAIN_SETTING) else 1)
    rpc_url = _rpc_url()
    firsts = (*FIRSTS[:-1], *(CHAIN_FIRSTS if rpc_url else ()), *FIRSTS[-1:])  # Forgetting is last.
    steps = STEPS if asked.what == "story" else (*STEPS[:GROUNDWORK], *firsts)
    if asked.list:
        for number, step in enumerate(steps, start=1):
            print(f"{number:2}. {_title(step)}")
        return 0
    seed = secrets.randbelow(10**9) if asked.seed is None else asked.seed
    port = os.environ.get("VKLAD_PORT", "8000")
    base_url = os.environ.get("VKLAD_PUBLIC_URL", f"http://127.0.0.1:{port}")
    damaged = f", sabotage of step {asked.sabotage}" if asked.sabotage else ""
    print(f"seed {seed}, {base_url}{damaged}", flush=True)
    node = Node(rpc_url)
    story = Story(base_url, node, seed, asked.sabotage or 0)
    try:
        return tell(story, steps)
    finally:
        for mend in story.mending:
            mend()
        for person in story.people.values():
            person.http.close()


def tell(story: Story, steps: Sequence[Callable[[Story], str]]) -> int:
    """One step after the other; the exit status, which is never 0 where one was sabotaged."""
    began = time.monotonic()
    for number, step in enumerate(steps, start=1):
        story.step = number
        title = _title(step)
        try:
            seen = step(story)
        except (StepFailed, httpx.HTTPError, KeyError) as failure:
            print(f"{number:2}. FAILED  {title}\n    {type(failure).__name__}: {failure}")
            return UNNOTICED if number < story.sabotaged_step else 1
        except SabotageFailed as failure:
            print(f"Step {number} could not be sabotaged: {failure}")
            return UNNOTICED
        print(f"{number:2}. ok      {title}\n    {seen}", flush=True)
        if story.sabotaged:
            print(f"Step {number} passed although it was sabotaged: it does not see the damage.")
            return UNNOTICED
    print(f"{len(steps)} steps in {time.monotonic() - began:.0f} s")
    return UNNOTICED if story.sabotaged_step else 0


def _title(step: Callable[[Story], str]) -> str:
    return (step.__doc__ or "").splitlines()[0]


def _rpc_url() -> str:
    """Where the chain is: stated, or what the installation here remembers; nowhere: empty."""
    stated = os.environ.get(CHAIN_SETTING)
    if stated:
        return stated.split(",")[0]
    if os.environ.get("VKLAD_CHAIN") == "off":
        return ""
    file = Path(os.environ.get("VKLAD_STATE_FOLDER", ".vklad")) / "remembered.json"
    remembered = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return f"http://127.0.0.1:{remembered['chain_port']}" if "chain_port" in remembered else ""


if __name__ == "__main__":
    sys.exit(main())
