"""Statements about cases, and what detectors look at."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.events.model import RETRACTED
from ledger.events.store import is_retracted
from ledger.events.tables import event_participants, events
from ledger.kernel.arrays import any_uuid
from ledger.kernel.transaction import Work
from ledger.members.persons.store import PERSON, of_person
from ledger.members.tables import identities, members
from ledger.programme.model_detectors import DetectorTerms
from ledger.quarantine.detect import Around, Finding, Seen
from ledger.quarantine.model import LIVE, Act, Case, Kind, Said, State
from ledger.quarantine.tables import (
    review_acts,
    review_cases,
    review_events,
    review_members,
    review_scans,
    review_words,
)

_SUBJECT: Final = "subject"


def lock_scan(work: Work) -> None:
    """One scan at a time."""
    work.connection.execute(sa.text("SELECT pg_advisory_xact_lock(7220260527)"))


def scanned_until(work: Work) -> datetime | None:
    """Up to when facts were looked at."""
    return work.connection.execute(sa.select(review_scans.c.scanned_until)).scalar_one_or_none()


def set_scanned(work: Work, until: datetime) -> None:
    """Remember up to when facts were looked at."""
    row = pg.insert(review_scans).values(one=True, scanned_until=until)
    work.connection.execute(
        row.on_conflict_do_update(index_elements=["one"], set_={"scanned_until": until})
    )


def seen_since(
    work: Work, first: UUID, terms: DetectorTerms, among: Around | None = None
) -> list[Seen]:
    """Every fact recorded from ``first`` on that is not parked, as detectors of ``terms`` see it.

    ``among``: only those in which its members take part, on its devices or of its types.
    """
    by, to = identities.alias("by"), identities.alias("to")
    giver, receiver = members.alias("giver"), members.alias("receiver")
    other = event_participants.alias("other")
    query = (
        sa.select(
            events.c.event_id,
            events.c.type,
            events.c.occurred_at,
            sa.func.coalesce(giver.c.merged_into, giver.c.member_id).label("giver"),
            sa.func.coalesce(receiver.c.merged_into, receiver.c.member_id).label("receiver"),
            events.c.data["device"].astext.label("device"),
        )
        .select_from(
            events.join(by, by.c.reference == events.c.subject_reference)
            .join(giver, giver.c.member_id == by.c.member_id)
            .outerjoin(
                other,
                sa.and_(
                    other.c.event_id == events.c.event_id,
                    other.c.role != _SUBJECT,
                    events.c.type.in_((*terms.reciprocity_types, *terms.ring_types)),
                ),
            )
            .outerjoin(to, to.c.reference == other.c.reference)
            .outerjoin(receiver, receiver.c.member_id == to.c.member_id)
        )
        .where(
            events.c.event_id >= first,
            sa.true() if among is None else events.c.event_id.in_(_ids_around(first, among)),
            events.c.type != RETRACTED,
            sa.not_(is_retracted()),
        )
        .order_by(events.c.event_id, other.c.role)
        .ext(pg.distinct_on(events.c.event_id))
    )
    return [
        Seen(row.event_id, row.type, row.giver, row.occurred_at, row.receiver, row.device)
        for row in work.connection.execute(query)
    ]


def _ids_around(first: UUID, among: Around) -> sa.CompoundSelect[tuple[UUID]]:
    """Ids of events from ``first`` on; each part by an index, or not asked for."""
    since = events.c.event_id >= first
    theirs = (
        sa.select(event_participants.c.event_id)
        .join(identities, identities.c.reference == event_participants.c.reference)
        .join(members, members.c.member_id == identities.c.member_id)
        .where(
            sa.func.coalesce(members.c.merged_into, members.c.member_id)
            == any_uuid("whose", among.members),
            event_participants.c.event_id >= first,
        )
    )
    others = []
    if among.devices:
        device = events.c.data["device"].astext
        others.append(sa.select(events.c.event_id).where(since, device.in_(among.devices)))
    if among.types:
        others.append(sa.select(events.c.event_id).where(since, events.c.type.in_(among.types)))
    return theirs.union(*others)


def looked_at(work: Work, finding: Finding) -> tuple[UUID | None, set[UUID]]:
    """The live case of this kind and exactly these members, and every event of such cases ever."""
    theirs = (
        sa.select(review_members.c.case_id)
        .join(members, members.c.member_id == review_members.c.member_id)
        .group_by(review_members.c.case_id)
        .having(
            sa.func.array_agg(pg.aggregate_order_by(sa.distinct(PERSON), PERSON))
            == sa.bindparam("whose", sorted(finding.members), pg.ARRAY(sa.Uuid))
        )
        .where(
            review_members.c.case_id.in_(
                sa.select(review_members.c.case_id).where(
                    of_person(review_members.c.member_id, min(finding.members))
                )
            )
        )
    )
    query = (
        sa.select(review_cases.c.case_id, review_cases.c.state, review_events.c.event_id)
        .join(review_events, review_events.c.case_id == review_cases.c.case_id)
        .where(review_cases.c.kind == finding.kind, review_cases.c.case_id.in_(theirs))
    )
    live, known = None, set[UUID]()
    for row in work.connection.execute(query):
        known.add(row.event_id)
        if row.state == State.OPEN:
            live = row.case_id
    return live, known


def insert_case(work: Work, finding: Finding, terms: DetectorTerms | None) -> UUID:
    """Open a case, still about no facts; ``terms``: those that a detector found it by."""
    case_id = work.new_id()
    work.connection.execute(
        review_cases.insert().values(
            case_id=case_id,
            kind=finding.kind,
            parameters={} if terms is None else asdict(terms),
            state=State.OPEN,
            opened_at=work.now,
        )
    )
    if finding.members:
        work.connection.execute(
            review_members.insert(),
            [{"case_id": case_id, "member_id": each} for each in sorted(finding.members)],
        )
    return case_id


def add_events(work: Work, case_id: UUID, event_ids: Iterable[UUID]) -> None:
    """Say what facts a case is about."""
    work.connection.execute(
        review_events.insert(),
        [{"case_id": case_id, "event_id": each} for each in sorted(event_ids)],
    )


def lock_case(work: Work, case_id: UUID) -> Case | None:
    """A case, locked until the transaction ends."""
    one = review_cases.c.case_id == case_id
    work.connection.execute(sa.select(review_cases.c.case_id).where(one).with_for_update())
    return next(iter(_cases(work, one, 1)), None)


def page(work: Work, *, live: bool, before: UUID | None, limit: int) -> list[Case]:
    """Cases, newest first: those that wait for persons, or those that were decided."""
    state = review_cases.c.state.in_(LIVE)
    condition: sa.ColumnElement[bool] = state if live else sa.not_(state)
    if before is not None:
        condition = sa.and_(condition, review_cases.c.case_id < before)
    return _cases(work, condition, limit)


def cases_of_member(work: Work, member_id: UUID, limit: int) -> list[Case]:
    """Cases about a member, newest first."""
    theirs = sa.select(review_members.c.case_id).where(
        of_person(review_members.c.member_id, member_id)
    )
    return _cases(work, review_cases.c.case_id.in_(theirs), limit)


def set_state(work: Work, case_id: UUID, state: State, by: UUID) -> None:
    """Take a case further."""
    who, when = (
        ("proposed_by", "proposed_at") if state is State.PROPOSED else ("decided_by", "decided_at")
    )
    work.connection.execute(
        review_cases.update()
        .where(review_cases.c.case_id == case_id)
        .values({"state": state, who: by, when: work.now})
    )


def insert_act(work: Work, case_id: UUID, act: Act, by: UUID, words: str) -> None:
    """Write down what somebody did, and the words apart from it; done again, the first stands."""
    act_id = work.new_id()
    new = pg.insert(review_acts).values(
        act_id=act_id,
        case_id=case_id,
        act=act,
        done_by=by,
        words_digest=hashlib.sha256(words.encode()).digest(),
        recorded_at=work.now,
    )
    once = new.on_conflict_do_nothing(index_elements=["case_id", "act", "done_by"])
    if work.connection.execute(once.returning(review_acts.c.act_id)).first():
        work.connection.execute(review_words.insert().values(act_id=act_id, words=words))


def facts_of(work: Work, case_id: UUID) -> list[tuple[str, str]]:
    """Source and id of each fact of a case."""
    query = (
        sa.select(events.c.source, events.c.source_event_id)
        .join(review_events, review_events.c.event_id == events.c.event_id)
        .where(review_events.c.case_id == case_id)
        .order_by(events.c.event_id)
    )
    return [(row[0], row[1]) for row in work.connection.execute(query)]


def is_looked_at(work: Work, event_id: UUID) -> bool:
    """Whether a live case is about this fact."""
    query = (
        sa.select(sa.literal(1))
        .select_from(review_events.join(review_cases))
        .where(review_events.c.event_id == event_id, review_cases.c.state.in_(LIVE))
    )
    return work.connection.execute(query).first() is not None


def not_set_aside(work: Work) -> Iterator[tuple[UUID, UUID]]:
    """Facts of voided cases that still count, each after its case."""
    query = (
        sa.select(review_cases.c.case_id, events.c.event_id)
        .join(review_events, review_events.c.case_id == review_cases.c.case_id)
        .join(events, events.c.event_id == review_events.c.event_id)
        .where(review_cases.c.state == State.VOIDED, sa.not_(is_retracted()))
    )
    for row in work.connection.execute(query):
        yield row.case_id, row.event_id


def forget(work: Work, member_id: UUID) -> None:
    """Delete the words of cases about a member; that they were decided stays."""
    theirs = (
        sa.select(review_acts.c.act_id)
        .join(review_members, review_members.c.case_id == review_acts.c.case_id)
        .where(review_members.c.member_id == member_id)
    )
    work.connection.execute(review_words.delete().where(review_words.c.act_id.in_(theirs)))


def _cases(work: Work, condition: sa.ColumnElement[bool], limit: int) -> list[Case]:
    rows = work.connection.execute(
        sa.select(review_cases)
        .where(condition)
        .order_by(review_cases.c.case_id.desc())
        .limit(limit)
    ).all()
    ids = [row.case_id for row in rows]
    members, counts, said = _members(work, ids), _counts(work, ids), _said(work, ids)
    return [
        Case(
            row.case_id,
            Kind(row.kind),
            State(row.state),
            row.opened_at,
            row.proposed_by,
            row.proposed_at,
            tuple(members[row.case_id]),
            counts.get(row.case_id, 0),
            tuple(said[row.case_id]),
        )
        for row in rows
    ]


def _members(work: Work, ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    found: dict[UUID, list[UUID]] = defaultdict(list)
    query = (
        sa.select(review_members.c.case_id, PERSON.label("person"))
        .join(members, members.c.member_id == review_members.c.member_id)
        .where(review_members.c.case_id.in_(ids))
        .distinct()
        .order_by(sa.text("person"))
    )
    for row in work.connection.execute(query):
        found[row.case_id].append(row.person)
    return found


def _counts(work: Work, ids: Collection[UUID]) -> dict[UUID, int]:
    query = (
        sa.select(review_events.c.case_id, sa.func.count())
        .where(review_events.c.case_id.in_(ids))
        .group_by(review_events.c.case_id)
    )
    return {row[0]: row[1] for row in work.connection.execute(query)}


def _said(work: Work, ids: Collection[UUID]) -> dict[UUID, list[Said]]:
    found: dict[UUID, list[Said]] = defaultdict(list)
    query = (
        sa.select(review_acts, review_words.c.words, PERSON.label("person"))
        .join_from(review_acts, review_words, isouter=True)
        .join(members, members.c.member_id == review_acts.c.done_by)
        .where(review_acts.c.case_id.in_(ids))
        .order_by(review_acts.c.recorded_at, review_acts.c.act_id)
    )
    for row in work.connection.execute(query):
        found[row.case_id].append(Said(row.act, row.person, row.recorded_at, row.words))
    return found
