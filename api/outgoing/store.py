"""Statements over hooks and deliveries. One statement, one function."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from api.outgoing.model import Attempt, Delivery, Heard, Hook, HookState
from api.outgoing.tables import outgoing_deliveries, outgoing_hooks
from ledger.kernel.arrays import TEXT, UUID_, table_of
from ledger.kernel.transaction import Work

_HOOK: Final = outgoing_hooks.c
_SENT: Final = outgoing_deliveries.c


def insert_hook(work: Work, hook: Hook, sealed: bytes) -> None:
    """Keep a proposal."""
    work.connection.execute(
        outgoing_hooks.insert().values(
            hook_id=hook.hook_id,
            url=hook.url,
            sealed=sealed,
            content_digest=hook.content_digest,
            state=hook.state,
            proposed_by=hook.proposed_by,
            proposed_at=hook.proposed_at,
        )
    )


def hooks(work: Work) -> list[Hook]:
    """Every hook that has not ended, the oldest first."""
    query = sa.select(outgoing_hooks).where(_HOOK.state != HookState.ENDED).order_by(_HOOK.hook_id)
    return [_hook(row) for row in work.connection.execute(query)]


def find(work: Work, hook_id: UUID) -> Hook | None:
    """A hook that has not ended, locked."""
    query = (
        sa.select(outgoing_hooks)
        .where(_HOOK.hook_id == hook_id, _HOOK.state != HookState.ENDED)
        .with_for_update()
    )
    row = work.connection.execute(query).one_or_none()
    return None if row is None else _hook(row)


def approve(work: Work, hook_id: UUID, by: UUID) -> None:
    """Send to a hook from now on."""
    work.connection.execute(
        outgoing_hooks.update()
        .where(_HOOK.hook_id == hook_id)
        .values(state=HookState.LIVE, approved_by=by, approved_at=work.now)
    )


def end(work: Work, hook_id: UUID, by: UUID) -> None:
    """Send to a hook no more, ever."""
    work.connection.execute(
        outgoing_hooks.update()
        .where(_HOOK.hook_id == hook_id)
        .values(state=HookState.ENDED, ended_by=by, ended_at=work.now)
    )


def set_state(work: Work, hook_id: UUID, before: HookState, after: HookState) -> int:
    """Pause a hook or go on with it; 0 if it is not as it was."""
    return work.connection.execute(
        outgoing_hooks.update()
        .where(_HOOK.hook_id == hook_id, _HOOK.state == before)
        .values(state=after)
    ).rowcount


def insert_deliveries(work: Work, deliveries: Sequence[tuple[UUID, UUID, UUID, str, str]]) -> None:
    """Keep deliveries to make: id, hook, member, type and body of each."""
    names = ("delivery_id", "hook_id", "member_id", "type", "body")
    ids, hooks_, persons, types, bodies = zip(*deliveries, strict=True)
    new = table_of(
        "new",
        delivery_id=(UUID_, ids),
        hook_id=(UUID_, hooks_),
        member_id=(UUID_, persons),
        type=(TEXT, types),
        body=(TEXT, bodies),
    )
    moment = sa.literal(work.now)
    work.connection.execute(
        outgoing_deliveries.insert().from_select(
            [*names, "created_at", "due_at", "attempts"],
            sa.select(*(new.c[name] for name in names), moment, moment, sa.literal(0)),
        )
    )


def claim(work: Work, hook_id: UUID, until: datetime) -> Attempt | None:
    """Take the delivery that waits longest for a live hook; others leave it alone ``until``."""
    due = (
        sa.select(_SENT.delivery_id)
        .join(outgoing_hooks, _HOOK.hook_id == _SENT.hook_id)
        .where(_SENT.hook_id == hook_id, _HOOK.state == HookState.LIVE, _SENT.due_at <= work.now)
        .order_by(_SENT.due_at, _SENT.delivery_id)
        .limit(1)
        .with_for_update(of=outgoing_deliveries, skip_locked=True)
        .scalar_subquery()
    )
    row = work.connection.execute(
        outgoing_deliveries.update()
        .where(_SENT.delivery_id == due, _HOOK.hook_id == _SENT.hook_id)
        .values(attempts=_SENT.attempts + 1, due_at=until)
        .returning(_SENT.delivery_id, _SENT.attempts, _HOOK.url, _HOOK.sealed, _SENT.body)
    ).one_or_none()
    return None if row is None else Attempt(*row)


def heard(work: Work, attempt: Attempt, heard: Heard, due_at: datetime | None) -> None:
    """Write down what an attempt came to, and when the next one is, if any.

    An attempt that was made after this one has the word, unless this one was heard.
    """
    values: dict[str, Any] = {"last_status": heard.status, "last_failure": heard.failure}
    mine = sa.and_(_SENT.delivery_id == attempt.delivery_id, _SENT.delivered_at.is_(None))
    if heard.is_delivered:
        values |= {"delivered_at": work.now, "due_at": None}
    else:
        values |= {"due_at": due_at}
        mine = sa.and_(mine, _SENT.attempts == attempt.number)
    work.connection.execute(outgoing_deliveries.update().where(mine).values(**values))


def try_again(work: Work, hook_id: UUID) -> int:
    """Begin anew with everything that was not delivered to a hook; how many deliveries."""
    return work.connection.execute(
        outgoing_deliveries.update()
        .where(_SENT.hook_id == hook_id, _SENT.delivered_at.is_(None))
        .values(attempts=0, due_at=work.now)
    ).rowcount


def newest(work: Work, hook_id: UUID, limit: int) -> list[Delivery]:
    """The log of a hook, newest first."""
    query = (
        sa.select(outgoing_deliveries)
        .where(_SENT.hook_id == hook_id)
        .order_by(_SENT.delivery_id.desc())
        .limit(limit)
    )
    return [
        Delivery(
            row.delivery_id,
            row.type,
            row.created_at,
            row.due_at,
            row.attempts,
            row.last_status,
            row.last_failure,
            row.delivered_at,
        )
        for row in work.connection.execute(query)
    ]


def count_undelivered(work: Work, hook_id: UUID) -> int:
    """How many deliveries a hook has not heard."""
    query = sa.select(sa.func.count()).where(_SENT.hook_id == hook_id, _SENT.delivered_at.is_(None))
    return int(work.connection.execute(query).scalar_one())


def delete_old(work: Work, before: datetime) -> int:
    """Forget what was delivered before then, and whatever was for hooks that ended; how many."""
    ended = sa.select(_HOOK.hook_id).where(_HOOK.state == HookState.ENDED)
    return work.connection.execute(
        outgoing_deliveries.delete().where(
            sa.or_(_SENT.delivered_at <= before, _SENT.hook_id.in_(ended))
        )
    ).rowcount


def forget(work: Work, member_id: UUID) -> None:
    """Forget everything that was sent or is to be sent about a member."""
    work.connection.execute(outgoing_deliveries.delete().where(_SENT.member_id == member_id))


def _hook(row: sa.Row[Any]) -> Hook:
    return Hook(
        row.hook_id,
        row.url,
        row.content_digest,
        HookState(row.state),
        row.proposed_by,
        row.proposed_at,
        row.approved_by,
        row.approved_at,
    )
