"""On which line each value of a JSON text stands, and which fields it states twice.

Reads only what was found to be JSON before, so it checks nothing and only walks.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from json.decoder import scanstring  # type: ignore[attr-defined]  # public, without a stub
from typing import Final

from api.linting.model import Path

_BLANK: Final = re.compile(r"[ \t\r\n]*")
_PLAIN: Final = re.compile(r"[^\s,\]}]+")
_NEWLINE: Final = re.compile("\n")


class Places:
    """The lines of all values of one text; ``line`` is that of its first character."""

    def __init__(self, text: str, line: int = 1) -> None:
        self._text = text
        self._newlines = [found.start() for found in _NEWLINE.finditer(text)]
        self._first = line
        self.lines: dict[Path, int] = {}
        self.twice: list[Path] = []
        self._value(self._skip(0), ())

    def line_of(self, path: Path) -> int:
        """The line of a value; of one that is missing, of what it is missing from."""
        while path not in self.lines:
            path = path[:-1]
        return self.lines[path]

    def _value(self, at: int, path: Path) -> int:
        """Walk over the value that begins here; the place behind it."""
        if path in self.lines:
            self.twice.append(path)
        self.lines[path] = self._first + bisect_right(self._newlines, at)
        first = self._text[at]
        if first == "{":
            return self._members(at, path)
        if first == "[":
            return self._items(at, path)
        if first == '"':
            return int(scanstring(self._text, at + 1)[1])
        plain = _PLAIN.match(self._text, at)
        assert plain is not None, "the text was found to be JSON before"
        return plain.end()

    def _members(self, at: int, path: Path) -> int:
        at = self._skip(at + 1)
        while self._text[at] != "}":
            name, behind = scanstring(self._text, at + 1)
            value = self._skip(self._skip(behind) + 1)
            at = self._next(self._value(value, (*path, name)))
        return at + 1

    def _items(self, at: int, path: Path) -> int:
        at = self._skip(at + 1)
        place = 0
        while self._text[at] != "]":
            at = self._next(self._value(at, (*path, place)))
            place += 1
        return at + 1

    def _next(self, at: int) -> int:
        at = self._skip(at)
        return self._skip(at + 1) if self._text[at] == "," else at

    def _skip(self, at: int) -> int:
        blank = _BLANK.match(self._text, at)
        assert blank is not None, "nothing is blank, too"
        return blank.end()
