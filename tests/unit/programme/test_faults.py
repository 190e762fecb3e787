"""Every fault names its line and field, and gives an example that is right."""

from __future__ import annotations

import re

import pytest

from ledger.programme.faults import Fault, ProgrammeInvalid
from ledger.programme.load import load_programme

WHOLE = """\
programme: whole
version: "1"
title: {en: Whole, ru: Целая}
zone: Europe/Moscow
rounding: down
period: at_once
attributes:
  level:
    field: level
    values: [1, 2]
    default: 1
    title: {en: Level, ru: Уровень}
    names:
      1: {en: one, ru: один}
      2:
        en: two
        ru: два
  absence:
    field: value
    values: [none, ill]
    default: none
multipliers:
  level:
    by: attribute
    attribute: level
    table:
      1: 1
      2: 5/3
  streak:
    by: day_streak
    condition: day.opened
    types: [a.done]
    table:
      1: 1
      2: 1.5
    freezes:
      count: 2
      per: month
      excused_by:
        attribute: absence
        values: [ill]
rules:
  - id: done
    title: {en: Do it, ru: Сделать}
    on: [a.done, b.done]
    when: event.data.n > 1
    to: actor
    owner: data.owner
    points: data.n * 2.5
    limit:
      - per: day
        count: 3
      - per: lifetime
        count: 9
    once_per: [data.k]
    multipliers: [streak, level]
    category: work
  - id: received
    on: a.done
    to: data.owner
    points: 7/3
cap:
  per: day
  attribute: level
  table:
    1: 100
    2: 200
caps:
  - id: month
    of: {category: work}
    per: month
    points: 900
    over: refuse
  - id: some
    of:
      rules: [done, received]
    per: week
    attribute: level
    table:
      1: 300
      2: 400
"""
LINES = WHOLE.splitlines()


def faults_of(text: str) -> list[Fault]:
    with pytest.raises(ProgrammeInvalid) as caught:
        load_programme(text)
    return list(caught.value.found)


def test_it_is_right_as_it_stands() -> None:
    assert load_programme(WHOLE).caps


def key_of(line: str) -> str:
    return line.strip().removeprefix("- ").partition(":")[0]


def is_example(fault: Fault) -> bool:
    """Whether the example is one, rather than a way out of giving any."""
    return bool(fault.example) and "see docs" not in fault.example and fault.example != "one of "


@pytest.mark.parametrize("number", [n for n, line in enumerate(LINES, 1) if line[-1] != ":"])
@pytest.mark.parametrize("value", ["{zzz: [1]}", "[[zzz]]", "-1.5", ""])
def test_a_value_of_another_kind(number: int, value: str) -> None:
    line = LINES[number - 1]
    wrong = f"{line[: line.index(':')]}: {value}".rstrip()
    found = faults_of("\n".join([*LINES[: number - 1], wrong, *LINES[number:]]))
    here = [fault for fault in found if fault.line == number]
    assert here, found
    assert any(key_of(line) in re.split(r"[.\[\]]+", fault.field) for fault in here)
    for fault in found:
        assert fault.wrong
        assert is_example(fault), fault
        assert str(fault).startswith(f"{fault.line}:{fault.column}: {fault.field}: {fault.wrong}")


@pytest.mark.parametrize("number", range(1, len(LINES) + 1))
def test_a_field_that_does_not_exist(number: int) -> None:
    line = LINES[number - 1]
    indent = line[: len(line) - len(line.lstrip(" -"))].replace("-", " ")
    found = faults_of("\n".join([*LINES[: number - 1], *_beside(line, indent), *LINES[number:]]))
    # A streak's table says what rows it has; any other section that it has no such field.
    mine = [fault for fault in found if "zzz" in fault.field or fault.field.endswith(".table")]
    assert mine, found
    for fault in found:
        assert is_example(fault), fault


def _beside(line: str, indent: str) -> list[str]:
    """A line with an unknown field before it; a list's item begins with its dash."""
    if line.lstrip().startswith("- "):
        return [f"{line[: len(indent) - 2]}- zzz: 1", f"{indent}{line.strip()[2:]}"]
    return [f"{indent}zzz: 1", line]


@pytest.mark.parametrize(
    "field",
    ["programme", "version", "zone", "rules", "id: done", "on: [", "to: actor", "points: data"],
)
def test_a_field_that_must_be_stated(field: str) -> None:
    lines = [line for line in LINES if not line.strip(" -").startswith(field)]
    text = "\n".join(lines).replace("  - \n", "")
    if field == "id: done":
        text = WHOLE.replace("  - id: done\n    title", "  - title")
    if field == "rules":
        text = WHOLE[: WHOLE.index("rules:")] + WHOLE[WHOLE.index("cap:") :]
    found = faults_of(text)
    name = field.partition(":")[0]
    (missing,) = [fault for fault in found if fault.wrong == "must be stated"]
    assert missing.field.rpartition(".")[2] == name
    assert missing.example.startswith(f"{name}: ")
