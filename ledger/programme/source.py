"""A programme's YAML read exactly: scalars as written, and where each one stands.

YAML in the small, with fewer plain scalars than YAML has: ``on`` is a word, 2.30 is the decimal
2.30 and never a float, 010 and 1e3 are words (which no field for numbers takes). Aliases, tags,
several documents and repeated keys are refused, so that what a reviewer sees is what is read.
Knows nothing of programmes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import yaml

SIZE_MAX: Final = 256 * 1024
"""Bytes of one file."""
DEPTH_MAX: Final = 12

Plain = str | int | bool | Decimal | None | list["Plain"] | dict[str | int, "Plain"]
Path = tuple[str | int, ...]

_INTEGER: Final = re.compile(r"-?(0|[1-9]\d*)\Z", re.ASCII)
_DECIMAL: Final = re.compile(r"-?(0|[1-9]\d*)\.\d+\Z", re.ASCII)
_DIGITS_MAX: Final = 24


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands in the file, both counted from 1."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Document:
    """What the file says, and the place of every value by its path."""

    content: Plain
    places: dict[Path, Place]

    def place(self, path: Path) -> Place:
        """Where the value at ``path`` stands, or the nearest one around it."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, Place(1, 1))


class SourceUnreadable(Exception):
    """The text is not the YAML that programmes are written in; stays inside this package."""

    def __init__(self, place: Place, wrong: str, example: str) -> None:
        super().__init__(wrong)
        self.place = place
        self.wrong = wrong
        self.example = example


def read_document(text: str) -> Document:
    """Read one YAML document.

    Raises:
        SourceUnreadable: not YAML, or YAML outside the small part described above.
    """
    if len(text.encode("utf-8", "surrogatepass")) > SIZE_MAX:
        raise SourceUnreadable(
            Place(1, 1), f"the file is larger than {SIZE_MAX} bytes", "split titles off"
        )
    try:
        _scan(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(1, 1) if mark is None else Place(mark.line + 1, mark.column + 1)
        wrong = f"this is not YAML: {error.problem or error.context or 'unreadable'}"
        raise SourceUnreadable(place, wrong, "programme: weekly") from error
    except yaml.YAMLError as error:
        raise SourceUnreadable(
            Place(1, 1), f"this is not YAML: {error}", "programme: weekly"
        ) from error
    if node is None:
        raise SourceUnreadable(Place(1, 1), "the file is empty", "programme: weekly")
    places: dict[Path, Place] = {}
    return Document(_value(node, (), places), places)


def _scan(text: str) -> None:
    """Refuse what would be expanded, constructed or nested too deep, before anything is built."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        mark = event.start_mark
        place = Place(1, 1) if mark is None else Place(mark.line + 1, mark.column + 1)
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise SourceUnreadable(place, "a second document begins here", "one programme")
        if isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            raise SourceUnreadable(place, "anchors and aliases are not used here", "points: 50")
        if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) and event.tag:
            raise SourceUnreadable(place, "tags are not used here", "points: 50")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEPTH_MAX:
                raise SourceUnreadable(place, f"nested deeper than {DEPTH_MAX}", "points: 50")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _value(node: yaml.Node, path: Path, places: dict[Path, Place]) -> Plain:
    places.setdefault(path, _place(node))
    if isinstance(node, yaml.SequenceNode):
        return [_value(each, (*path, index), places) for index, each in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        found: dict[str | int, Plain] = {}
        for key_node, value_node in node.value:
            key = _key(key_node)
            if key in found:
                raise SourceUnreadable(
                    _place(key_node), f"{key!r} is stated twice", f"one {key} only"
                )
            places[(*path, key)] = _place(key_node)
            found[key] = _value(value_node, (*path, key), places)
        return found
    assert isinstance(node, yaml.ScalarNode), "YAML has three kinds of nodes"
    return node.value if node.style is not None else _plain_scalar(node)


def _key(node: yaml.Node) -> str | int:
    if isinstance(node, yaml.ScalarNode):
        key = node.value if node.style is not None else _plain_scalar(node)
        if isinstance(key, str) or type(key) is int:
            return key
        return str(node.value)
    raise SourceUnreadable(_place(node), "a key is a word or a whole number", "points: 50")


def _plain_scalar(node: yaml.ScalarNode) -> str | int | bool | Decimal | None:
    text: str = node.value
    if text in {"", "null", "~"}:
        return None
    if text in {"true", "false"}:
        return text == "true"
    if len(text) <= _DIGITS_MAX and _INTEGER.match(text):
        return int(text)
    if len(text) <= _DIGITS_MAX and _DECIMAL.match(text):
        return Decimal(text)
    return text


def _place(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)
