"""Looking at new facts, and what persons decide about those that look wrong.

While a case is live, what its facts earned its members at once or in a period cannot be spent or
bridged (``withholding``). Released, it can. Voided by two persons, its facts are set aside as a
retraction sets facts aside, so projection, journal and anybody who works it out again see one
truth; what waited goes on waiting until the correction takes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from ledger.events.accepting import store as events
from ledger.events.listing import store as listing
from ledger.events.model import EventSummary
from ledger.events.settlement import NewRetraction
from ledger.kernel import outbox
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points, sum_points
from ledger.lots import service as lots
from ledger.lots.clawing import AWARD_CAUSE
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.model import SCORE_TOPIC, Role, WordCountsNoLonger
from ledger.members.persons import store as persons
from ledger.members.roles.words import whose_word_counts
from ledger.programme.model_detectors import USUAL, DetectorTerms
from ledger.quarantine import store
from ledger.quarantine.detect import Finding, about, around, detect
from ledger.quarantine.model import (
    PREFIX,
    Act,
    AppealedBefore,
    Case,
    CaseDecided,
    Decide,
    Kind,
    NotACaseReviewer,
    NothingToUndo,
    ReportMistake,
    State,
    UnknownCase,
    check_words,
    require_releasable,
    require_voidable,
)
from ledger.quarantine.withheld_store import withheld_awards
from ledger.scoring import service as scoring

REVIEWERS: Final = frozenset({Role.MODERATOR, Role.ADMIN})
OVERLAP: Final = timedelta(minutes=5)
"""A fact is committed at most so long after the time in its id."""

_ACTS: Final[dict[State, Act]] = {
    State.PROPOSED: "proposed",
    State.RELEASED: "released",
    State.VOIDED: "voided",
}


@dataclass(frozen=True, slots=True)
class Scan:
    """Look at facts, by these terms or else by those of the programme in force."""

    terms: DetectorTerms | None = None


def scan(work: Work, command: Scan) -> int:
    """Look at what is new, and at what it stands beside; how many cases were opened."""
    store.lock_scan(work)
    until = store.scanned_until(work)
    if until is None:
        return _scan_whole(work, command)
    terms = command.terms or _terms_in_force(work)
    new = store.seen_since(work, _first_id(until.timestamp()), terms)
    if not new:
        return 0
    seen = store.seen_since(work, _window(work, terms), terms, around(new, terms))
    return _open_cases(work, about(detect(seen, terms), new), terms)


def scan_whole(work: Work, command: Scan) -> int:
    """Look at the whole window; how many cases were opened.

    What no new fact shows: identities linked later, likes of others that were taken back or left
    the window, and thresholds that changed.
    """
    store.lock_scan(work)
    return _scan_whole(work, command)


def _scan_whole(work: Work, command: Scan) -> int:
    terms = command.terms or _terms_in_force(work)
    seen = store.seen_since(work, _window(work, terms), terms)
    return _open_cases(work, detect(seen, terms), terms)


def _window(work: Work, terms: DetectorTerms) -> UUID:
    start = work.now - timedelta(days=terms.window_days)
    return _first_id(start.timestamp())


def _open_cases(work: Work, findings: list[Finding], terms: DetectorTerms) -> int:
    opened, touched = 0, set[UUID]()
    for finding in findings:
        live, known = store.looked_at(work, finding)
        if not finding.events - known:
            continue
        if live is None:
            live = store.insert_case(work, finding, terms)
            opened += 1
        store.add_events(work, live, finding.events - known)
        touched |= finding.members
    _withhold(work, touched)
    store.set_scanned(work, work.now - OVERLAP)
    return opened


def release(work: Work, command: Decide) -> Case:
    """Let the awards of a case go.

    Raises:
        ReviewWordsUnreadable, NotACaseReviewer, UnknownCase: it cannot be asked.
        CaseDecided, CaseNeedsAnotherPerson: see ``require_releasable``.
    """
    words, case = check_words(command.words), _case_to_decide(work, command)
    require_releasable(case, command.by)
    released = _take(work, command, State.RELEASED, words)
    _withhold(work, case.members)
    return released


def propose_void(work: Work, command: Decide) -> Case:
    """Propose that the facts of a case count no longer; from now members may appeal.

    Where whoever proposed it reviews no cases any more, another proposes it anew.

    Raises:
        ReviewWordsUnreadable, NotACaseReviewer, UnknownCase: it cannot be asked.
        CaseDecided: it is not open.
    """
    words, case = check_words(command.words), _case_to_decide(work, command)
    lapsed = case.state is State.PROPOSED and not _word_counts(work, case)
    if case.state is not State.OPEN and not lapsed:
        raise CaseDecided("This case is not open.", state=case.state.value)
    return _take(work, command, State.PROPOSED, words)


def confirm_void(work: Work, command: Decide) -> Case:
    """Set the facts of a case aside: the second person's yes, also to what was appealed.

    Raises:
        ReviewWordsUnreadable, NotACaseReviewer, UnknownCase: it cannot be asked.
        CaseDecided, CaseNeedsAnotherPerson, AppealStillOpen: see ``require_voidable``.
        WordCountsNoLonger: who proposed it reviews no cases any more.
    """
    words, case = check_words(command.words), _case_to_decide(work, command)
    require_voidable(case, command.by, work.now)
    if not _word_counts(work, case):
        raise WordCountsNoLonger("Who proposed this may not do so any more. Propose it anew.")
    facts = store.facts_of(work, case.case_id)
    by = format_id(PREFIX, case.case_id)
    events.insert_retractions(work, [NewRetraction(source, target, by) for source, target in facts])
    touched = sorted(set(events.members_taking_part(work, facts)))
    outbox.put_many(work, SCORE_TOPIC, [(str(each), None) for each in touched])
    return _take(work, command, State.VOIDED, words)


def report_mistake(work: Work, command: ReportMistake) -> Case:
    """Propose that a fact counts no longer, of which no detector said anything.

    From now what it earned waits; its members may appeal, and another person decides.

    Raises:
        ReviewWordsUnreadable, NotACaseReviewer: it cannot be asked, or not by this person.
        NothingToUndo: no such fact counts, or persons look at it already.
    """
    words = check_words(command.words)
    fact = require_undoable(work, command.event_id)
    touched = taking_part(work, fact)
    if not members.roles_of(work, command.by) & REVIEWERS or command.by in touched:
        raise NotACaseReviewer("A moderator or an admin who takes no part in it undoes a fact.")
    finding = Finding(Kind.MISTAKE, touched, frozenset({command.event_id}))
    case_id = store.insert_case(work, finding, None)
    store.add_events(work, case_id, finding.events)
    _withhold(work, touched)
    return _take(work, Decide(case_id, command.by, words), State.PROPOSED, words)


def require_undoable(work: Work, event_id: UUID) -> EventSummary:
    """The fact, if it could be set aside.

    Raises:
        NothingToUndo: no such fact counts, or persons look at it already.
    """
    found = listing.one_event(work, event_id)
    if found is None:
        raise NothingToUndo("There is no such fact.")
    if found.retracted:
        raise NothingToUndo("This fact counts no longer.")
    if store.is_looked_at(work, event_id):
        raise NothingToUndo("Persons look at this fact already; see the reviews.")
    return found


def taking_part(work: Work, found: EventSummary) -> frozenset[UUID]:
    """The persons whose points a fact could touch."""
    fact = found.fact
    named = events.members_taking_part(work, [(fact.source, fact.source_event_id)])
    return frozenset(persons.persons_of(work, named).values())


def appeal(work: Work, command: Decide) -> Case:
    """A member's own words on a case, once, while it is live.

    Raises:
        ReviewWordsUnreadable: of the words.
        UnknownCase: no case about this member.
        CaseDecided: it was decided before.
        AppealedBefore: a member appeals once.
    """
    words = check_words(command.words)
    case = store.lock_case(work, command.case_id)
    if case is None or command.by not in case.members:
        raise UnknownCase("There is no such case.")
    if not case.is_live:
        raise CaseDecided("This case was decided before.", state=case.state.value)
    if command.by in case.appeals():
        raise AppealedBefore("You appealed before; persons will decide.")
    store.insert_act(work, case.case_id, "appealed", command.by, words)
    return _again(work, case.case_id)


def points_under_review(work: Work, member_id: UUID) -> Points:
    """What of a member's points waits for persons."""
    waiting = withheld_awards(work, member_id)
    if not waiting:
        return Points(0)
    left: dict[str, Points] = {}
    for each in lots.summary(work, member_id, work.now).lots:
        cause = each.lot.cause
        if cause.kind == AWARD_CAUSE:
            before = left.get(cause.cause_id, Points(0))
            left[cause.cause_id] = before + each.pending + each.available
    return sum_points(
        min(points, left.get(str(award_id), Points(0))) for award_id, points in waiting.items()
    )


def _terms_in_force(work: Work) -> DetectorTerms:
    plan = scoring.current_plan(work)
    version = None if plan is None else plan.version_at(Instant.of(work.now))
    return USUAL if version is None else version.programme.detectors


def _withhold(work: Work, member_ids: Iterable[UUID]) -> None:
    """Work out at once what of these members' awards waits; rows in id order."""
    for member_id in sorted(member_ids):
        members_store.lock_member(work, member_id)
        scoring.withhold_locked(work, member_id)


def _case_to_decide(work: Work, command: Decide) -> Case:
    if not members.roles_of(work, command.by) & REVIEWERS:
        raise NotACaseReviewer("Only a moderator or an admin decides on cases.")
    case = store.lock_case(work, command.case_id)
    if case is None:
        raise UnknownCase("There is no such case.")
    if command.by in case.members:
        raise NotACaseReviewer("Nobody decides on a case about themselves.")
    return case


def _word_counts(work: Work, case: Case) -> bool:
    proposer = [] if case.proposed_by is None else [case.proposed_by]
    return bool(whose_word_counts(work, proposer, REVIEWERS))


def _take(work: Work, command: Decide, state: State, words: str) -> Case:
    store.set_state(work, command.case_id, state, command.by)
    store.insert_act(work, command.case_id, _ACTS[state], command.by, words)
    return _again(work, command.case_id)


def _again(work: Work, case_id: UUID) -> Case:
    case = store.lock_case(work, case_id)
    assert case is not None, "it was there before"
    return case


def _first_id(seconds: float) -> UUID:
    """The least id that a fact recorded then may have: version 7 begins with milliseconds."""
    return UUID(int=int(seconds * 1000) << 80)
