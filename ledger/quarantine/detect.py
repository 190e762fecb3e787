"""What looks wrong in a window of facts. Pure: facts and stated terms in, findings out.

A finding proves nothing: it asks persons to look. Every detector depends on the set of facts only,
not on their order.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from ledger.programme.model_detectors import DetectorTerms
from ledger.quarantine.model import Kind


@dataclass(frozen=True, slots=True)
class Seen:
    """One fact as detectors see it: who did it, for whom, on which device (a source's hash)."""

    event_id: UUID
    type: str
    giver: UUID
    at: datetime
    receiver: UUID | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Around:
    """Whose facts, on which devices and of which types, new facts can make look wrong."""

    members: frozenset[UUID]
    devices: frozenset[str]
    types: frozenset[str]


@dataclass(frozen=True, slots=True)
class Finding:
    """Members whose facts look wrong together."""

    kind: Kind
    members: frozenset[UUID]
    events: frozenset[UUID]


def detect(seen: Collection[Seen], terms: DetectorTerms) -> list[Finding]:
    """What every detector finds, each set of members once a kind."""
    found: dict[tuple[Kind, frozenset[UUID]], set[UUID]] = defaultdict(set)
    for finding in (
        *reciprocity(seen, terms),
        *velocity(seen, terms),
        *shared_device(seen, terms),
        *rings(seen, terms),
    ):
        found[finding.kind, finding.members] |= finding.events
    return [
        Finding(kind, members, frozenset(events))
        for (kind, members), events in sorted(
            found.items(), key=lambda item: (item[0][0], sorted(item[0][1]))
        )
    ]


def around(new: Collection[Seen], terms: DetectorTerms) -> Around:
    """What has to be looked at again, with the older facts of the window.

    All that the members did and got, all on the devices, and where somebody reviewed or thanked all
    reviews and thanks (or what else the programme names): rings may close anywhere.
    """
    members = {one.giver for one in new}
    members |= {one.receiver for one in new if one.receiver is not None}
    return Around(
        frozenset(members),
        frozenset(one.device for one in new if one.device is not None),
        frozenset(terms.ring_types if any(one.type in terms.ring_types for one in new) else ()),
    )


def about(findings: Iterable[Finding], new: Collection[Seen]) -> list[Finding]:
    """The findings with a new fact among theirs: of the others not all facts were looked at."""
    ids = {one.event_id for one in new}
    return [finding for finding in findings if finding.events & ids]


def reciprocity(seen: Iterable[Seen], terms: DetectorTerms) -> Iterator[Finding]:
    """Two who give each other most of what either gets."""
    given = _between(seen, terms.reciprocity_types)
    got: Counter[UUID] = Counter()
    for (_, receiver), events in given.items():
        got[receiver] += len(events)
    for (one, other), events in given.items():
        back = given.get((other, one), ())
        if one > other or min(len(events), len(back)) < max(1, terms.reciprocity_least):
            continue
        shares = ((len(events), got[other]), (len(back), got[one]))
        if all(part * 100 > terms.reciprocity_percent * whole for part, whole in shares):
            yield Finding(Kind.RECIPROCITY, frozenset({one, other}), frozenset({*events, *back}))


def velocity(seen: Iterable[Seen], terms: DetectorTerms) -> Iterator[Finding]:
    """One who does more of a thing within minutes than anybody can."""
    span = timedelta(minutes=terms.velocity_minutes)
    by: dict[tuple[UUID, str], list[tuple[datetime, UUID]]] = defaultdict(list)
    for one in seen:
        by[one.giver, one.type].append((one.at, one.event_id))
    for (member, _), moments in by.items():
        moments.sort()
        first, events = 0, set[UUID]()
        for last, (at, _) in enumerate(moments):
            while at - moments[first][0] >= span:
                first += 1
            if last - first + 1 > terms.velocity_events:
                events.update(event for _, event in moments[first : last + 1])
        if events:
            yield Finding(Kind.VELOCITY, frozenset({member}), frozenset(events))


def shared_device(seen: Iterable[Seen], terms: DetectorTerms) -> Iterator[Finding]:
    """More members on one device than a household has."""
    by: dict[str, list[Seen]] = defaultdict(list)
    for one in seen:
        if one.device is not None:
            by[one.device].append(one)
    for acts in by.values():
        members = frozenset(one.giver for one in acts)
        if len(members) > terms.device_members:
            events = frozenset(one.event_id for one in acts)
            yield Finding(Kind.SHARED_DEVICE, members, events)


def rings(seen: Iterable[Seen], terms: DetectorTerms) -> Iterator[Finding]:
    """Members who vouch for each other around, each for the next.

    Rings that share a member are one finding: a group of n in which everybody vouches for everybody
    has some n to the power of the length of them.
    """
    given = {
        pair: events
        for pair, events in _between(seen, terms.ring_types).items()
        if len(events) >= max(1, terms.ring_times)
    }
    following: dict[UUID, set[UUID]] = defaultdict(set)
    for giver, receiver in given:
        following[giver].add(receiver)
    reached = {member: _within(following, member, terms.ring_length - 1) for member in following}
    closing = [pair for pair in given if pair[0] in reached.get(pair[1], ())]
    for members in _joined(closing):
        events = frozenset(
            event
            for giver, receiver in closing
            if giver in members
            for event in given[giver, receiver]
        )
        yield Finding(Kind.RING, members, events)


def _within(following: Mapping[UUID, set[UUID]], start: UUID, steps: int) -> set[UUID]:
    """Who is at most so many steps after a member."""
    reached, edge = set[UUID](), {start}
    for _ in range(steps):
        edge = {after for one in edge for after in following.get(one, ())} - reached
        reached |= edge
    return reached


def _joined(pairs: Iterable[tuple[UUID, UUID]]) -> list[frozenset[UUID]]:
    """Groups of members that pairs hold together."""
    group: dict[UUID, set[UUID]] = {}
    for one, other in pairs:
        smaller, larger = sorted((group.get(one, {one}), group.get(other, {other})), key=len)
        larger |= smaller
        group |= dict.fromkeys(smaller, larger)
        group |= {one: larger, other: larger}
    return [frozenset(members) for members in {id(each): each for each in group.values()}.values()]


def _between(seen: Iterable[Seen], types: Collection[str]) -> dict[tuple[UUID, UUID], list[UUID]]:
    given: dict[tuple[UUID, UUID], list[UUID]] = defaultdict(list)
    for one in seen:
        if one.type in types and one.receiver is not None and one.receiver != one.giver:
            given[one.giver, one.receiver].append(one.event_id)
    return given
