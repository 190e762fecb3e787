"""Faults in the calendar of votes, in reminders of it, and in the figures of votes."""

from __future__ import annotations

from typing import Final

from fault import Fault

_CALENDAR: Final = ("tests/unit/governance/calendar",)
_REMINDERS: Final = (
    "tests/unit/governance/reminders",
    "tests/integration/reminders/test_reminders.py",
)
_FIGURES: Final = ("tests/unit/governance/analytics",)
_CHAIN: Final = ("tests/integration/reminders/test_of_proposals.py",)
_SERVICE: Final = "governance/reminders/service.py"
_MODEL: Final = "governance/reminders/model.py"
_STORE: Final = "governance/reminders/store.py"

REMINDERS: Final[tuple[Fault, ...]] = (
    Fault(
        "two workers may both tell of a moment",
        _SERVICE,
        "    if not store.insert_round(work, due, len(to)):\n        return 0\n",
        "    store.insert_round(work, due, len(to))\n",
        _REMINDERS,
    ),
    Fault(
        "what was told is told again",
        _SERVICE,
        "    left = [each for each in due if each.due.key not in made]",
        "    left = [each for each in due if made or True]",
        _REMINDERS,
    ),
    Fault(
        "what was called off meanwhile is told",
        _SERVICE,
        "        if not fresh or not fresh[0].is_due(work.now):\n            return 0",
        "        if fresh and not fresh[0].is_due(work.now):\n            return 0",
        _REMINDERS,
    ),
    Fault(
        "who has voted in a poll is reminded to",
        _SERVICE,
        "return store.poll_members(work, poll_id) - store.poll_voted(work, poll_id)",
        "return store.poll_members(work, poll_id)",
        _REMINDERS,
    ),
    Fault(
        "who has voted on chain is reminded to",
        _SERVICE,
        "power.powerful(work, key, opens) - chain_store.voters(work, key, proposal_id)",
        "power.powerful(work, key, opens)",
        _CHAIN,
    ),
    Fault(
        "whose ballot is on its way is reminded to",
        _SERVICE,
        "_members_of(work, may_vote) - store.ballots_on_their_way(work, key, proposal_id)",
        "_members_of(work, may_vote)",
        _CHAIN,
    ),
    Fault(
        "a delegate is told of their own ballot",
        "governance/power/store.py",
        "where(last.c.other == delegate, last.c.account != delegate)",
        "where(last.c.other == delegate)",
        _CHAIN,
    ),
    Fault(
        "a delegation after the snapshot counts",
        "governance/power/store.py",
        "        _CHANGE.block_time <= then,",
        "        _CHANGE.block_time >= _CHANGE.block_time,",
        _CHAIN,
    ),
    Fault(
        "whoever is blocked is told",
        _STORE,
        "            members.c.status == MemberStatus.ACTIVE.value,\n",
        "            members.c.status != MemberStatus.ERASED.value,\n",
        _REMINDERS,
    ),
    Fault(
        "a reminder comes after it is of use",
        _MODEL,
        "return self.due_at <= now < self.until",
        "return self.due_at <= now <= self.until",
        _REMINDERS,
    ),
    Fault(
        "a short vote is told to be closing when it opens",
        _MODEL,
        "return min(LEAD, (closes.at - opens.at) / 2)",
        "return LEAD",
        _REMINDERS,
    ),
    Fault(
        "notices outlive the member",
        _STORE,
        "for table in (reminder_choices, notices):",
        "for table in (reminder_choices,):",
        _REMINDERS,
    ),
    Fault(
        "one reads another's notice",
        _STORE,
        "notices.c.member_id == member_id, notices.c.notice_id == notice_id",
        "notices.c.notice_id == notice_id",
        _REMINDERS,
    ),
    Fault(
        "a date that moved has not changed",
        "governance/calendar/model.py",
        "            int(extended_at is not None),",
        "            0,",
        _CALENDAR,
    ),
    Fault(
        "a folded line has an octet too many",
        "governance/calendar/ical.py",
        'part, octets = " ", 1',
        'part, octets = " ", 0',
        _CALENDAR,
    ),
    Fault(
        "half is more than half",
        "governance/analytics/model.py",
        "if 2 * together > total)",
        "if 2 * together >= total)",
        _FIGURES,
    ),
    Fault(
        "a circle of delegates has no end",
        "governance/analytics/model.py",
        "        if account in seen:\n            return len(seen)\n",
        "        if account in seen:\n            return 0\n",
        _FIGURES,
    ),
)
