"""What the member does with others: guests, thanks, projects, votes, the memorandum, notices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from api import memoranda, polling
from api.archive import mine_store
from api.archive.mine import PAGE, Mine, at, name_of, pages
from api.archive.model import Note, Ref
from api.archive.points import ENTRY, EVENT, LOT
from api.calendars import shown_notices
from api.referring import told_reason
from governance.ballots.service import BALLOT_PREFIX
from governance.memorandum import signing
from governance.memorandum.saying import COMMENT_PREFIX
from governance.polls import store as polls
from governance.polls.model import PREFIX as POLL
from governance.projects import store as projects
from governance.projects import tasks_store
from governance.projects.model import PREFIX as PROJECT
from governance.projects.model import TASK_PREFIX, Payment, Project, Task
from governance.reminders import store as reminders
from governance.reminders.model import PREFIX as NOTICE
from governance.reminders.model import Notice
from ledger.kernel.canonical import Json
from ledger.referral import store as referral
from ledger.referral.model import Referral
from ledger.referral.service import PREFIX as PASS
from ledger.thanks import store as thanks
from ledger.thanks.model import PREFIX as THANKS
from ledger.thanks.model import Thanks


def referrals(mine: Mine) -> Iterator[Note]:
    """Guest passes handed out, and the one by which the member came; never who else."""
    own = referral.live_claim_of(mine.work, mine.member_id)
    if own is not None:
        yield _pass(mine, own, "guest")
    for each in pages(
        lambda before: referral.of_inviter(mine.work, mine.member_id, before, PAGE),
        lambda one: one.referral_id,
    ):
        yield _pass(mine, each, "inviter")


def _pass(mine: Mine, found: Referral, side: str) -> Note:
    payment = found.payment if side == "guest" else None
    return Note(
        name_of(PASS, found.referral_id),
        mine.t(f"archive.note.pass_{side}", date=mine.moment(found.issued_at)),
        {
            "side": side,
            "state": found.state.value,
            "reason": told_reason(found),
            "issued_at": at(found.issued_at),
            "lapses_at": at(found.lapses_at),
            "claimed_at": at(found.claimed_at),
            "paid_minor": None if payment is None else payment.paid.amount_minor,
            "currency": None if payment is None else payment.paid.currency,
        },
        words=[mine.t(f"invite.state.{found.state.value}")],
        lines=[("created_at", mine.moment(found.issued_at))],
    )


def thanks_notes(mine: Mine) -> Iterator[Note]:
    """Thanks given and got, with their words; never from whom or to whom."""

    def read(before: UUID | None) -> Sequence[Thanks]:
        return thanks.page(mine.work, mine.member_id, before, PAGE)

    rows = pages(read, lambda one: one.thanks_id)
    for gift in rows:
        given = gift.giver in mine.members
        refs: dict[str, Sequence[Ref]] = {}
        if mine_store.taking_part(mine.work, mine.member_id, [gift.event_id]):
            event = name_of(EVENT, gift.event_id)
            refs["event"] = [Ref(event, mine.t("archive.note.event"))]
        yield Note(
            name_of(THANKS, gift.thanks_id),
            mine.t(
                "archive.note.thanks_given" if given else "archive.note.thanks_got",
                count=gift.points,
            ),
            {
                "side": "given" if given else "got",
                "month": gift.month,
                "points": gift.points,
                "counted": gift.decision.counted,
                "allowance_left": gift.decision.left if given else None,
                "given_at": at(gift.given_at),
                "taken_back": gift.is_taken_back,
                "reason": gift.reason,
                "link": gift.link,
            },
            quotes=[gift.reason] if gift.reason else [],
            lines=[
                ("points", mine.number(gift.points)),
                ("created_at", mine.moment(gift.given_at)),
            ],
            refs=refs,
        )


def project_notes(mine: Mine) -> Iterator[Note]:
    """Projects that the member proposed, works in or stands behind."""
    for project_id in mine_store.projects_of(mine.work, mine.member_id):
        found = projects.find(mine.work, project_id)
        if found is not None:
            yield _project(mine, found)


def _project(mine: Mine, found: Project) -> Note:
    own = found.author_id in mine.members
    words = found.words
    return Note(
        name_of(PROJECT, found.project_id),
        words.title if words else mine.t("archive.note.project"),
        {
            "proposed_by_me": own,
            "pool": found.pool.value,
            "budget": found.budget.amount,
            "state": found.state.value,
            "proposed_at": at(found.proposed_at),
            "text": words.text if own and words else None,
        },
        quotes=[words.text] if own and words else [],
        lines=[
            ("budget", mine.number(found.budget)),
            ("created_at", mine.moment(found.proposed_at)),
        ],
    )


def tasks(mine: Mine) -> Iterator[Note]:
    """Tasks given to the member, and what they were paid for each."""
    for task_id in mine_store.tasks_of(mine.work, mine.member_id):
        found = tasks_store.find_task(mine.work, task_id)
        if found is not None:
            paid = tasks_store.payments_of(mine.work, [task_id])
            yield _task(mine, found, [each for each in paid if each.member_id in mine.members])


def _task(mine: Mine, found: Task, paid: Sequence[Payment]) -> Note:
    project = name_of(PROJECT, found.project_id)
    weights = [each.weight for each in found.shares if each.member_id in mine.members]
    delivered = found.delivered_by in mine.members
    refs: dict[str, Sequence[Ref]] = {
        "project": [Ref(project, mine.t("archive.note.project"))],
        "entry": [
            Ref(name_of(ENTRY, each.entry_id), mine.t("archive.note.entry"))
            for each in paid
            if each.entry_id is not None
        ],
        "lots": [
            Ref(name_of(LOT, each.lot_id), mine.t("archive.note.lot_of"))
            for each in paid
            if each.lot_id is not None
        ],
    }
    return Note(
        name_of(TASK_PREFIX, found.task_id),
        found.words.title if found.words else mine.t("archive.note.task"),
        {
            "state": found.state.value,
            "my_weight": sum(weights),
            "due_at": at(found.due_at),
            "delivered_by_me_at": at(found.delivered_at) if delivered else None,
            "paid": sum(each.points.amount for each in paid),
        },
        lines=[("points", mine.number(sum(each.points.amount for each in paid)))],
        refs=refs,
    )


def poll_notes(mine: Mine) -> Iterator[Note]:
    """Polls with the member's receipt, which the recount program checks."""
    for poll_id in mine_store.polls_of(mine.work, mine.member_id):
        found = polls.find(mine.work, poll_id)
        if found is None:
            continue
        asked = found.definition
        yield Note(
            name_of(POLL, poll_id),
            asked.title,
            {
                "method": asked.method.value,
                "opens_at": at(asked.opens_at),
                "closes_at": at(asked.closes_at),
                "state": found.state(mine.work.now).value,
            },
            lines=[
                ("opens_at", mine.moment(asked.opens_at)),
                ("closes_at", mine.moment(asked.closes_at)),
            ],
            receipt=polling.receipt_file(mine.composition, mine.work, poll_id, mine.member_id),
        )


def ballots(mine: Mine) -> Iterator[Note]:
    """Ballots signed for proposals on the chain."""
    for each in mine_store.ballots_of(mine.work, mine.member_id):
        yield Note(
            name_of(BALLOT_PREFIX, each.ballot_id),
            mine.t("archive.note.ballot", date=mine.moment(each.received_at)),
            {
                "proposal": str(each.proposal_id),
                "support": each.support,
                "reason": each.reason,
                "state": each.state,
                "received_at": at(each.received_at),
            },
            quotes=[each.reason] if each.reason else [],
            lines=[("created_at", mine.moment(each.received_at))],
        )


def signatures(mine: Mine) -> Iterator[Note]:
    """Entries of the member in the memorandum's register, with a receipt over all of them."""
    part = signing.my_part(mine.work, mine.member_id)
    if part is None or not part.entries:
        return
    receipt = memoranda.receipt_file(mine.composition, mine.work, mine.member_id)
    for number, each in enumerate(part.entries):
        said = each.statement
        yield Note(
            f"memorandum-{each.number}",
            mine.t(f"archive.note.memorandum_{said.act.value}", number=said.number),
            {**said.document(), "entry": each.number, "recorded_at": at(each.recorded_at)},
            lines=[("recorded_at", mine.moment(each.recorded_at))],
            receipt=receipt if number == 0 else None,
        )


def comments(mine: Mine) -> Iterator[Note]:
    """What the member wrote about the memorandum."""
    for each in mine_store.comments_of(mine.work, mine.member_id):
        yield Note(
            name_of(COMMENT_PREFIX, each.comment_id),
            mine.t("archive.note.comment", date=mine.moment(each.written_at)),
            {
                "section": each.section_id,
                "said": each.said,
                "written_at": at(each.written_at),
                "withdrawn_at": at(each.withdrawn_at),
            },
            quotes=[each.said] if each.said else [],
            lines=[("created_at", mine.moment(each.written_at))],
        )


def notices(mine: Mine) -> Iterator[Note]:
    """What the member was told of votes."""

    def read(before: UUID | None) -> Sequence[Notice]:
        return reminders.page(mine.work, mine.member_id, before, PAGE, unread=False)

    for notice in pages(read, lambda one: one.notice_id):
        facts: dict[str, Json] = {
            "about": notice.kind.value,
            "subject": notice.subject.value,
            "subject_id": notice.subject_id,
            "at": at(notice.at),
            "made_at": at(notice.made_at),
            "read_at": at(notice.read_at),
        }
        title = shown_notices(mine.work, [notice])[0].title or mine.t("calendar.gone")
        yield Note(
            name_of(NOTICE, notice.notice_id),
            title,
            facts,
            words=[mine.t(f"calendar.notices.kind.{notice.kind.value}")],
            lines=[("time", mine.moment(notice.at))],
        )
