"""Whether a source may state an event, and what of it is kept: pure, before any transaction.

    stated ─▶ shape ─▶ type allowed ─▶ no personal field ─▶ identities allowed ─▶ time ─▶ reduced

Says nothing of duplicates: that needs what is stored (``settlement``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from ledger.events.catalogue import fields_of, may_assert
from ledger.events.errors import (
    BatchTooLarge,
    EventInFuture,
    EventInvalid,
    EventTooLate,
    IdentityNotAllowed,
    PersonalField,
    TypeNotAllowed,
)
from ledger.events.model import (
    ANY,
    BATCH_EVENTS_MAX,
    EVENT_ID_LENGTH_MAX,
    FUTURE_MAX,
    INTEGER_MAX,
    REFERENCE_PREFIX,
    RETRACTED,
    TEXT_LENGTH_MAX,
    TYPE_LENGTH_MAX,
    AdmittedEvent,
    Authority,
    ExactJson,
    FieldKind,
    Fields,
    IncomingEvent,
    Scalar,
    Source,
)
from ledger.events.personal import first_personal_field
from ledger.kernel.clock import BadInstant, Instant
from ledger.kernel.errors import VkladError
from ledger.members.model import BadIdentity, IdentityKey, check_key

_TYPE: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+\Z", re.ASCII)
_DECIMAL: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z", re.ASCII)
_PROVIDER: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}\Z", re.ASCII)
_CONTROL: Final = re.compile("[\x00-\x1f]")
_DIGITS_MAX: Final = 24
"""Digits of a decimal, so that arithmetic at Python's default precision (28) stays exact."""


def admit(
    source: Source, events: Sequence[IncomingEvent], received_at: datetime, *, any_age: bool = False
) -> list[AdmittedEvent]:
    """Every event, admitted and reduced; or the first that is not, by its index.

    ``any_age`` is for an operator's import of history.

    Raises:
        BatchTooLarge: more than ``BATCH_EVENTS_MAX``.
        EventInvalid, PersonalField, TypeNotAllowed, IdentityNotAllowed, EventTooLate,
        EventInFuture: with the event's ``index``.
    """
    if len(events) > BATCH_EVENTS_MAX:
        raise BatchTooLarge(
            f"A batch has {BATCH_EVENTS_MAX} events at most, not {len(events)}.",
            limit_name="batch_events_max",
            limit_events=BATCH_EVENTS_MAX,
        )
    received = Instant.of(received_at)
    latest = Instant.of(received_at + FUTURE_MAX)
    earliest = Instant(0) if any_age else Instant.of(received_at - _lateness(source))
    admitted = []
    for index, event in enumerate(events):
        try:
            admitted.append(_admit_one(source.authority, event, received))
            _check_time(admitted[-1].occurred, earliest, latest, source)
        except VkladError as error:
            error.operands["index"] = index
            raise
    return admitted


def _lateness(source: Source) -> timedelta:
    return timedelta(days=source.lateness_days)


def _admit_one(authority: Authority, event: IncomingEvent, received: Instant) -> AdmittedEvent:
    _check_shape(event)
    if not may_assert(event.type, authority):
        raise TypeNotAllowed(f"This source may not state {event.type}.", type=event.type)
    fields = fields_of(event.type, authority)
    personal = first_personal_field(event.data, frozenset(fields or ()))
    if personal is not None:
        raise PersonalField(
            f"The field {personal} says who somebody is, and {event.type} does not declare it. "
            "Leave it out.",
            pointer=f"/data{personal}",
        )
    identities, values = _reduce(event, fields or {}, authority)
    if event.type == RETRACTED and "id" not in values:
        raise EventInvalid(f"{RETRACTED} needs data.id, the event it takes back.", field="data.id")
    if event.subject is None and fields is not None and event.type != RETRACTED:
        raise EventInvalid(f"{event.type} needs a subject.", field="subject")
    subject = None if event.subject is None else _key(event.subject, "subject", authority)
    return AdmittedEvent(
        id=event.id,
        type=event.type,
        recognised=fields is not None,
        occurred=received if event.time is None else event.time,
        time_is_ours=event.time is None,
        subject=subject,
        identities=identities,
        values=values,
        step=event.step,
        body=event.body,
    )


def _check_shape(event: IncomingEvent) -> None:
    if not event.id or len(event.id) > EVENT_ID_LENGTH_MAX or not event.id.isprintable():
        raise EventInvalid(
            f"An event's id is 1 to {EVENT_ID_LENGTH_MAX} visible characters.", field="id"
        )
    if len(event.type) > TYPE_LENGTH_MAX or not _TYPE.match(event.type):
        raise EventInvalid(
            f"A type is dotted words of at most {TYPE_LENGTH_MAX} characters, as in "
            "lms.section.read.",
            field="type",
        )


def _check_time(occurred: Instant, earliest: Instant, latest: Instant, source: Source) -> None:
    if occurred > latest:
        raise EventInFuture(
            f"{occurred.isoformat()} is more than {FUTURE_MAX.seconds} seconds ahead.",
            time=occurred.isoformat(),
            limit_s=FUTURE_MAX.seconds,
        )
    if occurred < earliest:
        raise EventTooLate(
            f"{occurred.isoformat()} is before {earliest.isoformat()}: this source may be "
            f"{source.lateness_days} days late.",
            time=occurred.isoformat(),
            limit_days=source.lateness_days,
        )


def _reduce(
    event: IncomingEvent, fields: Fields, authority: Authority
) -> tuple[dict[str, IdentityKey], dict[str, Scalar]]:
    """Declared fields only; identities apart."""
    identities: dict[str, IdentityKey] = {}
    values: dict[str, Scalar] = {}
    for name, kind in fields.items():
        value = event.data.get(name)
        if value is None:
            continue
        if kind is FieldKind.IDENTITY:
            if not isinstance(value, str):
                raise _wrong(name, "an identity as in lms:1042")
            identities[name] = _key(value, f"data.{name}", authority)
        else:
            values[name] = _READERS[kind](value, name)
    return identities, values


def _key(text: str, field: str, authority: Authority) -> IdentityKey:
    provider, colon, subject = text.partition(":")
    if not colon or not _PROVIDER.match(provider):
        raise EventInvalid(
            f"{field} is a provider and a subject, as in lms:1042.",
            field=field,
        )
    issuer = authority.issuers.get(provider, authority.issuers.get(ANY))
    if issuer is None:
        raise IdentityNotAllowed(
            f"This source may not speak for identities of {provider}.", provider=provider
        )
    try:
        return check_key(IdentityKey(provider, issuer, subject))
    except BadIdentity as error:
        raise EventInvalid(f"{field}: {error.message}", field=field) from error


def _text(value: ExactJson, name: str) -> str:
    if not isinstance(value, str):
        raise _wrong(name, "text")
    if len(value) > TEXT_LENGTH_MAX or _CONTROL.search(value):
        raise _wrong(name, f"text of at most {TEXT_LENGTH_MAX} characters, without control codes")
    if value.startswith(f"{REFERENCE_PREFIX}_"):
        raise _wrong(name, f"text that does not begin with {REFERENCE_PREFIX}_, which is ours")
    return value


def _integer(value: ExactJson, name: str) -> int:
    whole = value
    if isinstance(value, Decimal) and _is_short(value) and value == value.to_integral_value():
        whole = int(value)
    if not isinstance(whole, int) or isinstance(whole, bool) or abs(whole) > INTEGER_MAX:
        raise _wrong(name, f"a whole number up to {INTEGER_MAX}")
    return whole


def _decimal(value: ExactJson, name: str) -> Decimal:
    exact = None
    written = isinstance(value, str) and len(value) <= TEXT_LENGTH_MAX and _DECIMAL.match(value)
    counted = isinstance(value, Decimal | int) and not isinstance(value, bool)
    if isinstance(value, str | Decimal | int) and (written or counted):
        exact = Decimal(value)
    if exact is None or not _is_short(exact):
        raise _wrong(name, f"a decimal number of at most {_DIGITS_MAX} digits")
    return exact


def _is_short(exact: Decimal) -> bool:
    digits, exponent = exact.as_tuple().digits, exact.as_tuple().exponent
    return (
        isinstance(exponent, int)
        and len(digits) <= _DIGITS_MAX
        and -_DIGITS_MAX <= exponent <= _DIGITS_MAX - len(digits)
    )


def _boolean(value: ExactJson, name: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(name, "true or false")
    return value


def _time(value: ExactJson, name: str) -> str:
    try:
        return Instant.parse(_text(value, name)).isoformat()
    except BadInstant as error:
        raise _wrong(name, "a time as in 2026-03-02T09:00:00Z") from error


def _thing(value: ExactJson, name: str) -> Scalar:
    return _text(value, name) if isinstance(value, str) else _integer(value, name)


def _value(value: ExactJson, name: str) -> Scalar:
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, name)
    if isinstance(value, int):
        return _integer(value, name)
    return _decimal(value, name)


_READERS: Final = {
    FieldKind.KEY: _thing,
    FieldKind.STRING: _text,
    FieldKind.INTEGER: _integer,
    FieldKind.DECIMAL: _decimal,
    FieldKind.BOOLEAN: _boolean,
    FieldKind.TIME: _time,
    FieldKind.VALUE: _value,
}


def _wrong(name: str, expected: str) -> EventInvalid:
    return EventInvalid(f"data.{name} is not {expected}.", field=f"data.{name}", expected=expected)


def check_data(data: ExactJson) -> Mapping[str, ExactJson]:
    """``data`` as an object; absent is empty.

    Raises:
        EventInvalid: it is something else.
    """
    if data is None:
        return {}
    if not isinstance(data, Mapping):
        raise EventInvalid("data is an object.", field="data")
    return data
