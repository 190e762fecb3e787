"""`scripts/compile [--check]`: make artifacts and bindings, or fail where they are stale."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ledger.kernel.errors import VkladError
from oracle.contracts import compiler, generator, toolchain

_DIGEST_FILE: Final = "sources.sha256"


def main(arguments: list[str]) -> int:
    """Exit status: 0 fresh or written, 1 stale or not compilable, 2 misused."""
    if arguments not in ([], ["--check"]):
        sys.stderr.write("usage: scripts/compile [--check]\n")
        return 2
    try:
        stale = list(_check() if arguments else _write())
    except VkladError as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 1
    for path in stale:
        sys.stdout.write(f"{'stale' if arguments else 'written'}: {path}\n")
    return 1 if arguments and stale else 0


def _check() -> Iterator[str]:
    for path, text in _artifacts():
        yield from _differing(path, text)
    yield from stale_bindings()


def stale_bindings() -> Iterator[str]:
    """Names of committed bindings that differ from what the artifacts give; needs no Node."""
    for name, text in generator.bindings().items():
        yield from _differing(generator.BINDINGS_DIR / name, text)


def _write() -> Iterator[str]:
    compiler.ARTIFACTS_DIR.mkdir(exist_ok=True)
    for path, text in _artifacts():
        yield from _replace(path, text)
    for name, text in generator.bindings().items():
        yield from _replace(generator.BINDINGS_DIR / name, text)


def _artifacts() -> Iterator[tuple[Path, str]]:
    toolchain.npm_ci()
    for name, artifact in compiler.compile_contracts().items():
        yield compiler.ARTIFACTS_DIR / f"{name}.json", compiler.render(artifact)
    yield compiler.ARTIFACTS_DIR / _DIGEST_FILE, f"{compiler.sources_digest()}\n"


def _differing(path: Path, text: str) -> Iterator[str]:
    if not path.exists() or path.read_text() != text:
        yield path.name


def _replace(path: Path, text: str) -> Iterator[str]:
    for name in _differing(path, text):
        path.write_text(text)
        yield name


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
