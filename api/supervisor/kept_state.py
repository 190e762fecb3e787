"""A copy of Anvil's state file that is always whole.

Anvil empties its file and writes it anew, every second. Who kills it in between leaves half a file,
with which it does not start again. So while it runs every whole version is copied aside, and a file
that is not whole is replaced by the copy before the next start.

Nor does Anvil take its first block from the file alone: each start makes one of its own time and
writes it beside the others, and the next start takes any of them. Only the oldest is the chain's.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

import orjson


@dataclass(slots=True)
class KeptState:
    """The state file of one chain, and its copy beside it."""

    file: Path
    _version_kept: tuple[int, int] | None = None

    @property
    def copy(self) -> Path:
        """The last whole version."""
        return self.file.with_suffix(".kept.json")

    def keep(self) -> None:
        """Copy the file if it is another one than last time, and whole; at the next call else."""
        version = self._version()
        if version is None or version == self._version_kept:
            return
        try:
            content = self.file.read_bytes()
        except OSError:
            return
        if self._version() == version and _is_whole(content):
            with contextlib.suppress(OSError):  # a full disk: the copy there is stays whole
                _write(self.copy, content)
                self._version_kept = version

    def mend(self) -> bool:
        """Make the file fit to start with; whether anything was to be done.

        A file that is not whole gives way to the copy, and all first blocks but the oldest go.
        """
        if not self.file.exists():
            return False
        content = self.file.read_bytes()
        if not _is_whole(content):
            if not self.copy.exists():
                return False
            content = self.copy.read_bytes()
        mended = with_one_first_block(content)
        if mended == self.file.read_bytes():
            return False
        _write(self.file, mended)
        return True

    def _version(self) -> tuple[int, int] | None:
        try:
            status = self.file.stat()
        except FileNotFoundError:
            return None
        return status.st_mtime_ns, status.st_size


def with_one_first_block(content: bytes) -> bytes:
    """The same state with the oldest of its first blocks alone."""
    state = json.loads(content)  # not orjson, which makes floats of great numbers
    blocks = state.get("blocks", [])
    first = [block for block in blocks if _number(block, "number") == 0]
    if len(first) < 2:
        return content
    oldest = min(first, key=lambda block: _number(block, "timestamp"))
    others = [block for block in blocks if _number(block, "number") != 0]
    return json.dumps({**state, "blocks": [oldest, *others]}, separators=(",", ":")).encode()


def _number(block: dict[str, dict[str, str]], name: str) -> int:
    return int(block["header"][name], 16)


def _is_whole(content: bytes) -> bool:
    try:
        return isinstance(orjson.loads(content), dict)
    except orjson.JSONDecodeError:
        return False


def _write(path: Path, content: bytes) -> None:
    """The file is there as a whole or not at all, also after a power cut."""
    partial = path.with_suffix(".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
