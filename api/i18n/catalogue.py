"""The catalogues of sentences: loading, choosing a plural form, filling in operands.

Does not decide which language a person gets (``api.i18n.negotiation``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

import yaml
from babel import Locale as BabelLocale

from api.i18n.formats import Writable, write
from ledger.kernel.units import Points

Language = Literal["en", "ru"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "ru")
FALLBACK: Final[Language] = "en"

PLURAL_CATEGORIES: Final = frozenset({"zero", "one", "two", "few", "many", "other"})
_OPERAND: Final = re.compile(r"\{(\w+)\}")
_FOLDER: Final = Path(__file__).parent

Message = str | Mapping[str, str]


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


def load_catalogue(on_missing: OnMissing = refuse_missing) -> Catalogue:
    """Every catalogue that ships with the product."""
    return Catalogue({language: _load(language) for language in LANGUAGES}, on_missing)


def operands_of(message: Message) -> frozenset[str]:
    """The names in braces, over all plural forms."""
    forms = [message] if isinstance(message, str) else list(message.values())
    return frozenset(name for form in forms for name in _OPERAND.findall(form))


@cache
def _load(language: Language) -> Mapping[str, Message]:
    messages: dict[str, Message] = {}
    for path in sorted((_FOLDER / language).glob("*.yaml")):
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        messages |= _flatten(path.stem, content)
    return messages


def _flatten(prefix: str, node: object) -> dict[str, Message]:
    if isinstance(node, str):
        return {prefix: node}
    assert isinstance(node, dict) and node, f"{prefix}: a sentence or a mapping"  # noqa: PT018 - one condition
    if PLURAL_CATEGORIES.issuperset(node):
        return {prefix: node}
    flat: dict[str, Message] = {}
    for name, child in node.items():
        flat |= _flatten(f"{prefix}.{name}", child)
    return flat


def _plural(message: Message, language: Language, count: Writable) -> str:
    if isinstance(message, str):
        return message
    number = count.amount if isinstance(count, Points) else count
    category = "other"
    if isinstance(number, int):
        category = str(BabelLocale.parse(language).plural_form(abs(number)))
    return message.get(category) or message["other"]
