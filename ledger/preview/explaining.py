"""Why, and why not, of a stored event and a member: what ``explain`` says of files, here."""

from __future__ import annotations

from uuid import UUID

from ledger.events import service as events
from ledger.events import store as events_store
from ledger.events.model import StoredFact
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.scoring import service
from ledger.scoring.explain import Outcome, why_not
from ledger.scoring.model import EventCause


class NothingToExplain(VkladError):
    """No event of this id is a fact, or no programme was ever activated."""

    code = "nothing_to_explain"
    kind = ErrorKind.NOT_FOUND


def explain_event(work: Work, event_id: UUID, member_id: UUID) -> list[Outcome]:
    """What an event earned a member, a line for each rule that listens to its type.

    Raises:
        NothingToExplain: there is no such fact, or no programme.
    """
    plan = service.current_plan(work)
    stored = _fact(work, event_id)
    if plan is None or stored is None:
        raise NothingToExplain("No fact has this id, or no programme was activated yet.")
    facts = events_store.facts_of_member(work, member_id)
    if all(each.event_id != event_id for each in facts):
        facts = [*facts, stored]
    resolved = {
        format_id("idn", reference): str(member)
        for reference, member in events.members_of_facts(work, facts).items()
    }
    return why_not(
        EventCause(stored.source, stored.source_event_id),
        str(member_id),
        [service.scoring_fact(each) for each in facts],
        plan,
        closed_until=service.closed_until(work),
        resolve=resolved,
    )


def _fact(work: Work, event_id: UUID) -> StoredFact | None:
    return next(iter(events_store.facts_by_id(work, [event_id])), None)
