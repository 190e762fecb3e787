"""The catalogues of sentences: loading, choosing a plural form, filling in operands.

A language is a folder of files here, one a room, or one file ``TAG.yaml`` of all rooms, here or in
the folder that ``VKLAD_LANGUAGES_FOLDER`` names; its tag is what a browser asks for (BCP 47's first
part). Nothing else knows which languages there are.

Does not decide which language a person gets (``api.i18n.negotiation``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import yaml
from babel import Locale as BabelLocale
from babel import UnknownLocaleError

from api.i18n.formats import Writable, write
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.units import Points

Language = str
FALLBACK: Final[Language] = "en"
WRITTEN: Final[tuple[Language, ...]] = ("en", "ru")
"""What documents are written in: programmes' titles, goods, terms, the memorandum."""

PLURAL_CATEGORIES: Final = frozenset({"zero", "one", "two", "few", "many", "other"})
_OPERAND: Final = re.compile(r"\{(\w+)\}")
_FOLDER: Final = Path(__file__).parent
_TAG: Final = re.compile(r"[a-z]{2,3}")

Message = str | Mapping[str, str]


class BadCatalogue(VkladError):
    """A file of sentences that is none."""

    code = "catalogue_malformed"
    kind = ErrorKind.INVALID


class MissingMessage(LookupError):
    """A key without a sentence, or a sentence without one of its operands."""


OnMissing = Callable[[MissingMessage], None]


def refuse_missing(error: MissingMessage) -> None:
    """What tests do about a missing message."""
    raise error


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Sentences by language and key; ``on_missing`` is told of each that is not there."""

    messages: Mapping[Language, Mapping[str, Message]]
    on_missing: OnMissing

    @property
    def languages(self) -> tuple[Language, ...]:
        """The languages it speaks, in the order of their tags."""
        return tuple(sorted(self.messages))

    def has(self, language: Language, key: str) -> bool:
        """Whether this very language has the key."""
        return key in self.messages[language]

    def can_fill(self, language: Language, key: str, operands: Mapping[str, Writable]) -> bool:
        """Whether this very language has the key, and wants no operand that is not given."""
        message = self.messages[language].get(key)
        return message is not None and operands_of(message) <= operands.keys()

    def text(self, language: Language, key: str, /, **operands: Writable) -> str:
        """The sentence for ``key``, its operands written in by their type.

        A missing key is reported and answered from English, and if English has none either by
        the key itself; a missing operand is reported and left in braces.
        """
        for candidate in (language, FALLBACK):
            message = self.messages[candidate].get(key)
            if message is not None:
                sentence = _plural(message, candidate, operands.get("count"))
                return self._fill(key, sentence, candidate, operands)
            self.on_missing(MissingMessage(f"No message {key!r} in language {candidate!r}."))
        return key

    def _fill(
        self, key: str, sentence: str, language: Language, operands: Mapping[str, Writable]
    ) -> str:
        def operand(match: re.Match[str]) -> str:
            if match[1] not in operands:
                self.on_missing(MissingMessage(f"Message {key!r} wants operand {match[1]!r}."))
                return match[0]
            return write(operands[match[1]], language)

        return _OPERAND.sub(operand, sentence)


def load_catalogue(on_missing: OnMissing = refuse_missing, folder: Path | None = None) -> Catalogue:
    """Every catalogue that ships with the product, and those of ``folder``, which come before.

    Raises ``BadCatalogue`` for a file that cannot be read or whose name is no tag.
    """
    messages = _load(_FOLDER)
    return Catalogue(messages if folder is None else {**messages, **_load(folder)}, on_missing)


def written(language: Language) -> Language:
    """The language of documents for somebody who reads this one."""
    return language if language in WRITTEN else FALLBACK


def read_messages(path: Path) -> Mapping[str, Message]:
    """The sentences of one file, each under its whole key: ``{"layout.brand": "Vklad"}``.

    Raises ``BadCatalogue``.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadCatalogue(f"{path} cannot be read: {error}") from None
    flat: dict[str, Message] = {}
    if not isinstance(content, dict):
        raise BadCatalogue(f"{path}: a catalogue maps names to sentences.")
    for name, child in content.items():
        flat |= _flatten(str(name), child, path)
    return flat


def operands_of(message: Message) -> frozenset[str]:
    """The names in braces, over all plural forms."""
    forms = [message] if isinstance(message, str) else list(message.values())
    return frozenset(name for form in forms for name in _OPERAND.findall(form))


@cache
def _load(folder: Path) -> Mapping[Language, Mapping[str, Message]]:
    found: dict[Language, dict[str, Message]] = {}
    for path in sorted(folder.glob("*.yaml")):
        if not _TAG.fullmatch(path.stem) or not _is_known(path.stem):
            raise BadCatalogue(f"{path}: the name of a catalogue is a language's tag: kk.yaml")
        found[path.stem] = dict(read_messages(path))
    for path in sorted(folder.glob("*/*.yaml")):
        flat = {f"{path.stem}.{key}": each for key, each in read_messages(path).items()}
        found.setdefault(path.parent.name, {}).update(flat)
    return found


def _is_known(tag: str) -> bool:
    try:
        BabelLocale.parse(tag)
    except (UnknownLocaleError, ValueError):
        return False
    return True


def _flatten(prefix: str, node: object, path: Path) -> dict[str, Message]:
    if isinstance(node, str):
        return {prefix: node}
    if not isinstance(node, dict) or not node:
        raise BadCatalogue(f"{path}: {prefix} is a sentence in quotes, or a mapping of names.")
    if PLURAL_CATEGORIES.issuperset(node):
        return {prefix: node}
    flat: dict[str, Message] = {}
    for name, child in node.items():
        flat |= _flatten(f"{prefix}.{name}", child, path)
    return flat


def _plural(message: Message, language: Language, count: Writable) -> str:
    if isinstance(message, str):
        return message
    number = count.amount if isinstance(count, Points) else count
    category = "other"
    if isinstance(number, int):
        category = str(BabelLocale.parse(language).plural_form(abs(number)))
    return message.get(category) or message["other"]
