"""A supervisor over toy parts: `python toy_installation.py STATE_FOLDER SCENARIO`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from rich.console import Console

from api.settings import Settings
from api.supervisor.parts import Installation, Part, Runnable, Step
from api.supervisor.process import Program, last_lines
from api.supervisor.run import Supervisor
from api.supervisor.state import StateFolder
from ledger.kernel.errors import VkladError

SILENT = "import time; time.sleep(600)"
PARENT = (
    "import subprocess, sys, time\n"
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    "print('has a child'); time.sleep(600)"
)
STAYS = "import time; print('works'); time.sleep(600)"
DEAF = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf'); time.sleep(600)"
DIES = "print('my last words'); raise SystemExit(7)"
DIES_ONCE = (
    "import pathlib, sys, time; p = pathlib.Path(sys.argv[1]); first = not p.exists(); p.touch();\n"
    "print('gone' if first else 'back'); time.sleep(0.3 if first else 600)"
)


def part(name: str, code: str) -> Part:
    """A part that runs a line of Python and is healthy once it has said something."""

    def prepare(installation: Installation) -> Runnable:
        program = Program(
            name=name,
            argv=(sys.executable, "-u", "-c", code, str(installation.state.path / f"{name}.mark")),
            environment={"PATH": os.defpath},
            directory=installation.state.path,
            log_path=installation.state.log(name),
            record_path=installation.state.record(name),
        )
        return Runnable(program, lambda: last_lines(program) != "")

    return Part(name, name, lambda _: True, prepare, timeout_s=10)


def step(name: str) -> Step:
    """A step that leaves a note."""
    return Step(name, name, lambda _: True, lambda _: f"note of {name}")


SCENARIOS = {
    "good": ((part("one", STAYS), part("two", STAYS)), (step("between"),), (part("three", STAYS),)),
    "deaf": ((part("one", STAYS),), (part("deaf", DEAF),)),
    "slow": ((part("one", STAYS),), (part("silent", SILENT),)),
    "parent": ((part("parent", PARENT),),),
    "dies-starting": ((part("one", STAYS),), (part("dying", "raise SystemExit('no luck')"),)),
    "dies-once": ((part("one", STAYS), part("shaky", DIES_ONCE)),),
    "dies-always": ((part("one", STAYS),), (part("dying", DIES),)),
}


def main() -> None:
    """Run one scenario; errors as the command line shows them."""
    state = StateFolder(Path(sys.argv[1]))
    installation = Installation(Settings(state_folder=state.path), state)
    try:
        Supervisor(installation, SCENARIOS[sys.argv[2]], Console(width=200)).run()
    except VkladError as error:
        print(f"{error.code}: {error.message}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
