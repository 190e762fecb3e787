"""Choosing reminders, making those that are due, reading notices.

    a proposal, a poll ─▶ its moments ─▶ what is due ─▶ one transaction a moment and kind:
                                                          the round's row, and everybody's notice

The row is unique and written with the notices, so a moment is told once or not yet, wherever the
process ends and whoever works beside it; a date that moves keeps the moment's name, so it is not
told again. What is due is worked out anew inside the transaction, from what holds then.

Nothing here sends anything. Whoever delivers reads ``notices`` in the order of ``notice_id``.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from governance.acting import lock_acting
from governance.calendar import service as calendar
from governance.calendar.model import Moment, MomentKind, Subject, Window
from governance.polls.model import PREFIX as POLL_PREFIX
from governance.power import store as power
from governance.reminders import chain_store, store
from governance.reminders.model import (
    LEAD,
    NEWS_FOR,
    PREFIX,
    Cast,
    Due,
    Notice,
    ReminderKind,
    UnknownNotice,
    reminder_of_ballot,
    reminders_of,
)
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Database, Work, execute
from oracle.indexer import store as indexer_store

ROUNDS_MAX: Final = 200
"""Moments that one run tells; the next goes on."""
CASTS_MAX: Final = 2_000


@dataclass(frozen=True, slots=True)
class ChooseReminders:
    """Want exactly these from now on."""

    member_id: UUID
    kinds: frozenset[ReminderKind]


@dataclass(frozen=True, slots=True)
class ReadNotices:
    """A member has read one notice, or all."""

    member_id: UUID
    notice_id: UUID | None


@dataclass(frozen=True, slots=True)
class _Round:
    """A reminder to be made; ``cast`` is what a reminder of a ballot is about."""

    due: Due
    cast: Cast | None = None


def choose(work: Work, command: ChooseReminders) -> frozenset[ReminderKind]:
    """Keep what a member wants to be reminded of.

    Raises:
        MemberNotActive: blocked, erased or merged.
    """
    lock_acting(work, command.member_id)
    before = store.choices(work, command.member_id)
    store.insert_choices(work, command.member_id, command.kinds - before)
    store.delete_choices(work, command.member_id, before - command.kinds)
    return command.kinds


def read(work: Work, command: ReadNotices) -> int:
    """Say that a notice was read, or all; how many are left. Again: no change.

    Raises:
        UnknownNotice: it is not this member's.
    """
    wanted = command.notice_id
    if wanted is not None and store.find(work, command.member_id, wanted) is None:
        raise UnknownNotice("You have no such notice.", notice=format_id(PREFIX, wanted))
    store.set_read(work, command.member_id, wanted)
    return store.count_unread(work, command.member_id)


def notices(
    work: Work, member_id: UUID, before: UUID | None, limit: int, *, unread: bool = False
) -> list[Notice]:
    """A member's notices, the newest first."""
    return store.page(work, member_id, before, limit, unread=unread)


def make_due(database: Database) -> int:
    """Make every reminder that is due and was not made; how many notices."""
    with database.read() as work:
        waiting = _waiting(work)
    return sum(execute(database, _remind, each) for each in waiting)


def _waiting(work: Work) -> list[_Round]:
    """What is due and was not told, what lapses first in front."""
    window = Window(work.now - NEWS_FOR, work.now + LEAD)
    found = [
        _Round(due) for life in calendar.lives(work, window) for due in reminders_of(life)
    ] + _of_ballots(work)
    due = [each for each in found if each.due.is_due(work.now)]
    made = store.made(work, [each.due.key for each in due])
    left = [each for each in due if each.due.key not in made]
    return sorted(left, key=lambda each: (each.due.until, each.due.key))[:ROUNDS_MAX]


def _of_ballots(work: Work) -> list[_Round]:
    known = indexer_store.chain_in_use(work)
    if known is None:
        return []
    casts = chain_store.casts_since(work, known.chain_key, work.now - NEWS_FOR, CASTS_MAX)
    scope = calendar.scope_of(known)
    return [_Round(reminder_of_ballot(scope, cast), cast) for cast in casts]


def _remind(work: Work, wanted: _Round) -> int:
    """Make one reminder for everybody whom it concerns; how many notices, none if it is done."""
    due, cast = wanted.due, wanted.cast
    life = calendar.moments_of(work, due.subject, due.subject_id)
    if cast is None:
        fresh = [each for each in reminders_of(life) if each.key == due.key]
        if not fresh or not fresh[0].is_due(work.now):
            return 0  # Moved or called off since it was looked for.
        due = fresh[0]
    concerned = _concerned(work, due, cast, life)
    if concerned is None:
        return 0
    to = [each for each in store.wanting(work, due) if each in concerned]
    if not store.insert_round(work, due, len(to)):
        return 0
    store.insert_notices(work, due, to, None if cast is None else cast.support)
    return len(to)


def _concerned(
    work: Work, due: Due, cast: Cast | None, life: list[Moment]
) -> Collection[UUID] | None:
    """Whom it is about, without those who have voted; ``None`` while that is not final."""
    if due.kind is ReminderKind.OUTCOME:
        return set(store.wanting(work, due))
    if due.subject is Subject.POLL:
        poll_id = parse_id(POLL_PREFIX, due.subject_id)
        return store.poll_members(work, poll_id) - store.poll_voted(work, poll_id)
    opens = next((each.at for each in life if each.kind is MomentKind.OPENS), None)
    known = indexer_store.chain_in_use(work)
    if opens is None or known is None:
        return None
    key, proposal_id = known.chain_key, int(due.subject_id)
    read_to = power.read_to(work, key)
    if read_to is None or read_to.block_time < opens:
        return None
    if cast is not None:
        asked = power.delegators(work, key, cast.voter, opens)
        return _members_of(work, power.holders(work, key, asked, opens))
    may_vote = power.powerful(work, key, opens) - chain_store.voters(work, key, proposal_id)
    return _members_of(work, may_vote) - store.ballots_on_their_way(work, key, proposal_id)


def _members_of(work: Work, accounts: Collection[str]) -> set[UUID]:
    linked = store.linked_wallets(work)
    return {member_id for member_id, account in linked.items() if account in accounts}
