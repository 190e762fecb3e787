"""From the text of a programme file to a frozen ``Programme``, or to everything wrong with it.

text ──source──▶ document ──refusals──▶ ──schema──▶ file ──check──▶ programme + hash
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ledger.kernel.canonical import Json
from ledger.programme.canonical import programme_hash
from ledger.programme.check import check, check_unused
from ledger.programme.check_earning import Wrong
from ledger.programme.conditions import compile_condition
from ledger.programme.faults import Fault, ProgrammeInvalid, field_text
from ledger.programme.fields import FORM_WORDS, TextFile
from ledger.programme.load_commerce import reductions, splits
from ledger.programme.load_life import (
    budgets,
    emission,
    inactivity,
    term,
    validity,
    vesting,
    vesting_kind,
)
from ledger.programme.load_standing import levels, standing_terms, voice_terms
from ledger.programme.model import (
    Attribute,
    AttributeMultiplier,
    BridgeTerms,
    DayStreakMultiplier,
    Multiplier,
    Programme,
    Rule,
    Text,
    WeekStreakMultiplier,
)
from ledger.programme.model_earning import Cap, CapScope, Freezes, Limit, Per
from ledger.programme.refusals import unexecuted
from ledger.programme.schema import (
    AttributeMultiplierFile,
    DayStreakMultiplierFile,
    ProgrammeFile,
    RuleFile,
    WeekStreakMultiplierFile,
    json_schema,
)
from ledger.programme.schema_attributes import AttributeFile
from ledger.programme.schema_detectors import detector_terms
from ledger.programme.schema_earning import FreezesFile, NamedCapFile
from ledger.programme.schema_referral import referral_terms
from ledger.programme.schema_terms import RedemptionFile
from ledger.programme.schema_thanks import thanks_terms
from ledger.programme.schema_time import time_terms
from ledger.programme.sections import section_json
from ledger.programme.source import Document, Path, Plain, SourceUnreadable, read_document

_UNSET_HASH: Final = bytes(32)


def load_programme(text: str, *, is_new: bool = False) -> Programme:
    """Read, check and name a programme.

    ``is_new``: it is about to be kept, so that what does nothing is refused, too. A version that
    was kept before may state it and is read as ever.

    Raises:
        ProgrammeInvalid: with every fault that was found, each with line, field and an example.
    """
    try:
        document = read_document(text)
    except SourceUnreadable as error:
        place = error.place
        fault = Fault(place.line, place.column, "", error.wrong, error.example)
        raise ProgrammeInvalid([fault]) from error
    refused = [
        (path, f"{what} is not executed by this version", example)
        for path, what, example in unexecuted(document.content)
    ]
    refused += [
        (path, "nothing is stated here; leave it out or say what it is", _example(path))
        for path in _empty(document.content)
    ]
    try:
        file = ProgrammeFile.model_validate(document.content)
    except ValidationError as error:
        named = {path for path, _, _ in refused}
        shapes = (_shape(details, document) for details in error.errors())
        found = refused + [wrong for wrong in shapes if wrong[0] not in named]
        raise ProgrammeInvalid(_faults(found, document)) from error
    found = refused + list(check(file))
    if is_new:
        found += check_unused(file)
    if found:
        raise ProgrammeInvalid(_faults(found, document))
    programme = _programme(file)
    return replace(programme, programme_hash=programme_hash(programme))


def _faults(found: Iterable[Wrong], document: Document) -> list[Fault]:
    faults = []
    for path, wrong, example in found:
        place = document.place(path)
        faults.append(Fault(place.line, place.column, field_text(path), wrong, example))
    return faults


def _shape(details: ErrorDetails, document: Document) -> Wrong:
    """What pydantic found, as we say it: its own path may hold names of alternatives."""
    path: Path = ()
    content: Any = document.content
    steps = details["loc"]
    for index, step in enumerate(steps):
        if len(path) == 2 and path[0] == "multipliers" and index == 2 and step == content.get("by"):
            continue
        key = int(step) if isinstance(step, str) and step.isdecimal() else step
        for candidate in (step, key):
            if isinstance(content, dict) and candidate in content:
                content = content[candidate]
                path = (*path, candidate)
                break
            if isinstance(content, list) and isinstance(candidate, int):
                content = content[candidate] if candidate < len(content) else None
                path = (*path, candidate)
                break
        else:
            if details["type"] == "missing" and index == len(steps) - 1:
                path = (*path, step)
    if details["type"].startswith("union_tag"):
        return _kind(path, content, details)
    if details["type"] == "extra_forbidden":
        return path, *_unknown_field(path)
    return path, _said(details, content), _example(path)


def _kind(path: Path, content: Any, details: ErrorDetails) -> Wrong:
    """Which of several kinds a section is: not said, or none that there is."""
    context = details.get("ctx", {})
    name = str(context.get("discriminator", "by")).strip("'")
    where = (*path, name)
    if not isinstance(content, dict) or name not in content:
        return where, "must be stated", _example(where)
    known = context.get("expected_tags", "").replace("'", "")
    return where, f"{_shown(content[name])} is no kind there is (known: {known})", _example(where)


def _empty(content: Plain, path: Path = ()) -> Iterator[Path]:
    """Fields with nothing after the colon: a condition left empty must not be one left out."""
    if isinstance(content, dict):
        for name, value in content.items():
            if value is None:
                yield (*path, name)
            else:
                yield from _empty(value, (*path, name))
    elif isinstance(content, list):
        for index, value in enumerate(content):
            yield from _empty(value, (*path, index))


def _shown(content: Any) -> str:
    return json.dumps(content, default=str, ensure_ascii=False)[:60]


def _unknown_field(path: Path) -> tuple[str, str]:
    schema = json_schema()
    node: Mapping[str, Any] = schema
    for step in path[:-1]:
        node = _inside(node, step, schema)
    known = sorted(_fields_of(node, schema))
    near = difflib.get_close_matches(str(path[-1]), known, n=1)
    meant = f"; did you mean {near[0]!r}?" if near else ""
    return f"there is no such field{meant}", f"one of {', '.join(known)}"


def _said(details: ErrorDetails, content: Any) -> str:
    kind, context = details["type"], details.get("ctx", {})
    shown = _shown(content)
    if kind == "missing":
        return "must be stated"
    if kind == "value_error":
        return str(context.get("error", details["msg"]))
    if kind == "string_pattern_mismatch":
        pattern = context.get("pattern", "")
        return f"{shown} is not {FORM_WORDS.get(pattern, f'of the form {pattern}')}"
    message = details["msg"].replace("Input should", "it should").replace("Input tag", "the kind")
    return f"{message}; it is {shown}"


def _example(path: Path) -> str:
    """An example of the field at ``path``, from the schema that describes it."""
    schema = json_schema()
    node: Mapping[str, Any] = schema
    example, name = "see docs/programme.md", ""
    for step in path:
        node = _inside(node, step, schema)
        if isinstance(step, str) and node.get("examples"):
            example, name = json.dumps(node["examples"][0], ensure_ascii=False), step
    return f"{name}: {example}" if name else example


def _inside(node: Mapping[str, Any], step: str | int, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of the value at ``step`` inside ``node``; empty if it describes none."""
    for option in _options(node, schema):
        for within in (
            option.get("properties", {}).get(step),
            option.get("items") if isinstance(step, int) else None,
            option.get("additionalProperties"),
            *option.get("patternProperties", {}).values(),
        ):
            if isinstance(within, dict):
                return within
    return {}


def _fields_of(node: Mapping[str, Any], schema: Mapping[str, Any]) -> set[str]:
    return {name for option in _options(node, schema) for name in option.get("properties", {})}


def _options(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """A schema and the alternatives it refers to."""
    waiting = [node]
    while waiting:
        option = waiting.pop()
        yield option
        if "$ref" in option:
            waiting.append(schema["$defs"][option["$ref"].rsplit("/", 1)[1]])
        waiting += [*option.get("anyOf", []), *option.get("oneOf", [])]


def _programme(file: ProgrammeFile) -> Programme:
    return Programme(
        name=file.programme,
        version=file.version,
        zone=file.zone,
        rounding=file.rounding,
        attributes={name: _attribute(name, each) for name, each in file.attributes.items()},
        rules=tuple(_rule(rule, file) for rule in file.rules),
        multipliers={name: _multiplier(name, each) for name, each in file.multipliers.items()},
        period=file.period,
        period_multipliers=tuple(file.period_multipliers),
        cap=None
        if file.cap is None
        else Cap(file.cap.points, file.cap.attribute, dict(file.cap.table)),
        validity=validity(file.validity),
        redemption=None if file.redemption is None else _redemption(file.redemption),
        bridge=None
        if file.bridge is None
        else BridgeTerms(
            term(file.bridge.returned_validity),
            file.bridge.returned_points_per_year,
            file.bridge.refund_window_days,
            file.bridge.points_min,
            file.bridge.points_max,
        ),
        title=_text(file.title),
        programme_hash=_UNSET_HASH,
        caps=tuple(_cap(cap) for cap in file.caps),
        vesting={name: vesting_kind(kind) for name, kind in file.vesting.items()},
        inactivity=inactivity(file.inactivity),
        emission=emission(file.emission),
        budgets=budgets(file.budgets),
        reductions=reductions(file.reductions),
        splits=splits(file.splits),
        standing=standing_terms(file.standing),
        levels=levels(file.levels),
        voice=voice_terms(file.voice),
        thanks=thanks_terms(file.thanks),
        detectors=detector_terms(file.detectors),
        time=time_terms(file.time),
        unit=file.unit,
        referral=referral_terms(file.referral),
    )


def _attribute(name: str, file: AttributeFile) -> Attribute:
    return Attribute(
        name=name,
        field=file.field,
        values=tuple(file.values),
        default=file.default,
        title=_text(file.title),
        names={value: Text(text.en, text.ru) for value, text in file.names.items()},
    )


def _rule(file: RuleFile, programme: ProgrammeFile) -> Rule:
    return Rule(
        rule_id=file.id,
        on=tuple(file.on),
        to=file.to,
        points=file.points,
        when=None if file.when is None else compile_condition(file.when),
        owner=file.owner,
        limits=_limits(file),
        once_per=tuple(file.once_per),
        multipliers=tuple(file.multipliers),
        category=file.category,
        title=_text(file.title),
        validity=validity(file.validity),
        vesting=vesting(file.vesting, programme.vesting),
    )


def _limits(file: RuleFile) -> tuple[Limit, ...]:
    spans = list(Per)
    found = [Limit(limit.per, limit.count) for limit in file.limit or ()]
    return tuple(sorted(found, key=lambda limit: spans.index(limit.per)))


def _cap(file: NamedCapFile) -> Cap:
    return Cap(
        points=file.points,
        attribute=file.attribute,
        table=dict(file.table),
        cap_id=file.id,
        of=CapScope(tuple(sorted(file.of.rules)), file.of.category),
        per=file.per,
        over=file.over,
    )


def _multiplier(
    name: str,
    file: AttributeMultiplierFile | DayStreakMultiplierFile | WeekStreakMultiplierFile,
) -> Multiplier:
    title = _text(file.title)
    if isinstance(file, AttributeMultiplierFile):
        return AttributeMultiplier(name, file.attribute, dict(file.table), title)
    table = tuple(file.table[length] for length in range(1, len(file.table) + 1))
    if isinstance(file, DayStreakMultiplierFile):
        types, freezes = tuple(file.types), _freezes(file.freezes)
        return DayStreakMultiplier(name, file.condition, types, table, title, freezes)
    return WeekStreakMultiplier(name, table, title, _freezes(file.freezes))


def _freezes(file: FreezesFile | None) -> Freezes | None:
    if file is None:
        return None
    excuse = file.excused_by
    if excuse is None:
        return Freezes(file.count, file.per)
    values = tuple(sorted(set(excuse.values), key=lambda value: (isinstance(value, str), value)))
    return Freezes(file.count, file.per, excuse.attribute, values)


def _redemption(file: RedemptionFile) -> dict[str, Json]:
    """The section in JSON, defaults spelled out; what is unset is absent."""
    section = section_json(file)
    assert isinstance(section, dict), "a section is a mapping"
    return section


def _text(file: TextFile | None) -> Text | None:
    return None if file is None else Text(file.en, file.ru)
