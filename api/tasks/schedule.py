"""What is done by the clock: a literal registry of jobs.

A job looks for what is due and does it; run twice, or by two hosts at once, it does nothing twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from api import funnel
from api.auth import jobs as sign_in_jobs
from api.composition import Composition
from api.embedding.service import forget_expired as forget_embed_tokens
from api.outgoing import service as outgoing
from api.outgoing.sending import HttpPost, Sender
from api.referring import fingerprints
from api.tasks import imports, log, oracle, scoring
from api.webhooks.secret_box import FernetBox
from governance.goods import jobs as goods
from governance.polls import service as polls
from governance.reminders import service as reminders
from governance.staking import jobs as staking
from ledger.events.refusals import service as refusals
from ledger.funnel import service as journeys
from ledger.inactivity import service as inactivity
from ledger.kernel import outbox
from ledger.kernel.transaction import Work, execute
from ledger.lots import jobs as lots
from ledger.quarantine import service as quarantine
from ledger.redemption.jobs import expire_redemptions
from ledger.referral import advancing as referral
from ledger.reports import keeping as reports
from ledger.settlement import funding, vesting
from ledger.standing.keeping import keep_levels

OUTBOX_KEPT: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Job:
    """One periodic job."""

    name: str
    every_s: float
    run: Callable[[Composition], None]
    needs_chain: bool = False


def forget_done_work(composition: Composition) -> None:
    """Delete outbox rows that were done long ago."""

    def forget(work: Work, kept: timedelta) -> int:
        return outbox.forget(work, work.now - kept)

    execute(composition.database, forget, OUTBOX_KEPT)


def _apply_recently_due(composition: Composition) -> None:
    lots.apply_recently_due(composition.database)


def _night(composition: Composition) -> None:
    """Activate, level, expire, level."""
    lots.apply_all_due(composition.database, then=keep_levels)


def _forget_expired_sign_ins(composition: Composition) -> None:
    sign_in_jobs.forget_expired(composition.database)
    forget_embed_tokens(composition.database)
    execute(composition.database, _forget_journeys, None)


def _forget_refusals(composition: Composition) -> None:
    refusals.forget_old(composition.database)


def _look_for_stages(composition: Composition) -> None:
    execute(composition.database, funnel.refresh, None)


def _deliver(composition: Composition) -> None:
    post = HttpPost(composition.settings.webhooks_private)
    Sender(composition.database, FernetBox(composition.secret), post).deliver_due()


def _forget_journeys(work: Work, _: None) -> int:
    return journeys.forget_old(work) + outgoing.forget_old(work)


def _settle_matured(composition: Composition) -> None:
    vesting.settle_matured(composition.database)


def _emit_and_fund(composition: Composition) -> None:
    funding.emit_and_fund(composition.database)


def _look_for_the_absent(composition: Composition) -> None:
    inactivity.run(composition.database)


def _advance_guest_passes(composition: Composition) -> None:
    referral.run(composition.database, fingerprints(composition.secret))


def _look_for_fraud(composition: Composition) -> None:
    execute(composition.database, quarantine.scan, quarantine.Scan())


def _look_for_fraud_again(composition: Composition) -> None:
    execute(composition.database, quarantine.scan_whole, quarantine.Scan())


def _expire_holds(composition: Composition) -> None:
    lots.expire_holds(composition.database)


def _expire_redemptions(composition: Composition) -> None:
    expire_redemptions(composition.database)


def _settle_orders(composition: Composition) -> None:
    goods.settle_orders(composition.database)


def _let_go_of_stakes(composition: Composition) -> None:
    staking.let_go_of_stakes(composition.database)


def _remind(composition: Composition) -> None:
    reminders.make_due(composition.database)


def _count_for_reports(composition: Composition) -> None:
    reports.count_all(composition.database)


def _count_polls(composition: Composition) -> None:
    polls.count_due(composition.database)


JOBS: Final[tuple[Job, ...]] = (
    Job("lots.apply_recently_due", 60, _apply_recently_due),
    Job("night", 86_400, _night),
    Job("settlement.matured", 60, _settle_matured),
    Job("settlement.emit_and_fund", 60, _emit_and_fund),
    Job("inactivity.run", 3_600, _look_for_the_absent),
    Job("referral.advance", 300, _advance_guest_passes),
    Job("quarantine.scan", 60, _look_for_fraud),
    Job("quarantine.scan_whole", 3_600, _look_for_fraud_again),
    Job("imports.credit_all_linked", 3_600, imports.credit_all_linked),
    Job("lots.expire_holds", 15, _expire_holds),
    Job("redemption.expire", 15, _expire_redemptions),
    Job("goods.settle_orders", 60, _settle_orders),
    Job("staking.let_go", 60, _let_go_of_stakes),
    Job("auth.forget_expired", 600, _forget_expired_sign_ins),
    Job("funnel.refresh", 300, _look_for_stages),
    Job("outgoing.deliver", 5, _deliver),
    Job("outbox.forget", 600, forget_done_work),
    Job("refusals.forget", 3_600, _forget_refusals),
    Job("log.publish", 30, log.publish),
    Job("reports.count", 60, _count_for_reports),
    Job("polls.count", 5, _count_polls),
    Job("reminders.make_due", 15, _remind),
    Job("scoring.close_periods", 5, scoring.close_periods),
    Job("oracle.tick", 1, oracle.tick, needs_chain=True),
    Job("oracle.reserve_check", 60, oracle.reserve_check, needs_chain=True),
)
