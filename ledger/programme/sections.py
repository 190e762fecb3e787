"""A section of a programme file as JSON, for the room that executes it."""

from __future__ import annotations

from fractions import Fraction

from pydantic import BaseModel

from ledger.kernel.canonical import Json
from ledger.programme.numbers import exact_text


def section_json(value: object) -> Json:
    """Exact numbers as texts, fields by the names of the file; what is unset is absent."""
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        return {
            fields[name].alias or name: section_json(each)
            for name, each in value
            if each is not None
        }
    if isinstance(value, Fraction):
        return exact_text(value)
    if isinstance(value, dict):
        return {str(key): section_json(each) for key, each in value.items()}
    if isinstance(value, list):
        return [section_json(each) for each in value]
    assert value is None or isinstance(value, str | int | bool), f"no JSON: {value!r}"
    return value
