"""Whether a translator's catalogue is whole, and the file that a translator begins with.

The yardstick is English: its keys and its operands. Plural forms are those of the language's rules
in CLDR. Details of errors are English in the errors themselves, so those keys are the Russian ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import yaml
from babel import Locale as BabelLocale

from api.i18n.catalogue import FALLBACK, Catalogue, Language, Message, operands_of

_DETAIL: Final = re.compile(r"errors\.\w+\.detail\Z")
_OTHER: Final = "other"


def plural_forms(language: Language) -> tuple[str, ...]:
    """The categories a sentence that counts needs, ``other`` last (CLDR plural rules)."""
    return (*sorted(BabelLocale.parse(language).plural_form.rules), _OTHER)


def wanted(catalogue: Catalogue) -> Mapping[str, Message]:
    """Every key a language may have, with a sentence that has the operands of it."""
    details = {
        key: message
        for language in catalogue.languages
        for key, message in catalogue.messages[language].items()
        if _DETAIL.match(key)
    }
    return {**details, **catalogue.messages[FALLBACK]}


def faults(
    messages: Mapping[str, Message], language: Language, catalogue: Catalogue
) -> Iterator[str]:
    """What is wrong with the sentences of ``language``, one line a fault, by key.

    A missing detail of an error is none: it is then told in English.
    """
    known = wanted(catalogue)
    forms = plural_forms(language)
    for key in sorted(known.keys() | messages.keys()):
        if key not in known:
            yield f"{key}: no such sentence; take it out."
        elif key in messages:
            yield from _of_one(key, messages[key], known[key], forms)
        elif not _DETAIL.match(key):
            yield f"{key}: missing. In English: {_sample(known[key])}"


def _of_one(key: str, message: Message, model: Message, forms: tuple[str, ...]) -> Iterator[str]:
    ours, theirs = operands_of(message), operands_of(model)
    if ours != theirs:
        said = ", ".join(f"{{{name}}}" for name in sorted(theirs)) or "none"
        yield f"{key}: its operands are {said}, in braces and under these names."
    if isinstance(message, str):
        if not isinstance(model, str):
            yield f"{key}: counts, so it has the forms {', '.join(forms)}."
    elif set(message) != set(forms):
        yield f"{key}: its forms are {', '.join(forms)}."


def beginning(language: Language, catalogue: Catalogue) -> str:
    """A catalogue of ``language`` in which every sentence is still English, to be translated."""
    tree: dict[str, object] = {}
    for key, message in catalogue.messages[FALLBACK].items():
        node = tree
        *way, name = key.split(".")
        for step in way:
            below = node.setdefault(step, {})
            assert isinstance(below, dict), f"{key}: {step} is a sentence and a mapping"
            node = below
        node[name] = (
            message
            if isinstance(message, str)
            else dict.fromkeys(plural_forms(language), message[_OTHER])
        )
    return yaml.safe_dump(tree, allow_unicode=True, sort_keys=False, width=1_000)


def _sample(message: Message) -> str:
    return message if isinstance(message, str) else message[_OTHER]
