"""Statements about what becomes of lines: whom they reach, what was paid, what waits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg

from ledger.grants.imports.model import (
    Import,
    ImportLine,
    ImportState,
    Outcome,
    Progress,
)
from ledger.grants.imports.store import line_of
from ledger.grants.imports.tables import (
    import_approvals,
    import_lines,
    import_payments,
    imports,
)
from ledger.kernel.arrays import COUNT, TEXT, UUID_, any_uuid, table_of
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.members.persons.store import PERSON, of_person, persons_of
from ledger.members.tables import identities, members


@dataclass(frozen=True, slots=True)
class Payment:
    """What became of a line."""

    line: int
    outcome: Outcome
    member_id: UUID
    entry_id: UUID | None


def insert_payments(work: Work, import_id: UUID, new: Sequence[Payment]) -> None:
    """Store what became of lines; each has one row, once."""
    rows = table_of(
        "new",
        line=(COUNT, [each.line for each in new]),
        outcome=(TEXT, [each.outcome.value for each in new]),
        member_id=(UUID_, [each.member_id for each in new]),
        entry_id=(UUID_, [each.entry_id for each in new]),
    )
    work.connection.execute(
        import_payments.insert().from_select(
            ["import_id", "line", "outcome", "member_id", "entry_id", "recorded_at"],
            sa.select(sa.literal(import_id, sa.Uuid), *rows.columns, sa.literal(work.now)),
        )
    )


def payments_after(work: Work, import_id: UUID, after: int, limit: int) -> list[Payment]:
    """What became of the next lines by number, without those that wait."""
    query = (
        sa.select(import_payments)
        .where(import_payments.c.import_id == import_id, import_payments.c.line > after)
        .order_by(import_payments.c.line)
        .limit(limit)
    )
    return [_payment(row) for row in work.connection.execute(query)]


def payments_of(work: Work, import_id: UUID, lines: Sequence[int]) -> dict[int, Payment]:
    """Line → what became of it, for those that do not wait."""
    if not lines:
        return {}
    query = sa.select(import_payments).where(
        import_payments.c.import_id == import_id,
        import_payments.c.line.between(min(lines), max(lines)),
    )
    return {row.line: _payment(row) for row in work.connection.execute(query)}


def points_of(work: Work, import_id: UUID, lines: Sequence[int]) -> dict[int, Points]:
    """Line → what it brings."""
    query = sa.select(import_lines.c.line, import_lines.c.points).where(
        import_lines.c.import_id == import_id,
        import_lines.c.line == sa.any_(sa.literal(list(lines), pg.ARRAY(sa.Integer))),
    )
    return {row.line: Points(row.points) for row in work.connection.execute(query)}


def credited_after(work: Work, import_id: UUID, after: int) -> dict[UUID, Points]:
    """Member → what the lines beyond this number brought them."""
    query = (
        sa.select(import_payments.c.member_id, sa.func.sum(import_lines.c.points).label("points"))
        .join(
            import_lines,
            sa.and_(
                import_lines.c.import_id == import_payments.c.import_id,
                import_lines.c.line == import_payments.c.line,
            ),
        )
        .where(
            import_payments.c.import_id == import_id,
            import_payments.c.line > after,
            import_payments.c.outcome == Outcome.CREDITED.value,
        )
        .group_by(import_payments.c.member_id)
    )
    return {row.member_id: Points(int(row.points)) for row in work.connection.execute(query)}


def active_of(work: Work, lines: Sequence[ImportLine]) -> dict[int, UUID]:
    """Line → the active member whom it reaches, through identity and merge."""
    named = {line.number: line.member_id for line in lines if line.member_id is not None}
    by_identity = {line.number: line.identity for line in lines if line.identity is not None}
    linked = _linked(work, by_identity.values())
    named |= {number: linked[ref] for number, ref in by_identity.items() if ref in linked}
    active = active_persons(work, set(named.values()))
    return {number: active[member] for number, member in named.items() if member in active}


def active_persons(work: Work, member_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Member → who stands for them, if that one is active."""
    person = members.alias("person")
    query = (
        sa.select(members.c.member_id, person.c.member_id.label("person"))
        .join(
            person,
            person.c.member_id == sa.func.coalesce(members.c.merged_into, members.c.member_id),
        )
        .where(members.c.member_id == any_uuid("members", member_ids), person.c.status == "active")
    )
    return {row.member_id: row.person for row in work.connection.execute(query)}


def waiting_of(work: Work, member_id: UUID, limit: int) -> dict[UUID, list[ImportLine]]:
    """Import → lines that were walked past and wait for this person, at most ``limit``.

    Without those of imports that this person stands for: they are never paid.
    """
    mine = sa.select(identities.c.reference).where(of_person(identities.c.member_id, member_id))
    query = (
        _waiting()
        .where(
            sa.or_(
                of_person(import_lines.c.member_id, member_id), import_lines.c.identity.in_(mine)
            ),
            ~_is_stood_for_by(sa.literal(member_id, sa.Uuid)),
        )
        .order_by(import_lines.c.import_id, import_lines.c.line)
        .limit(limit)
    )
    found: dict[UUID, list[ImportLine]] = {}
    for row in work.connection.execute(query):
        found.setdefault(row.import_id, []).append(line_of(row))
    return found


def reachable(work: Work, limit: int) -> list[UUID]:
    """Active members for whom lines wait that may be credited, and that nobody credited yet."""
    owner = sa.func.coalesce(import_lines.c.member_id, identities.c.member_id)
    found = (
        _waiting()
        .outerjoin(identities, identities.c.reference == import_lines.c.identity)
        .join(members, members.c.member_id == owner)
        .where(members.c.status == "active", ~_is_stood_for_by(members.c.member_id))
        .with_only_columns(members.c.member_id)
        .distinct()
        .limit(limit)
    )
    return list(work.connection.execute(found).scalars())


def progress(work: Work, what: Import) -> Progress:
    """What became of an import's lines so far."""
    pay = import_payments.c
    query = (
        sa.select(
            pay.outcome,
            sa.func.count().label("lines"),
            sa.func.sum(import_lines.c.points).label("points"),
            sa.func.count().filter(pay.line <= what.walked).label("walked"),
        )
        .join(
            import_lines,
            sa.and_(import_lines.c.import_id == pay.import_id, import_lines.c.line == pay.line),
        )
        .where(pay.import_id == what.import_id)
        .group_by(pay.outcome)
    )
    rows = {row.outcome: row for row in work.connection.execute(query)}
    credited, lapsed = rows.get(Outcome.CREDITED), rows.get(Outcome.LAPSED)
    done = sum(row.lines for row in rows.values())
    points = sum(int(row.points) for row in rows.values())
    withheld = _withheld(work, what)
    back = what.state in {ImportState.TAKING_BACK, ImportState.TAKEN_BACK}
    return Progress(
        credited=credited.lines if credited else 0,
        points_credited=Points(int(credited.points) if credited else 0),
        lapsed=lapsed.lines if lapsed else 0,
        waiting=what.line_count - done,
        points_waiting=what.points - Points(points),
        withheld=withheld.lines,
        points_withheld=Points(int(withheld.points)),
        taken_back=credited.walked if credited and back else 0,
    )


def standing_for(work: Work, what: Import) -> set[UUID]:
    """The persons who proposed or approved an import, whoever merged into whom since."""
    return set(persons_of(work, [each.person_id for each in what.approvals]).values())


def _withheld(work: Work, what: Import) -> sa.Row[Any]:
    """Lines and points that wait for somebody who stands for the import."""
    standing = list(standing_for(work, what))
    theirs = sa.select(members.c.member_id).where(any_uuid("standing", standing) == PERSON)
    known = sa.select(identities.c.reference).where(identities.c.member_id.in_(theirs))
    mine = sa.or_(import_lines.c.member_id.in_(theirs), import_lines.c.identity.in_(known))
    query = (
        _waiting()
        .where(import_lines.c.import_id == what.import_id, mine)
        .with_only_columns(
            sa.func.count().label("lines"),
            sa.func.coalesce(sa.func.sum(import_lines.c.points), 0).label("points"),
        )
    )
    return work.connection.execute(query).one()


def _is_stood_for_by(person: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    """Whether a person proposed or approved the import of a line."""
    stands = members.alias("stands")
    return (
        sa.select(sa.literal(1))
        .select_from(import_approvals)
        .join(stands, stands.c.member_id == import_approvals.c.person_id)
        .where(
            import_approvals.c.import_id == import_lines.c.import_id,
            sa.func.coalesce(stands.c.merged_into, stands.c.member_id) == person,
        )
        .correlate(import_lines, members)
        .exists()
    )


def _waiting() -> sa.Select[Any]:
    """Lines without an outcome of imports that are paid, as far as those were walked."""
    done = (
        sa.select(sa.literal(1))
        .where(
            import_payments.c.import_id == import_lines.c.import_id,
            import_payments.c.line == import_lines.c.line,
        )
        .exists()
    )
    return (
        sa.select(import_lines)
        .join(imports, imports.c.import_id == import_lines.c.import_id)
        .where(
            imports.c.state.in_([ImportState.APPROVED, ImportState.PAID]),
            import_lines.c.line <= imports.c.walked,
            ~done,
        )
    )


def _linked(work: Work, references: Collection[UUID]) -> dict[UUID, UUID]:
    query = sa.select(identities.c.reference, identities.c.member_id).where(
        identities.c.reference == any_uuid("refs", references), identities.c.member_id.is_not(None)
    )
    return {row.reference: row.member_id for row in work.connection.execute(query)}


def _payment(row: sa.Row[Any]) -> Payment:
    return Payment(row.line, Outcome(row.outcome), row.member_id, row.entry_id)
