"""A further language is one file: begun by a command, checked by another, and no code."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from api.cli.main import app
from api.i18n import checking
from api.i18n.catalogue import (
    BadCatalogue,
    MissingMessage,
    load_catalogue,
    read_messages,
    written,
)

SHIPPED = load_catalogue()


def test_a_beginning_is_whole_and_english(tmp_path: Path) -> None:
    for tag in ("kk", "pl", "ja"):
        file = tmp_path / f"{tag}.yaml"
        file.write_text(checking.beginning(tag, SHIPPED), "utf-8")
        messages = read_messages(file)
        assert list(checking.faults(messages, tag, SHIPPED)) == []
        assert messages.keys() == SHIPPED.messages["en"].keys()
        assert messages["layout.brand"] == SHIPPED.messages["en"]["layout.brand"]


@pytest.mark.parametrize("language", SHIPPED.languages)
def test_what_ships_is_whole(language: str) -> None:
    assert list(checking.faults(SHIPPED.messages[language], language, SHIPPED)) == []


@pytest.mark.parametrize(
    ("tag", "forms"),
    [
        ("en", ("one", "other")),
        ("ja", ("other",)),
        ("pl", ("few", "many", "one", "other")),
        ("ar", ("few", "many", "one", "two", "zero", "other")),
    ],
)
def test_forms_are_those_of_the_language(tag: str, forms: tuple[str, ...]) -> None:
    assert checking.plural_forms(tag) == forms


def test_each_fault_is_named() -> None:
    messages = dict(SHIPPED.messages["en"])
    counting = "member.points_count"
    assert not isinstance(messages[counting], str)
    del messages["layout.brand"]
    messages["layout.brnd"] = "Vklad"
    messages["calendar.name"] = "{nobody}"
    messages[counting] = {"one": "{count} point", "other": "{count} points"}
    found = list(checking.faults(messages, "pl", SHIPPED))
    assert "layout.brand: missing. In English: Vklad" in found
    assert "layout.brnd: no such sentence; take it out." in found
    assert "calendar.name: its operands are none, in braces and under these names." in found
    assert f"{counting}: its forms are few, many, one, other." in found
    messages[counting] = "{count} points"
    assert f"{counting}: counts, so it has the forms few, many, one, other." in list(
        checking.faults(messages, "pl", SHIPPED)
    )


def test_a_folder_adds_a_language_and_may_say_a_shipped_one_anew(tmp_path: Path) -> None:
    (tmp_path / "kk.yaml").write_text("layout: {brand: Үлес}\n", "utf-8")
    reported: list[MissingMessage] = []
    catalogue = load_catalogue(reported.append, tmp_path)
    assert catalogue.languages == ("en", "kk", "ru")
    assert catalogue.text("kk", "layout.brand") == "Үлес"
    assert reported == []
    assert catalogue.text("kk", "layout.skip") == catalogue.text("en", "layout.skip")
    assert [str(each) for each in reported] == ["No message 'layout.skip' in language 'kk'."]
    assert load_catalogue().languages == ("en", "ru")


def test_documents_are_read_in_english_by_who_reads_neither() -> None:
    assert [written(each) for each in ("ru", "en", "kk")] == ["ru", "en", "en"]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("kazakh.yaml", "a: b", "the name of a catalogue is a language's tag"),
        ("qq.yaml", "a: b", "the name of a catalogue is a language's tag"),
        ("kk.yaml", "- a", "a catalogue maps names to sentences"),
        ("kk.yaml", "a: 5", "a is a sentence in quotes, or a mapping of names"),
        ("kk.yaml", "a: {b: }", "a.b is a sentence in quotes"),
        ("kk.yaml", "a: 'b", "cannot be read"),
    ],
)
def test_a_file_that_is_none_is_refused_by_name(
    tmp_path: Path, name: str, content: str, said: str
) -> None:
    (tmp_path / name).write_text(content, "utf-8")
    with pytest.raises(BadCatalogue) as refused:
        load_catalogue(folder=tmp_path)
    assert name in refused.value.message
    assert said in refused.value.message


def test_the_commands_of_a_translator(tmp_path: Path) -> None:
    run = CliRunner().invoke
    begun = run(app, ["languages", "new", "kk"])
    assert begun.exit_code == 0
    file = tmp_path / "kk.yaml"
    file.write_text(begun.output, "utf-8")
    assert run(app, ["languages", "check", str(file)]).output == "kk.yaml: no faults.\n"
    tree = yaml.safe_load(begun.output)
    del tree["layout"]["brand"]
    file.write_text(yaml.safe_dump(tree), "utf-8")
    told = run(app, ["languages", "check", str(file)])
    assert told.exit_code == 1
    assert told.output.endswith("kk.yaml: 1 faults.\n")
    listed = run(app, ["languages", "list"], env={"VKLAD_LANGUAGES_FOLDER": str(tmp_path)})
    assert [line.split()[0] for line in listed.output.splitlines()] == ["en", "kk", "ru"]
    refused = run(app, ["languages", "new", "klingon"])
    assert isinstance(refused.exception, BadCatalogue)
