"""Run checks over one snapshot of the database, and say which row breaks which rule first."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final
from uuid import UUID

from ledger.grants import store as grants_store
from ledger.grants.budgets import store as budgets_store
from ledger.grants.taking_back.verify import TAKE_BACK_CHECKS
from ledger.journal import service as journal
from ledger.journal import store as journal_store
from ledger.journal.model import EntryKind
from ledger.kernel.transaction import Database, Work
from ledger.lots import store as lots_store
from ledger.members.persons import store as persons
from ledger.verify import awards, chain, grants, holds, lots, store, triggers
from ledger.verify.checks import Check
from ledger.verify.model import Finding, Report
from ledger.verify.side_by_side import Found, run_side_by_side

_HOLDS_PAGE: Final = 500
_GRANTS_PAGE: Final = 50
_MINTING: Final = (
    EntryKind.AWARD,
    EntryKind.GRANT,
    EntryKind.CORRECTION,
    EntryKind.EMISSION,
    EntryKind.REFERRAL,
    EntryKind.SPLIT_RETURN,
    EntryKind.PROJECT_FUNDING,
)
"""Kinds of entries that may pay from issuance or a pool (rule 10)."""


def verify(
    database: Database,
    checks: Sequence[Check],
    *,
    progress: Callable[[str], None] = lambda _: None,
    processes: int = 1,
) -> Report:
    """Run each check up to its first finding; all of them over the same snapshot.

    ``progress`` is told the name of each check as it begins. With more than one of ``processes``
    checks run side by side, and the report is the same.
    """
    with database.read() as work:
        found: Found = {}
        if processes > 1:
            found = run_side_by_side(database, work, checks, processes, progress)
        return _report(work, checks, found, progress)


def run_checks(work: Work, checks: Sequence[Check]) -> Report:
    """As :func:`verify`, on a snapshot that the caller holds."""
    return _report(work, checks, {}, lambda _: None)


def _report(
    work: Work, checks: Sequence[Check], found: Found, progress: Callable[[str], None]
) -> Report:
    """What is found already, and for the other checks what they find now."""
    findings = []
    ran = []
    transfers = journal_store.read_head(work).sequence
    for number, check in enumerate(checks):
        ran.append(check.name)
        if number in found:
            first = found[number]
        else:
            progress(check.name)
            first = next(check.run(work), None)
        if first is not None:
            findings.append(first)
            if check.foundation:
                break
    return Report(tuple(ran), transfers, tuple(findings))


def check_refusals(expected: frozenset[tuple[str, str]]) -> Check:
    """The check that the database still refuses changes to these (table, trigger)."""

    def run(work: Work) -> Iterator[Finding]:
        return triggers.check_refusals(expected, store.refusal_triggers(work))

    return Check(triggers.NAME, run)


def _chain(work: Work) -> Iterator[Finding]:
    return chain.check_chain(
        journal_store.read_head(work), store.stream_accounts(work), store.stream_transfers(work)
    )


def _lot_terms(work: Work) -> Iterator[Finding]:
    return lots.check_terms(store.stream_differing_lots(work))


def _lot_flows(work: Work) -> Iterator[Finding]:
    return lots.check_flows(store.stream_differing_flows(work))


def _holds(work: Work) -> Iterator[Finding]:
    after = UUID(int=0)
    while page := store.hold_ids_after(work, after, _HOLDS_PAGE):
        found = lots_store.read_holds(work, page)
        ids = {hold.entry_id for hold in found} | {hold.resolution_entry_id for hold in found}
        entries = journal.entries(work, [entry_id for entry_id in ids if entry_id is not None])
        for hold in found:
            resolved = hold.resolution_entry_id
            yield from holds.check_hold(
                hold,
                entries.get(hold.entry_id),
                None if resolved is None else entries.get(resolved),
            )
        after = page[-1]
    for entry_id, kind in store.entries_without_hold(work):
        problem = f"is an entry of kind {kind} whose hold has no row"
        yield Finding(holds.NAME, "transfers", f"of entry {entry_id}", problem)


def _held(work: Work) -> Iterator[Finding]:
    return holds.check_held(store.stream_held(work))


def _returns(work: Work) -> Iterator[Finding]:
    return holds.check_returns(store.stream_returns(work))


def _mints(work: Work) -> Iterator[Finding]:
    for sequence, entry_id, kind in store.unfounded_mints(work, [k.value for k in _MINTING]):
        problem = f"makes points by an entry of kind {kind}, which may not"
        yield Finding("mints", "transfers", f"{sequence} (entry {entry_id})", problem)


def _grants(work: Work) -> Iterator[Finding]:
    asked = {each.budget_id: each for each in budgets_store.all_proposals(work)}
    for proposal in asked.values():
        yield from grants.check_budget_proposal(proposal)
    digests = grants_store.budget_digests(work)
    for budget in grants_store.read_budgets(work):
        yield from grants.check_budget(budget, digests[budget.budget_id], asked[budget.budget_id])
    after = UUID(int=0)
    while page := grants_store.grants_after(work, after, _GRANTS_PAGE):
        named = set().union(*(grants.members_of(grant) for grant in page))
        whose = persons.persons_of(work, named)
        for grant in page:
            entries = journal.entries(work, grants.payment_ids(grant))
            yield from grants.check_grant(grant, entries, whose)
        after = page[-1].grant_id
    for sequence, entry_id in store.grants_unpaid_for(work):
        problem = "is of kind grant, and no paid grant stands behind it"
        yield Finding(grants.NAME, "transfers", f"{sequence} (entry {entry_id})", problem)


def _awards(work: Work) -> Iterator[Finding]:
    yield from awards.check_awards(store.stream_revisions(work))
    for award_id in store.awards_without_revision(work):
        yield Finding(awards.NAME, "awards", str(award_id), "has no revision")
    for sequence, entry_id in store.entries_without_award(work):
        problem = "is of an award, and no revision of one names it"
        yield Finding(awards.NAME, "transfers", f"{sequence} (entry {entry_id})", problem)


JOURNAL_CHECKS: Final = (
    Check("chain", _chain, foundation=True),
    Check("mints", _mints),
    Check("lot terms", _lot_terms),
    Check("lot parts", _lot_flows),
    Check("holds", _holds),
    Check("held points", _held),
    Check("returns", _returns),
)
"""The checks of journal and lots; other rooms have theirs, the command line lists all."""

GRANT_CHECKS: Final = (Check(grants.NAME, _grants), *TAKE_BACK_CHECKS)
"""The checks of grants."""

AWARD_CHECKS: Final = (Check(awards.NAME, _awards),)
"""The checks of what awards were paid."""
