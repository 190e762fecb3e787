"""The catalogue of event types as developers of sources read it: one JSON value, made once.

Made of what is run: the types and their fields (``ledger.events.catalogue``), and what the adapters
for xAPI and Discourse make of what they are told.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from api.webhooks.discourse import TYPES_OF_DELIVERIES
from api.webhooks.xapi import verbs_of_types
from ledger.events.catalogue import TYPES, fields_of
from ledger.events.describing import ATTRIBUTE_TYPE, WORDS, example_of
from ledger.events.model import Authority, FieldKind, Fields
from ledger.events.schemas import schema_of
from ledger.events.sources.model import INTERNAL_TYPES
from ledger.kernel.canonical import Json
from ledger.kernel.errors import ErrorKind, VkladError

_ANY_ATTRIBUTE: Final = "member.value.changed"
"""Some attribute, for the fields that all of them share."""


class UnknownEventType(VkladError):
    """A type that this program does not know; a source may have declared it."""

    code = "unknown_event_type"
    kind = ErrorKind.NOT_FOUND


@cache
def catalogue() -> Mapping[str, Mapping[str, Json]]:
    """Every type that any source may state, by its name, with its schema and an example."""
    discourse = _deliveries_of_types()
    verbs = verbs_of_types()
    found: dict[str, dict[str, Json]] = {}
    for event_type in (*TYPES, ATTRIBUTE_TYPE):
        described, fields = WORDS[event_type], _fields(event_type)
        found[event_type] = {
            "type": event_type,
            "says": described.says,
            "keeps": {name: kind.value for name, kind in fields.items()},
            "made_of": {
                "xapi": list(verbs.get(event_type, ())),
                "discourse": list(discourse.get(event_type, ())),
            },
            "example": example_of(event_type, fields),
            "schema": schema_of(event_type, described.says, fields),
        }
    return found


def whole() -> dict[str, Json]:
    """The catalogue as ``docs/event-types.json`` keeps it and ``/v1/event-types`` answers."""
    return {
        "data": [dict(each) for each in catalogue().values()],
        "only_this_program_states": sorted(INTERNAL_TYPES),
        "next_cursor": None,
    }


def event_type(name: str) -> Mapping[str, Json]:
    """One type; an attribute's own name stands for the family.

    Raises:
        UnknownEventType: none of them.
    """
    known = catalogue()
    found = known.get(name)
    if found is None and name not in TYPES and fields_of(name, Authority()) is not None:
        found = known[ATTRIBUTE_TYPE]
    if found is None:
        raise UnknownEventType(f"No event type is called {name[:64]!r}.", type=name[:64])
    return found


def _fields(event_type: str) -> Fields:
    asked = _ANY_ATTRIBUTE if event_type == ATTRIBUTE_TYPE else event_type
    fields: Fields | None = fields_of(asked, Authority())
    assert fields is not None, "every type of the catalogue is a known one"
    if event_type == ATTRIBUTE_TYPE:
        return {"level": FieldKind.VALUE, "value": FieldKind.VALUE}
    return fields


def _deliveries_of_types() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for delivery, types in TYPES_OF_DELIVERIES.items():
        for each in types:
            found.setdefault(each, []).append(delivery)
    return found
