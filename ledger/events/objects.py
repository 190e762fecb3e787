"""Objects that come and go: posts deleted and restored, solutions accepted and taken back. Pure.

What was retracted stays retracted, so each time an object comes back is an event of its own. Its
source numbers the steps of all its objects; a removal takes back every step before it, however late
they arrive, so what stands in the end does not depend on the order of arrival:

    post:10 ──────▶ post:10:removed:41 ──────▶ post:10:stated:47 ──▶ post:10:removed:52
    (step 0)        takes back step 0          a fact of its own     takes back step 47 too

Several facts of one object may stand at a time (a restoration whose removal has not come in yet):
a rule over such events pays once by ``once_per``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ledger.events.model import AdmittedEvent


@dataclass(frozen=True, slots=True)
class ObjectHistory:
    """Numbered steps of one object by event id: those that stated it, those that removed it."""

    stated: Mapping[str, int] = field(default_factory=dict)
    removed: Mapping[str, int] = field(default_factory=dict)

    def after(self, event: AdmittedEvent) -> ObjectHistory:
        """The history with one more step."""
        assert event.step is not None, "only of an object's step"
        added = {event.id: event.step.number}
        if event.retracts() is None:
            return ObjectHistory({**self.stated, **added}, self.removed)
        return ObjectHistory(self.stated, {**self.removed, **added})


def stated_id(object_id: str, number: int) -> str:
    """The id of the event by which an object came back."""
    return f"{object_id}:stated:{number}"


def removed_id(object_id: str, mark: str | int) -> str:
    """The id of a removal; ``mark`` tells removals apart: when it was, or the step's number."""
    return f"{object_id}:removed:{mark}"


def stated_number(event_id: str) -> int | None:
    """The step's number, from :func:`stated_id`."""
    head, _, number = event_id.rpartition(":stated:")
    return int(number) if head and number.isascii() and number.isdigit() else None


def is_repeated(event: AdmittedEvent, history: ObjectHistory) -> bool:
    """Whether a step says again, under a new number, what stands: a sender's automatic retry."""
    assert event.step is not None, "only of an object's step"
    if event.retracts() is not None:
        return False
    number = event.step.number
    before = [step for step in history.stated.values() if step < number]
    return bool(before) and not any(
        max(before) < step < number for step in history.removed.values()
    )


def taken_back(event: AdmittedEvent, history: ObjectHistory | None) -> list[tuple[str, str]]:
    """(event taken back, event that takes it back) for a new event."""
    target = event.retracts()
    if event.step is None or history is None:
        return [] if target is None else [(target, event.id)]
    number = event.step.number
    if target is not None:
        earlier = [one for one, step in history.stated.items() if step < number]
        return [(one, event.id) for one in (event.step.object_id, *earlier)]
    later = [one for one, step in sorted(history.removed.items()) if step > number]
    return [(event.id, later[0])] if later else []
