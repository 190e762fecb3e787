"""A note of the archive and its two forms; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ledger.kernel.canonical import Json

_MARKS: Final = str.maketrans({"[": "\\[", "]": "\\]", "<": "&lt;", "#": "\\#", "`": "\\`"})
_ALIAS: Final = str.maketrans({"[": "(", "]": ")", "|": "/", "#": "№"})
_BRACKETS: Final = "\ue000"
"""Stands for two opening brackets while JSON is written; of no text's own (private use)."""


@dataclass(frozen=True, slots=True)
class Ref:
    """Another note, by its name and what it is called."""

    name: str
    title: str

    def link(self) -> str:
        """As Markdown with wiki links: ``[[awd_1|Pass a test]]``."""
        return f"[[{self.name}|{self.title.translate(_ALIAS)}]]"


@dataclass(frozen=True, slots=True)
class Note:
    """One thing of the member's.

    ``facts`` are for machines and the same in every language; ``words`` are sentences, ``quotes``
    what persons wrote, ``lines`` names and values in the reader's language. ``refs`` names other
    notes by field. ``receipt`` is a document that a program of ours checks.
    """

    name: str
    title: str
    facts: Mapping[str, Json]
    words: Sequence[str] = ()
    quotes: Sequence[str] = ()
    lines: Sequence[tuple[str, str]] = ()
    refs: Mapping[str, Sequence[Ref]] = field(default_factory=dict)
    receipt: Json = None


def to_markdown(note: Note, kind: str, labels: Mapping[str, str]) -> str:
    """The note with its front matter, which is YAML because JSON is; ``labels`` name fields."""
    front: dict[str, Json] = {"id": note.name, "kind": kind, "title": note.title, **note.facts}
    told = ["---", *(f"{name}: {_front(value)}" for name, value in front.items())]
    for name, refs in note.refs.items():
        told.append(f"{name}: {_json([f'[[{each.name}]]' for each in refs])}")
    told += ["---", ""]
    told += [f"# {plain(note.title)}", ""]
    for sentence in note.words:
        told += [plain(sentence), ""]
    for quote in note.quotes:
        told += [*(f"> {plain(line)}" for line in quote.splitlines()), ""]
    told += [f"- {labels[name]}: {plain(value)}" for name, value in note.lines]
    for name, refs in note.refs.items():
        told += [f"- {labels[name]}: {each.link()}" for each in refs]
    return "\n".join(told).rstrip() + "\n"


def to_json(note: Note, kind: str) -> str:
    """The facts alone; other notes by their ids."""
    told: dict[str, Json] = {"id": note.name, "kind": kind, **note.facts}
    for name, refs in note.refs.items():
        told[name] = [each.name for each in refs]
    return _json(told)


def plain(text: str) -> str:
    """Words that Markdown takes for nothing but words."""
    return text.translate(_MARKS)


def _front(value: Json) -> str:
    """JSON in which nothing is taken for a link; two brackets of a text are written as escapes."""
    return _json(_unlinked(value)).replace("[[", "[ [").replace(_BRACKETS, "\\u005b\\u005b")


def _unlinked(value: Json) -> Json:
    if isinstance(value, str):
        return value.replace("[[", _BRACKETS)
    if isinstance(value, Mapping):
        return {name: _unlinked(each) for name, each in value.items()}
    return [_unlinked(each) for each in value] if isinstance(value, Sequence) else value


def _json(value: Json) -> str:
    return json.dumps(value, ensure_ascii=False)
