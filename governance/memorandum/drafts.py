"""A version's wording as a file of YAML: read, and written so that it can be edited and read again.

``founding.yaml`` beside this module is the draft that ships. The file's fields are those of
:class:`~governance.memorandum.model.Wording`, each text in both languages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from governance.memorandum.errors import BadMemorandum
from governance.memorandum.model import (
    Question,
    Section,
    Text,
    Version,
    Wording,
    Words,
    check_wording,
)

FOUNDING: Final = Path(__file__).parent / "founding.yaml"
SIZE_MAX: Final = 400_000
_PARTS: Final = frozenset({"title", "summary", "sections", "questions"})


def founding() -> Wording:
    """The draft that ships with Vklad."""
    return read_wording(FOUNDING.read_text("utf-8"))


def founding_text() -> Text:
    """That draft as the first version's text, before anybody proposes it."""
    wording = founding()
    return Text(1, None, wording.title, wording.sections)


def read_wording(source: str) -> Wording:
    """A wording from its file.

    Raises:
        BadMemorandum: not such a file, or not such a text.
    """
    if len(source.encode("utf-8", "surrogatepass")) > SIZE_MAX:
        raise BadMemorandum(f"The file is larger than {SIZE_MAX} bytes.", field="file")
    try:
        if any(isinstance(each, yaml.AliasEvent) for each in yaml.parse(source)):
            raise BadMemorandum("The file uses aliases, which are not taken.", field="file")
        document = yaml.safe_load(source)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise BadMemorandum(f"This is not YAML: {error}", field="file") from error
    if not isinstance(document, dict) or not set(document) <= _PARTS:
        parts = ", ".join(sorted(_PARTS))
        raise BadMemorandum(f"The file has the fields {parts}, and no others.", field="file")
    wording = Wording(
        title=_words(document.get("title"), "title"),
        sections=tuple(_section(each) for each in _list(document.get("sections"), "sections")),
        summary=_words(document.get("summary"), "summary"),
        questions=tuple(
            _question(each) for each in _list(document.get("questions") or [], "questions")
        ),
    )
    check_wording(wording)
    return wording


def write_wording(wording: Wording) -> str:
    """A wording as a file, which reads as the same again."""
    document = {
        "title": wording.title.document(),
        "summary": wording.summary.document(),
        "sections": [each.document() for each in wording.sections],
        "questions": [each.document() for each in wording.questions],
    }
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=10_000)


def wording_of(version: Version) -> Wording:
    """What a version says, to begin the next one with."""
    text = version.text
    return Wording(text.title, text.sections, version.summary, version.questions)


def _section(found: Any) -> Section:
    part = _mapping(found, {"id", "heading", "passage"}, "sections")
    name = str(part.get("id"))
    where = f"sections.{name}"
    return Section(name, _words(part.get("heading"), where), _words(part.get("passage"), where))


def _question(found: Any) -> Question:
    part = _mapping(found, {"id", "question", "options"}, "questions")
    name = str(part.get("id"))
    where = f"questions.{name}"
    options = tuple(_words(each, where) for each in _list(part.get("options"), where))
    return Question(name, _words(part.get("question"), where), options)


def _words(found: Any, field: str) -> Words:
    part = _mapping(found, {"en", "ru"}, field)
    en, ru = part.get("en"), part.get("ru")
    if not isinstance(en, str) or not isinstance(ru, str):
        raise BadMemorandum("State the text in both languages, en and ru.", field=field)
    return Words(_clean(en), _clean(ru))


def _clean(text: str) -> str:
    """A text with line feeds alone, and nothing at its ends."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _mapping(found: Any, known: Iterable[str], field: str) -> Mapping[str, Any]:
    if not isinstance(found, dict) or not set(found) <= set(known):
        raise BadMemorandum(f"This has the fields {', '.join(sorted(known))}.", field=field)
    return found


def _list(found: Any, field: str) -> list[Any]:
    if not isinstance(found, list):
        raise BadMemorandum("This is a list.", field=field)
    return found
