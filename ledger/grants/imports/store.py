"""Statements about imports: what was proposed, who stands for it, what anybody may know."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from ledger.grants.imports.model import (
    LIVE,
    Import,
    ImportLine,
    ImportNotice,
    ImportState,
    TakingBack,
)
from ledger.grants.imports.tables import (
    import_approvals,
    import_lines,
    import_reasons,
    import_take_backs,
    import_words,
    imports,
)
from ledger.grants.model import Approval
from ledger.kernel.arrays import BYTES, COUNT, TEXT, UUID_, any_uuid, table_of
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.members.erasures.words_store import holds_any
from ledger.members.tables import identities

_PROPOSALS_LOCK: Final = 0x766B_6C61_6400_0002
"""Advisory lock of those who propose imports."""


def lock_proposals(work: Work) -> None:
    """One proposal after the other, so that two never bring the same line along."""
    work.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_PROPOSALS_LOCK)))


def insert_import(
    work: Work,
    what: Import,
    lines: Sequence[ImportLine],
    words: Mapping[int, tuple[str, str]],
) -> None:
    """Store a new import whole: content, lines, words, and its creator as the first to stand."""
    assert what.reason is not None, "a new import has a reason"
    work.connection.execute(
        imports.insert().values(
            import_id=what.import_id,
            budget_id=what.budget_id,
            created_by=what.created_by,
            created_at=what.created_at,
            points=what.points.amount,
            line_count=what.line_count,
            file_digest=what.file_digest,
            lines_digest=what.lines_digest,
            reason_digest=what.reason_digest,
            content_digest=what.content_digest,
            persons_needed=what.persons_needed,
            payable_from=what.payable_from,
            state=what.state,
            walked=what.walked,
        )
    )
    _insert_lines(work, what.import_id, lines)
    if words:
        _insert_words(work, what.import_id, words)
    work.connection.execute(
        import_reasons.insert().values(import_id=what.import_id, reason=what.reason)
    )
    for approval in what.approvals:
        insert_approval(work, what.import_id, approval)


def _insert_lines(work: Work, import_id: UUID, lines: Sequence[ImportLine]) -> None:
    new = table_of(
        "new",
        line=(COUNT, [line.number for line in lines]),
        member_id=(UUID_, [line.member_id for line in lines]),
        identity=(UUID_, [line.identity for line in lines]),
        points=(sa.BigInteger(), [line.points.amount for line in lines]),
        granted_on=(sa.Date(), [line.granted_on for line in lines]),
        activates_on=(sa.Date(), [line.activates_on for line in lines]),
        expires_on=(sa.Date(), [line.expires_on for line in lines]),
        mark=(BYTES, [line.mark for line in lines]),
        words_digest=(BYTES, [line.words_digest for line in lines]),
    )
    columns = [column.name for column in import_lines.columns]
    work.connection.execute(
        import_lines.insert().from_select(
            columns, sa.select(sa.literal(import_id, sa.Uuid), *new.columns)
        )
    )


def _insert_words(work: Work, import_id: UUID, words: Mapping[int, tuple[str, str]]) -> None:
    new = table_of(
        "new",
        line=(COUNT, list(words)),
        reference=(TEXT, [reference for reference, _ in words.values()]),
        reason=(TEXT, [reason for _, reason in words.values()]),
    )
    work.connection.execute(
        import_words.insert().from_select(
            ["import_id", "line", "reference", "reason"],
            sa.select(sa.literal(import_id, sa.Uuid), *new.columns),
        )
    )


def insert_approval(work: Work, import_id: UUID, approval: Approval) -> None:
    """Store that a person stands for an import."""
    work.connection.execute(
        import_approvals.insert().values(
            import_id=import_id,
            person_id=approval.person_id,
            content_digest=approval.content_digest,
            approved_at=approval.approved_at,
        )
    )


def close_import(work: Work, import_id: UUID, state: ImportState, closed_by: UUID) -> None:
    """Store what was decided of a proposal."""
    work.connection.execute(
        imports.update()
        .where(imports.c.import_id == import_id, imports.c.state == ImportState.PROPOSED)
        .values(state=state, closed_by=closed_by, closed_at=work.now)
    )


def set_state(work: Work, import_id: UUID, state: ImportState, walked: int) -> None:
    """Store how far an approved import has come."""
    work.connection.execute(
        imports.update().where(imports.c.import_id == import_id).values(state=state, walked=walked)
    )


def read_import(work: Work, import_id: UUID) -> Import | None:
    """An import without its lines."""
    found = _imports(work, sa.select(imports).where(imports.c.import_id == import_id))
    return found[0] if found else None


def list_imports(work: Work, *, before: UUID | None, limit: int) -> list[Import]:
    """Imports, newest first; ``before`` is exclusive."""
    query = sa.select(imports).order_by(imports.c.import_id.desc()).limit(limit)
    return _imports(work, query if before is None else query.where(imports.c.import_id < before))


def imports_after(work: Work, after: UUID, limit: int) -> list[Import]:
    """The next imports by id, for walking all of them."""
    query = sa.select(imports).where(imports.c.import_id > after)
    return _imports(work, query.order_by(imports.c.import_id).limit(limit))


def lines_after(work: Work, import_id: UUID, after: int, limit: int) -> list[ImportLine]:
    """The next lines of an import by number."""
    query = (
        sa.select(import_lines)
        .where(import_lines.c.import_id == import_id, import_lines.c.line > after)
        .order_by(import_lines.c.line)
        .limit(limit)
    )
    return [line_of(row) for row in work.connection.execute(query)]


def lines_between(work: Work, import_id: UUID, first: int, last: int) -> list[ImportLine]:
    """The lines from ``first`` to ``last``, both inclusive."""
    query = sa.select(import_lines).where(
        import_lines.c.import_id == import_id, import_lines.c.line.between(first, last)
    )
    return [line_of(row) for row in work.connection.execute(query.order_by(import_lines.c.line))]


def all_lines(work: Work, import_id: UUID, page: int) -> Iterator[ImportLine]:
    """Every line of an import in order, a page at a time."""
    after = 0
    while lines := lines_after(work, import_id, after, page):
        yield from lines
        after = lines[-1].number


def words_of(work: Work, import_id: UUID) -> dict[int, tuple[str, str]]:
    """Line → reference and reason, of lines that have some which were not erased."""
    query = sa.select(import_words).where(import_words.c.import_id == import_id)
    return {row.line: (row.reference, row.reason) for row in work.connection.execute(query)}


def names_person(work: Work, import_id: UUID, member_id: UUID) -> bool:
    """Whether a line is a member's, by id, by identity, or through a merge."""
    query = sa.text(
        "SELECT EXISTS (SELECT FROM import_lines AS l "
        "LEFT JOIN identities AS i ON i.reference = l.identity "
        "JOIN members AS m ON m.member_id = coalesce(l.member_id, i.member_id) "
        "WHERE import_id = :import AND :member IN (m.member_id, m.merged_into))"
    )
    return bool(
        work.connection.execute(query, {"import": import_id, "member": member_id}).scalar_one()
    )


def marked_before(work: Work, marks: Collection[bytes]) -> dict[bytes, tuple[UUID, int]]:
    """Mark → import and line, of those that a live import has already."""
    asked = table_of("asked", mark=(BYTES, list(marks)))
    query = (
        sa.select(import_lines.c.mark, import_lines.c.import_id, import_lines.c.line)
        .join(asked, asked.c.mark == import_lines.c.mark)
        .join(imports, imports.c.import_id == import_lines.c.import_id)
        .where(imports.c.state.in_(LIVE))
    )
    return {bytes(row.mark): (row.import_id, row.line) for row in work.connection.execute(query)}


def identities_of(work: Work, member_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """Member → references linked to them."""
    query = sa.select(identities.c.member_id, identities.c.reference).where(
        identities.c.member_id == any_uuid("members", member_ids)
    )
    found: dict[UUID, list[UUID]] = {}
    for row in work.connection.execute(query):
        found.setdefault(row.member_id, []).append(row.reference)
    return found


def insert_take_back(work: Work, import_id: UUID, person: UUID, content_digest: bytes) -> None:
    """Store that a person wants an import taken back."""
    work.connection.execute(
        import_take_backs.insert().values(
            import_id=import_id,
            person_id=person,
            content_digest=content_digest,
            asked_at=work.now,
        )
    )


def read_take_backs(work: Work, import_id: UUID) -> list[TakingBack]:
    """Who wants an import taken back, the first who asked first."""
    query = (
        sa.select(import_take_backs)
        .where(import_take_backs.c.import_id == import_id)
        .order_by(import_take_backs.c.asked_at, import_take_backs.c.person_id)
    )
    return [
        TakingBack(row.person_id, row.asked_at, bytes(row.content_digest))
        for row in work.connection.execute(query)
    ]


def count_waiting(work: Work) -> int:
    """How many imports wait for another person: to be approved, or to be taken back."""
    asked = sa.exists().where(import_take_backs.c.import_id == imports.c.import_id)
    waits = sa.or_(
        imports.c.state == ImportState.PROPOSED,
        sa.and_(imports.c.state.in_([ImportState.APPROVED, ImportState.PAID]), asked),
    )
    return work.connection.execute(
        sa.select(sa.func.count()).select_from(imports).where(waits)
    ).scalar_one()


def open_notices(work: Work, limit: int) -> list[ImportNotice]:
    """Imports that wait out their delay, the next to be payable first."""
    query = (
        sa.select(imports)
        .where(imports.c.state == ImportState.PROPOSED, imports.c.payable_from.is_not(None))
        .order_by(imports.c.payable_from, imports.c.import_id)
        .limit(limit)
    )
    return [
        ImportNotice(
            row.import_id, Points(row.points), row.line_count, row.created_at, row.payable_from
        )
        for row in work.connection.execute(query)
    ]


def forget(
    work: Work, references: Collection[UUID], words: list[str], member_id: UUID | None = None
) -> None:
    """Erase the words of a person's lines, and all in which a word about them stands."""
    gone: sa.ColumnElement[bool] = import_lines.c.identity == any_uuid("refs", references)
    if member_id is not None:
        gone = sa.or_(gone, import_lines.c.member_id == member_id)
    lines = sa.select(import_lines.c.import_id, import_lines.c.line).where(gone)
    theirs: sa.ColumnElement[bool] = sa.tuple_(import_words.c.import_id, import_words.c.line).in_(
        lines
    )
    if words:
        told = [holds_any(import_words.c[name], words) for name in ("reference", "reason")]
        theirs = sa.or_(theirs, *told)
        named = holds_any(import_reasons.c.reason, words)
        work.connection.execute(import_reasons.delete().where(named))
    work.connection.execute(import_words.delete().where(theirs))


def line_of(row: sa.Row[Any]) -> ImportLine:
    """A line as it is kept."""
    return ImportLine(
        number=row.line,
        member_id=row.member_id,
        identity=row.identity,
        points=Points(row.points),
        granted_on=row.granted_on,
        activates_on=row.activates_on,
        expires_on=row.expires_on,
        mark=bytes(row.mark),
        words_digest=bytes(row.words_digest),
    )


def _imports(work: Work, query: sa.Select[Any]) -> list[Import]:
    rows = work.connection.execute(query).all()
    ids = [row.import_id for row in rows]
    approvals: dict[UUID, list[Approval]] = {}
    for row in work.connection.execute(
        sa.select(import_approvals)
        .where(import_approvals.c.import_id == any_uuid("imports", ids))
        .order_by(import_approvals.c.approved_at, import_approvals.c.person_id)
    ):
        approval = Approval(row.person_id, bytes(row.content_digest), row.approved_at)
        approvals.setdefault(row.import_id, []).append(approval)
    reasons = {
        row.import_id: row.reason
        for row in work.connection.execute(
            sa.select(import_reasons).where(import_reasons.c.import_id == any_uuid("imports", ids))
        )
    }
    return [
        Import(
            import_id=row.import_id,
            budget_id=row.budget_id,
            created_by=row.created_by,
            created_at=row.created_at,
            points=Points(row.points),
            line_count=row.line_count,
            file_digest=bytes(row.file_digest),
            lines_digest=bytes(row.lines_digest),
            reason=reasons.get(row.import_id),
            reason_digest=bytes(row.reason_digest),
            content_digest=bytes(row.content_digest),
            persons_needed=row.persons_needed,
            payable_from=row.payable_from,
            state=ImportState(row.state),
            walked=row.walked,
            closed_by=row.closed_by,
            closed_at=row.closed_at,
            approvals=tuple(approvals.get(row.import_id, ())),
        )
        for row in rows
    ]
