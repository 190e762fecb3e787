"""The story, step by step. Each step says what it relies on, does it, and looks by another door."""
# ruff: noqa: TID251 - a program of its own, which imports nothing of ours, not even the settings

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import time
from pathlib import Path

import httpx
from doors import Node, StepFailed
from story import STEPS, Story


def main() -> int:
    """Run the steps; 0 if all went well, 1 at the first that fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=None, help="repeat a run's choices")
    parser.add_argument("--sabotage", type=int, default=0, metavar="STEP")
    parser.add_argument("--list", action="store_true", help="print the steps and stop")
    asked = parser.parse_args()
    if asked.list:
        for number, step in enumerate(STEPS, start=1):
            print(f"{number:2}. {(step.__doc__ or '').splitlines()[0]}")
        return 0
    seed = secrets.randbelow(10**9) if asked.seed is None else asked.seed
    base_url = os.environ.get("VKLAD_PUBLIC_URL", "http://127.0.0.1:8000")
    print(
        f"seed {seed}, {base_url}"
        + (f", sabotage of step {asked.sabotage}" if asked.sabotage else "")
    )
    story = Story(base_url, Node(_rpc_url()), seed, asked.sabotage)
    began = time.monotonic()
    for number, step in enumerate(STEPS, start=1):
        story.step = number
        title = (step.__doc__ or "").splitlines()[0]
        try:
            seen = step(story)
        except (StepFailed, httpx.HTTPError, KeyError) as failure:
            print(f"{number:2}. FAILED  {title}\n    {type(failure).__name__}: {failure}")
            return 1
        print(f"{number:2}. ok      {title}\n    {seen}")
    print(f"{len(STEPS)} steps in {time.monotonic() - began:.0f} s")
    return 0


def _rpc_url() -> str:
    """Where the chain is: stated, or what the installation on this machine remembers."""
    stated = os.environ.get("VKLAD_CHAIN_RPC_URL")
    if stated:
        return stated.split(",")[0]
    folder = Path(os.environ.get("VKLAD_STATE_FOLDER", ".vklad"))
    remembered = json.loads((folder / "remembered.json").read_text(encoding="utf-8"))
    return f"http://127.0.0.1:{remembered['chain_port']}"


if __name__ == "__main__":
    sys.exit(main())
