"""A page of the documentation as a reader uses it: its files written, its commands typed."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
_BLOCK: Final = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK: Final = "--- end of a command ---"


@dataclass(frozen=True)
class Typed:
    """One command of a page, and what the page says it answers."""

    command: str
    answers: str


@dataclass(frozen=True)
class Page:
    """The files and commands of one page."""

    files: Mapping[str, str]
    commands: tuple[Typed, ...]
    fences: int


def page(name: str) -> Page:
    """What a reader of ``docs/<name>`` writes down and types."""
    text = (DOCS / name).read_text("utf-8")
    files: dict[str, str] = {}
    commands: list[Typed] = []
    for language, file, block in _BLOCK.findall(text):
        if file:
            files[file] = files.get(file, "") + block
        elif language == "console":
            commands += _typed(block)
    return Page(files, tuple(commands), text.count("\n```") // 2)


def _typed(block: str) -> list[Typed]:
    commands: list[Typed] = []
    for each in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, answers = each.partition("\n")
        commands.append(Typed(command, answers))
    return commands


def run(page: Page, folder: Path, environment: Mapping[str, str], within_s: int) -> list[Typed]:
    """Write the files, type the commands in one shell, in order; what each answered."""
    for name, content in page.files.items():
        (folder / name).write_text(content, "utf-8")
    script = "".join(f"{each.command}\necho '{_MARK}'\n" for each in page.commands)
    done = subprocess.run(
        ["/bin/bash", "-e", "-u", "-c", script],
        cwd=folder,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=within_s,
        check=False,
    )
    answered = done.stdout.split(f"{_MARK}\n")
    told = [Typed(one.command, said) for one, said in zip(page.commands, answered, strict=False)]
    assert done.returncode == 0, (
        f"{told[-1].command} ended with:\n{answered[-1] or told[-1].answers}"
    )
    return told
