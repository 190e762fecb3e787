"""One line of an import: a CloudEvent or an xAPI statement, and the source it is of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from api.webhooks.cloudevents import read_event
from api.webhooks.exact_json import read_json
from api.webhooks.xapi import Stated, read_statement
from ledger.events.errors import EventInvalid, SourceNotYours

LINE_BYTES_MAX: Final = 1_048_576


def read_line(line: bytes, only_source: str | None = None) -> Stated:
    """The event a line states.

    ``only_source``: lines of other sources are refused, and it is the source of those that have
    none (a statement voided by somebody without an account).

    Raises:
        VkladError: what is wrong with the line.
    """
    if len(line) > LINE_BYTES_MAX:
        raise EventInvalid(f"A line has {LINE_BYTES_MAX} bytes at most.", bytes_max=LINE_BYTES_MAX)
    value = read_json(line)
    if isinstance(value, Mapping) and "specversion" in value:
        stated = Stated(str(value.get("source")), read_event(value, None))
    elif isinstance(value, Mapping) and "actor" in value:
        stated = read_statement(value, line)
    else:
        raise EventInvalid("The line is neither a CloudEvent nor an xAPI statement.", field="body")
    source_uri = stated.source_uri or only_source
    if source_uri is None:
        raise EventInvalid("The actor has no account; say --source.", field="actor")
    if only_source is not None and source_uri != only_source:
        raise SourceNotYours(f"The line is of the source {source_uri}.", source=source_uri)
    return Stated(source_uri, stated.event)
