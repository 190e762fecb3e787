"""slither and halmos in an environment of their own, made from ``contracts-tools.lock`` on demand.

They want older versions of what the product uses, and nobody needs them who does not change a
contract: so they are no dependency of it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

from workplace import ROOT

LOCK: Final = ROOT / "scripts" / "lib" / "contracts-tools.lock"
FOLDER: Final = ROOT / ".vklad" / "contracts-tools"
INSTALL_TIMEOUT_S: Final = 900


def tool(name: str) -> str:
    """The path of one of the environment's programs, installed first where it is not."""
    _install()
    return str(FOLDER / "bin" / name)


def environment(forge: Path) -> dict[str, str]:
    """What the tools are given: their own programs first, and forge by that name."""
    inherited = os.environ.items()  # noqa: TID251 - a script's, handed on
    kept = {name: value for name, value in inherited if "VKLAD_" not in name}
    path = os.pathsep.join([str(FOLDER / "bin"), str(forge.parent), kept.get("PATH", "")])
    return {**kept, "PATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def _install() -> None:
    stamp = FOLDER / "installed.lock"
    if stamp.exists() and stamp.read_bytes() == LOCK.read_bytes():
        return
    print(f"Installing what {LOCK.name} pins into {FOLDER} …", file=sys.stderr, flush=True)
    venv.create(FOLDER, clear=True, with_pip=True)
    subprocess.run(
        [FOLDER / "bin" / "python", "-m", "pip", "install", "-q", "--require-hashes", "-r", LOCK],
        check=True,
        stdout=sys.stderr,
        timeout=INSTALL_TIMEOUT_S,
    )
    stamp.write_bytes(LOCK.read_bytes())
