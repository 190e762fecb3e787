"""Facts put in order: duplicates and retracted ones out, paths into their data.

Order and retraction are steps 1 and 2 of the pipeline; they are decided before anything is scored,
so that whatever arrives late, twice or shuffled leads to the same history.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ledger.kernel.canonical import ExactJson, Json, canonical_json, plain_json
from ledger.kernel.clock import Instant
from ledger.programme.calendar import is_scorable
from ledger.scoring.model import RETRACTED, EventCause, Fact

FieldPath = tuple[str, ...]
"""``data.owner`` as its steps."""

KeyPart = str | int | float | tuple[str, bool] | tuple[str, bytes]


def settle(facts: Iterable[Fact], until: Instant | None = None) -> list[Fact]:
    """The history that ``facts``, in the order received, amount to before ``until``.

    Of several with one (source, id) the first received stays. What is retracted is gone from the
    beginning, whenever the retraction is dated; a retraction cannot be retracted. Retractions
    themselves, and facts at times no calendar reaches, are left out. Settling again changes
    nothing, as long as the retractions come along. ``until`` is exclusive and does not hold
    retractions back; a change of attribute at or after it could touch nothing before it.
    """
    received = first_received(facts)
    gone = retracted_by(received)
    kept = [fact for fact in received if fact.type != RETRACTED and is_scorable(fact.time)]
    if gone:
        kept = [fact for fact in kept if (fact.source, fact.id) not in gone]
    if until is not None:
        kept = [fact for fact in kept if fact.time < until]
    return sorted(kept, key=in_order)


def first_received(facts: Iterable[Fact]) -> list[Fact]:
    """Of several facts with one (source, id) the first, whatever the others say."""
    first: dict[tuple[str, str], Fact] = {}
    for fact in facts:
        first.setdefault((fact.source, fact.id), fact)
    return list(first.values())


def retracted_by(facts: Iterable[Fact]) -> dict[tuple[str, str], EventCause]:
    """(source, id) of what is retracted, and the retraction that did it.

    ``facts`` are without duplicates: a retraction that came second to its own id is none.
    """
    gone: dict[tuple[str, str], EventCause] = {}
    for fact in facts:
        if fact.type == RETRACTED:
            target = fact.data.get("id")
            if isinstance(target, str):
                gone.setdefault((fact.source, target), fact.cause)
    return gone


def path_of(text: str) -> FieldPath:
    """The steps of ``data.owner``."""
    return tuple(text.split("."))


def value_at(fact: Fact, path: FieldPath) -> ExactJson:
    """The value at a path; ``None`` if it is not there or is null."""
    head = path[0]
    if head == "data":
        value: ExactJson = fact.data
        for step in path[1:]:
            if not isinstance(value, Mapping):
                return None
            value = value.get(step)
        return value
    return fact.type if head == "type" else fact.source


def identity_at(fact: Fact, path: FieldPath) -> str | None:
    """The identity that a field names, if it names one."""
    value = value_at(fact, path)
    return value if isinstance(value, str) and value else None


def key_at(fact: Fact, paths: tuple[FieldPath, ...]) -> tuple[KeyPart, ...] | None:
    """The values at ``paths`` so that equal JSON values are equal; ``None`` if one is lacking."""
    parts: list[KeyPart] = []
    for path in paths:
        value = value_at(fact, path)
        if value is None:
            return None
        parts.append(_key_part(value))
    return tuple(parts)


def plain_number(value: ExactJson) -> Json:
    """JSON knows one kind of number: 3.0 is 3."""
    plain = plain_json(value)
    if isinstance(plain, float) and plain.is_integer():
        return int(plain)
    return plain


def _key_part(value: ExactJson) -> KeyPart:
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, str | int):
        return value
    plain = plain_number(value)
    return plain if isinstance(plain, int | float) else ("json", canonical_json(plain))


def in_order(fact: Fact) -> tuple[int, str, str, str]:
    """As ``Fact.order``, in a form that sorts fast."""
    return fact.time.seconds, fact.time.fraction, fact.source, fact.id
