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
    KEYED_PREFIX,
    REFERENCE_PREFIX,
    RETRACTED,
    TEXT_LENGTH_MAX,
    TYPE_LENGTH_MAX,
    AdmittedEvent,
    ExactJson,
    FieldKind,
    Fields,
    IncomingEvent,
    Scalar,
    Source,
)
from ledger.events.personal import first_personal_field
from ledger.events.sources.model import INTERNAL_TYPES, is_internal
from ledger.kernel.clock import BadInstant, Instant
from ledger.kernel.errors import VkladError
from ledger.kernel.keyed import KeyedHashes, network_of
from ledger.members.model import SUBJECT_LENGTH_MAX, IdentityKey

_TYPE: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+\Z", re.ASCII)
_DECIMAL: Final = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z", re.ASCII)
_PROVIDER: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}\Z", re.ASCII)
_KEYED: Final = re.compile(rf"{KEYED_PREFIX}_[0-9a-f]{{64}}\Z")
_TELLING: Final = frozenset({FieldKind.KEYED, FieldKind.NETWORK})
_CONTROL: Final = re.compile("[\x00-\x1f]")
_FUTURE_S: Final = FUTURE_MAX // timedelta(seconds=1)
_DAY_S: Final = timedelta(days=1) // timedelta(seconds=1)
_DIGITS_MAX: Final = 24
"""Digits of a decimal, so that arithmetic at Python's default precision (28) stays exact."""


def admit(
    source: Source,
    events: Sequence[IncomingEvent],
    received_at: datetime,
    *,
    any_age: bool = False,
    hashes: KeyedHashes | None = None,
) -> list[AdmittedEvent]:
    """Every event, admitted and reduced; or the first that is not, by its index.

    ``any_age`` is for an operator's import of history. Without ``hashes`` nothing is kept of what
    tells devices and networks.

    Raises:
        BatchTooLarge: more than ``BATCH_EVENTS_MAX``.
        EventInvalid, PersonalField, TypeNotAllowed, IdentityNotAllowed, EventTooLate,
        EventInFuture: with the event's ``index``.
    """
    return Gate(source, any_age=any_age, hashes=hashes).admit(events, received_at)


class Gate:
    """The admission of one source; what holds for a type or provider is found out once.

    Keep one no longer than the registration it was made of may be remembered.
    """

    def __init__(
        self, source: Source, *, any_age: bool = False, hashes: KeyedHashes | None = None
    ) -> None:
        self.source = source
        self._hashes = hashes
        self._any_age = any_age
        self._authority = source.authority
        self._types: dict[str, Fields | None] = {}
        self._issuers: dict[str, str] = {}

    def admit(self, events: Sequence[IncomingEvent], received_at: datetime) -> list[AdmittedEvent]:
        """As :func:`admit`."""
        if len(events) > BATCH_EVENTS_MAX:
            raise BatchTooLarge(
                f"A batch has {BATCH_EVENTS_MAX} events at most, not {len(events)}.",
                limit_name="batch_events_max",
                limit_events=BATCH_EVENTS_MAX,
            )
        received = Instant.of(received_at)
        latest = Instant(received.seconds + _FUTURE_S, received.fraction)
        earliest = Instant(0)
        if not self._any_age:
            lateness_s = self.source.lateness_days * _DAY_S
            earliest = Instant(received.seconds - lateness_s, received.fraction)
        admitted = []
        for index, event in enumerate(events):
            try:
                one = self._admit(event, received)
                occurred = one.occurred
                if not earliest.seconds < occurred.seconds < latest.seconds and not (
                    earliest <= occurred <= latest
                ):
                    _refuse_time(occurred, latest, earliest, self.source)
            except VkladError as error:
                error.operands["index"] = index
                raise
            admitted.append(one)
        return admitted

    def _admit(self, event: IncomingEvent, received: Instant) -> AdmittedEvent:
        if not event.id or len(event.id) > EVENT_ID_LENGTH_MAX or not event.id.isprintable():
            raise EventInvalid(
                f"An event's id is 1 to {EVENT_ID_LENGTH_MAX} visible characters.", field="id"
            )
        if event.type not in self._types:
            self._types[event.type] = self._look_up(event.type)
        fields = self._types[event.type]
        _refuse_personal(event, fields or {})
        identities, values = self._reduce(event, fields) if fields else ({}, {})
        if event.type == RETRACTED and "id" not in values:
            raise EventInvalid(f"{RETRACTED} needs data.id, what it takes back.", field="data.id")
        if event.subject is None and fields is not None and event.type != RETRACTED:
            raise EventInvalid(f"{event.type} needs a subject.", field="subject")
        return AdmittedEvent(
            event.id,
            event.type,
            fields is not None,
            received if event.time is None else event.time,
            event.time is None,
            None if event.subject is None else self._key(event.subject, "subject"),
            identities,
            values,
            event.step,
            event.body,
        )

    def _look_up(self, event_type: str) -> Fields | None:
        if len(event_type) > TYPE_LENGTH_MAX or not _TYPE.match(event_type):
            raise EventInvalid(
                f"A type is dotted words of at most {TYPE_LENGTH_MAX} characters, as in "
                "lms.section.read.",
                field="type",
            )
        if event_type in INTERNAL_TYPES and not is_internal(self.source):
            raise TypeNotAllowed(
                f"{event_type} is stated by this program alone; other sources may not.",
                type=event_type,
            )
        if not may_assert(event_type, self._authority):
            raise TypeNotAllowed(f"This source may not state {event_type}.", type=event_type)
        return fields_of(event_type, self._authority)

    def _reduce(
        self, event: IncomingEvent, fields: Fields
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
                identities[name] = self._key(value, f"data.{name}")
            elif kind in _TELLING:
                keyed = self._keyed(value, name, kind)
                if keyed is not None:
                    values[name] = keyed
            else:
                values[name] = _READERS[kind](value, name)
        return identities, values

    def _keyed(self, value: ExactJson, name: str, kind: FieldKind) -> str | None:
        """What tells a device or network, hashed; what was hashed before stays as it is.

        A source's names are its own: those of two sources are never the same.
        """
        if isinstance(value, str) and _KEYED.match(value):
            return value
        is_told = isinstance(value, str | int) and not isinstance(value, bool)
        told = str(value) if is_told else None
        if kind is FieldKind.NETWORK:
            told = network_of(told)
        if not told or len(told) > TEXT_LENGTH_MAX or self._hashes is None:
            return None
        names = (name,) if kind is FieldKind.NETWORK else (name, self.source.uri)
        return f"{KEYED_PREFIX}_{self._hashes.digest(*names, told).hex()}"

    def _key(self, text: str, field: str) -> IdentityKey:
        provider, colon, subject = text.partition(":")
        issuer = self._issuers.get(provider) if colon else ""
        if issuer is None:
            issuer = self._issuers[provider] = self._issuer(provider, field)
        if not subject or len(subject) > SUBJECT_LENGTH_MAX or not subject.isprintable():
            raise EventInvalid(
                f"{field} is a provider, a colon and 1 to {SUBJECT_LENGTH_MAX} visible "
                "characters, as in lms:1042.",
                field=field,
            )
        return IdentityKey(provider, issuer, subject)

    def _issuer(self, provider: str, field: str) -> str:
        if not _PROVIDER.match(provider):
            raise EventInvalid(f"{field} is a provider and a subject, as in lms:1042.", field=field)
        issuers = self._authority.issuers
        issuer = issuers.get(provider, issuers.get(ANY))
        if issuer is None:
            raise IdentityNotAllowed(
                f"This source may not speak for identities of {provider}.", provider=provider
            )
        return issuer


def _refuse_personal(event: IncomingEvent, declared: Fields) -> None:
    personal = first_personal_field(event.data, declared)
    if personal is not None:
        raise PersonalField(
            f"The field {personal} says who somebody is, and {event.type} does not declare it. "
            "Leave it out.",
            pointer=f"/data{personal}",
        )


def _refuse_time(occurred: Instant, latest: Instant, earliest: Instant, source: Source) -> None:
    if occurred > latest:
        raise EventInFuture(
            f"{occurred.isoformat()} is more than {FUTURE_MAX.seconds} seconds ahead.",
            time=occurred.isoformat(),
            limit_s=FUTURE_MAX.seconds,
        )
    raise EventTooLate(
        f"{occurred.isoformat()} is before {earliest.isoformat()}: this source may be "
        f"{source.lateness_days} days late.",
        time=occurred.isoformat(),
        limit_days=source.lateness_days,
    )


def _text(value: ExactJson, name: str) -> str:
    if not isinstance(value, str):
        raise _wrong(name, "text")
    if len(value) > TEXT_LENGTH_MAX or _CONTROL.search(value):
        raise _wrong(name, f"text of at most {TEXT_LENGTH_MAX} characters, without control codes")
    for ours in (REFERENCE_PREFIX, KEYED_PREFIX):
        if value.startswith(f"{ours}_"):
            raise _wrong(name, f"text that does not begin with {ours}_, which is ours")
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
    if not isinstance(data, dict):
        raise EventInvalid("data is an object.", field="data")
    return data
