"""JSON Schemas (2020-12) of events, made from what their types keep: pure.

A schema says what admission takes as far as a schema can: shapes, bounds and spellings. That a
field is personal, a type not the source's, an identity another's or a time too old is said by
admission alone, and by ``vklad events lint``, which asks it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ledger.events.describing import ATTRIBUTE_TYPE, FIELDS_SAY
from ledger.events.model import (
    EVENT_ID_LENGTH_MAX,
    INTEGER_MAX,
    KEYED_PREFIX,
    REFERENCE_PREFIX,
    RETRACTED,
    TEXT_LENGTH_MAX,
    TYPE_LENGTH_MAX,
    FieldKind,
    Fields,
)
from ledger.kernel.canonical import Json
from ledger.kernel.clock import FRACTION_DIGITS_MAX
from ledger.members.model import SUBJECT_LENGTH_MAX

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_PROVIDER_LENGTH_MAX: Final = 32

Schema = dict[str, Json]

_IDENTITY: Final[Schema] = {
    "type": "string",
    "pattern": "^[a-z][a-z0-9_-]{0,31}:.+$",
    "maxLength": _PROVIDER_LENGTH_MAX + 1 + SUBJECT_LENGTH_MAX,
}
_TEXT: Final[Schema] = {
    "type": "string",
    "maxLength": TEXT_LENGTH_MAX,
    "pattern": rf"^(?!{REFERENCE_PREFIX}_|{KEYED_PREFIX}_)[^\u0000-\u001f]*$",
}
_WHOLE: Final[Schema] = {"type": "integer", "minimum": -INTEGER_MAX, "maximum": INTEGER_MAX}
_DECIMAL: Final[Schema] = {"type": "string", "pattern": r"^-?[0-9]{1,24}(\.[0-9]{1,24})?$"}
_TIME: Final[Schema] = {
    "type": "string",
    "format": "date-time",
    "pattern": (
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}"
        rf"(\.[0-9]{{1,{FRACTION_DIGITS_MAX}}})?([Zz]|[+-][0-9]{{2}}:[0-9]{{2}})$"
    ),
}
_NOTHING: Final[Schema] = {"type": "null"}
_KINDS: Final[Mapping[FieldKind, tuple[Schema, ...]]] = {
    FieldKind.IDENTITY: (_IDENTITY,),
    FieldKind.KEY: (_TEXT, _WHOLE),
    FieldKind.STRING: (_TEXT,),
    FieldKind.INTEGER: (_WHOLE,),
    FieldKind.DECIMAL: ({"type": "number"}, _DECIMAL),
    FieldKind.BOOLEAN: ({"type": "boolean"},),
    FieldKind.TIME: (_TIME,),
    FieldKind.VALUE: (_TEXT, {"type": "number"}, {"type": "boolean"}),
    FieldKind.KEYED: ({"type": ["string", "integer"]},),
    FieldKind.NETWORK: ({"type": "string", "maxLength": TEXT_LENGTH_MAX},),
}


def schema_of(event_type: str, says: str, fields: Fields) -> Schema:
    """The schema of events of one type in structured form.

    Fields beside those declared are allowed, as admission drops them.
    """
    attributes: Schema = {
        "specversion": {"const": "1.0"},
        "id": {
            "type": "string",
            "minLength": 1,
            "maxLength": EVENT_ID_LENGTH_MAX,
            "description": "Your own id of the event; the same id again is the same event.",
        },
        "source": {"type": "string", "minLength": 1, "description": "Your registered address."},
        "type": _type(event_type),
        "subject": {**_IDENTITY, "description": "Who did it: provider and your id of the user."},
        "time": {**_TIME, "description": "When it happened."},
        "data": _data(event_type, fields),
        "datacontenttype": {"type": "string"},
    }
    needed = ["specversion", "id", "source", "type", "time"]
    needed += ["data"] if event_type == RETRACTED else ["subject"]
    return {
        "$schema": DIALECT,
        "title": event_type,
        "description": says,
        "type": "object",
        "required": needed,
        "properties": attributes,
    }


def _type(event_type: str) -> Schema:
    if event_type == ATTRIBUTE_TYPE:
        return {
            "type": "string",
            "pattern": r"^member\.[a-z][a-z0-9_]{0,63}\.changed$",
            "maxLength": TYPE_LENGTH_MAX,
        }
    return {"const": event_type}


def _data(event_type: str, fields: Fields) -> Schema:
    found: Schema = {
        "type": "object",
        "properties": {name: _field(name, kind) for name, kind in fields.items()},
    }
    if event_type == RETRACTED:
        return {**found, "required": ["id"]}
    return {**found, "type": ["object", "null"]}


def _field(name: str, kind: FieldKind) -> Schema:
    """Every declared field may be absent, which null says, too."""
    shapes: Schema = {"anyOf": [*_KINDS[kind], _NOTHING]}
    says = FIELDS_SAY.get(name)
    return shapes if says is None else {"description": says, **shapes}
