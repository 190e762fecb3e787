"""Why, and why not, of a stored event and a member: what ``explain`` says of files, here.

Says what the projection says of facts, and nothing of who is looking at them: awards that wait for
a review are explained as any other.
"""

from __future__ import annotations

from uuid import UUID

from ledger.events import service as events
from ledger.events import store as events_store
from ledger.events.listing import store as listing
from ledger.events.model import EventSummary
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.readiness import service as readiness
from ledger.scoring import service
from ledger.scoring.entitlements.service import closed_until, scoring_fact
from ledger.scoring.explain import Outcome, why_not
from ledger.scoring.model import EventCause
from ledger.scoring.pipeline import Step


class NothingToExplain(VkladError):
    """No event of this id is a fact, or no programme was ever activated."""

    code = "nothing_to_explain"
    kind = ErrorKind.NOT_FOUND


def explain_own(work: Work, event_id: UUID, member_id: UUID) -> list[Outcome]:
    """As :func:`explain_event`, for a member who asks: only of events that name the member.

    Raises:
        NothingToExplain: there is no such fact, it is not the member's, or there is no programme.
    """
    if not listing.takes_part(work, member_id, event_id):
        raise _nothing()
    return explain_event(work, event_id, member_id)


def explain_event(work: Work, event_id: UUID, member_id: UUID) -> list[Outcome]:
    """What an event earned a member, a line for each rule that listens to its type.

    Raises:
        NothingToExplain: there is no such fact, or no programme.
    """
    plan = service.current_plan(work)
    stated = listing.one_event(work, event_id)
    if plan is None or stated is None:
        raise _nothing()
    if stated.retracted:
        return [_retracted(work, stated)]
    if not readiness.released_facts(work, [stated.fact]):
        return [Outcome(None, Step.NOT_RELEASED)]
    facts = readiness.released_facts(work, events_store.facts_of_member(work, member_id))
    if all(each.event_id != event_id for each in facts):
        facts = [*facts, stated.fact]
    resolved = {
        format_id("idn", reference): str(member)
        for reference, member in events.members_of_facts(work, facts).items()
    }
    return why_not(
        EventCause(stated.fact.source, stated.fact.source_event_id),
        str(member_id),
        [scoring_fact(each) for each in facts],
        plan,
        closed_until=closed_until(work),
        resolve=resolved,
    )


def _retracted(work: Work, stated: EventSummary) -> Outcome:
    """By an event of its source; or, without one, set aside by persons after a review."""
    source = stated.fact.source
    by, is_event = listing.retracted_by(work, source, stated.fact.source_event_id)
    if is_event:
        return Outcome(None, Step.RETRACTED, by=EventCause(source, by))
    return Outcome(None, Step.RETRACTED, reason=by)


def _nothing() -> NothingToExplain:
    return NothingToExplain("No fact has this id, or no programme was activated yet.")
