"""Every sentence exists in both languages, in that language, with the same operands."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import api
import governance
import ledger
import oracle
from api.i18n.catalogue import (
    Catalogue,
    Language,
    Message,
    MissingMessage,
    load_catalogue,
    operands_of,
)
from api.pages.rendering import TEMPLATES
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.units import Points

CATALOGUE = load_catalogue()
EN, RU = CATALOGUE.messages["en"], CATALOGUE.messages["ru"]
ROOT = Path(__file__).resolve().parents[3]

# Names of headers, formats, standards and currencies, which Russian texts write in Latin.
LATIN_ALLOWED = frozenset(
    "ASCII Authorization CSV EIP ERC Idempotency JSON Key UTC YAML T Z VKL ID API".split()  # noqa: SIM905 - reads as a list of words
)
DETAIL_IN_RUSSIAN_ONLY = re.compile(r"errors\.\w+\.detail\Z")
"""English details are the errors' own sentences, with the values in them."""


def _forms(message: Message) -> list[str]:
    return [message] if isinstance(message, str) else list(message.values())


class _Strict(yaml.SafeLoader):
    """Refuses a mapping that says one name twice, of which YAML silently takes the last."""


def _each_name_once(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    names = [loader.construct_object(name) for name, _ in node.value]
    assert len(set(names)) == len(names), f"a name twice at {node.start_mark}"
    return loader.construct_mapping(node, deep=True)


_Strict.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _each_name_once)


@pytest.mark.parametrize("language", CATALOGUE.languages)
def test_no_sentence_is_said_over_by_another_of_its_name(language: str) -> None:
    files = sorted((ROOT / "api/i18n" / language).glob("*.yaml"))
    assert files
    for file in files:
        yaml.load(file.read_text("utf-8"), _Strict)  # noqa: S506 - a safe loader


def test_both_languages_have_the_same_keys() -> None:
    only_russian = {key for key in RU.keys() - EN.keys() if not DETAIL_IN_RUSSIAN_ONLY.match(key)}
    assert (EN.keys() - RU.keys(), only_russian) == (set(), set())


def test_a_sentence_has_the_same_operands_in_both_languages() -> None:
    both = EN.keys() & RU.keys()
    assert {key for key in both if operands_of(EN[key]) != operands_of(RU[key])} == set()


def test_no_latin_word_in_a_russian_sentence() -> None:
    found = {}
    for key, message in RU.items():
        said = " ".join(re.sub(r"\{\w+\}", "", form) for form in _forms(message))
        foreign = set(re.findall(r"[A-Za-z]+", said)) - LATIN_ALLOWED
        if foreign:
            found[key] = foreign
    assert found == {}


def test_no_cyrillic_word_in_an_english_sentence() -> None:
    said = {key: " ".join(_forms(message)) for key, message in EN.items()}
    assert [key for key, text in said.items() if re.search(r"[А-Яа-яЁё]", text)] == []


@pytest.mark.parametrize("language", CATALOGUE.languages)
def test_plural_messages_have_every_form_of_their_language(language: str) -> None:
    wanted = {"en": {"one", "other"}, "ru": {"one", "few", "many", "other"}}[language]
    for key, message in CATALOGUE.messages[language].items():
        if not isinstance(message, str):
            assert set(message) == wanted, key
            assert "count" in operands_of(message), key


def _template_keys() -> Iterator[tuple[str, str]]:
    for path in sorted(TEMPLATES.rglob("*.html")):
        for key in re.findall(r"\bt\(\s*[\"']([\w.]+)[\"']\s*[,)]", path.read_text()):
            yield str(path.relative_to(TEMPLATES)), key


def test_every_key_that_a_template_names_exists() -> None:
    named = set(_template_keys())
    assert len(named) > 1_000
    assert {(file, key) for file, key in named if key not in EN or key not in RU} == set()


def _notice_keys() -> Iterator[str]:
    for path in sorted((ROOT / "api").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.keyword) or node.arg != "notice":
                continue
            if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                yield node.value.value


def test_every_notice_exists() -> None:
    named = set(_notice_keys())
    assert named
    assert {key for key in named if key not in EN or key not in RU} == set()


_JINJA = re.compile(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")


def test_no_template_has_a_sentence_of_its_own() -> None:
    """Text between tags comes from the catalogues; what is left has no words."""
    for path in sorted(TEMPLATES.rglob("*.html")):
        text = _TAG.sub(" ", _JINJA.sub(" ", path.read_text()))
        assert not re.findall(r"[^\W\d_]{2,}", text), (path.name, text.split())


def _error_classes() -> list[type[VkladError]]:
    for package in (ledger, oracle, governance, api):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations." not in module.name:
                importlib.import_module(module.name)
    found: list[type[VkladError]] = []
    waiting = [VkladError]
    while waiting:
        for child in waiting.pop().__subclasses__():
            if child.__module__.partition(".")[0] in {"ledger", "oracle", "governance", "api"}:
                found.append(child)
            waiting.append(child)
    return found


def test_every_error_has_words_in_both_languages() -> None:
    missing = {
        f"{language}: {error.code} ({error.__module__})"
        for error in _error_classes()
        for language, part in (("en", "title"), ("ru", "title"), ("ru", "detail"))
        if f"errors.{error.code}.{part}" not in CATALOGUE.messages[language]  # type: ignore[index]
    }
    assert missing == set()


def test_every_kind_has_a_title() -> None:
    for kind in ErrorKind:
        assert f"errors.{kind}.title" in EN
        assert f"errors.{kind}.title" in RU


# The catalogue itself


def _small(reported: list[MissingMessage]) -> Catalogue:
    return Catalogue(
        {
            "en": {"a": "Only here", "n": {"one": "{count} lot", "other": "{count} lots"}},
            "ru": {
                "n": {
                    "one": "{count} лот",
                    "few": "{count} лота",
                    "many": "{count} лотов",
                    "other": "{count} лота",
                },
                "w": "до {when}",
            },
        },
        reported.append,
    )


@pytest.mark.parametrize(
    ("count", "english", "russian"),
    [
        (0, "0 lots", "0 лотов"),
        (1, "1 lot", "1 лот"),
        (2, "2 lots", "2 лота"),
        (5, "5 lots", "5 лотов"),
        (11, "11 lots", "11 лотов"),
        (21, "21 lots", "21 лот"),
        (-3, "-3 lots", "-3 лота"),
    ],
)
def test_plural_forms(count: int, english: str, russian: str) -> None:
    catalogue = _small([])
    assert catalogue.text("en", "n", count=count) == english
    assert catalogue.text("ru", "n", count=count) == russian
    assert catalogue.text("ru", "n", count=Points(count)) == russian


def test_a_missing_message_is_reported_and_answered_in_english() -> None:
    reported: list[MissingMessage] = []
    assert _small(reported).text("ru", "a") == "Only here"
    assert len(reported) == 1


def test_a_message_missing_everywhere_is_answered_by_its_key() -> None:
    reported: list[MissingMessage] = []
    assert _small(reported).text("ru", "nothing.like.it") == "nothing.like.it"
    assert len(reported) == 2


def test_a_missing_operand_is_reported_and_left() -> None:
    reported: list[MissingMessage] = []
    assert _small(reported).text("ru", "w") == "до {when}"
    assert "when" in str(reported[0])


def test_tests_refuse_what_is_missing() -> None:
    with pytest.raises(MissingMessage):
        load_catalogue().text("en", "nothing.like.it")


COUNTS_NO_NOUN = {"admin.grants.more_lines", "units.missing"}
"""«и ещё 5», «ещё 5 до уровня»: nothing in the sentence is counted by name."""
COUNTING = sorted(
    (language, key)
    for language, messages in (("en", EN), ("ru", RU))
    for key, message in messages.items()
    if not isinstance(message, str)
)
FORMS = {
    "en": {1: "one", 2: "other", 5: "other", 21: "other"},
    "ru": {1: "one", 2: "few", 5: "many", 21: "one"},
}


@pytest.mark.parametrize(("language", "key"), COUNTING)
def test_what_counts_is_said_of_1_2_5_and_21(language: Language, key: str) -> None:
    message = CATALOGUE.messages[language][key]
    assert not isinstance(message, str)
    others = dict.fromkeys(operands_of(message) - {"count"}, "…")
    for count, form in FORMS[language].items():
        said = CATALOGUE.text(language, key, count=count, **others)
        for name in others:
            assert f"{{{name}}}" not in said
        wanted = message[form].replace("{count}", str(count))
        for name in others:
            wanted = wanted.replace(f"{{{name}}}", "…")
        assert said == wanted
    if language == "ru" and key not in COUNTS_NO_NOUN:
        assert len({message[form] for form in ("one", "few", "many")}) > 1, "a noun is bent"
