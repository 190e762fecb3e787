"""The entries by which a budget comes from a pool and what is left of it goes back. Pure."""

from __future__ import annotations

from uuid import UUID

from governance.projects.model import Project, funding_why, return_why
from ledger.journal.model import AccountKey, EntryDraft, EntryKind, Posting
from ledger.kernel.canonical import Json, canonical_json
from ledger.kernel.ids import derived_id
from ledger.kernel.units import Points


def funding_entry_id(project: Project) -> UUID:
    """The id of the entry that gives a project its budget; a project has one budget."""
    return derived_id(project.proposed_at, EntryKind.PROJECT_FUNDING, str(project.project_id))


def funding_entry(project: Project) -> EntryDraft:
    """The entry that gives a project its budget."""
    assert project.funded_by is not None, "funded by somebody"
    assert project.funded_at is not None, "at a time"
    return EntryDraft(
        funding_entry_id(project),
        EntryKind.PROJECT_FUNDING,
        (Posting(AccountKey(project.pool), project.account, project.budget),),
        project.funded_at,
        _cause(funding_why(project, project.funded_by)),
    )


def return_entry(project: Project, left: Points) -> EntryDraft:
    """The entry that gives what is left of a closed project's budget back to its pool."""
    assert project.closed_by is not None, "closed by somebody"
    assert project.closed_at is not None, "at a time"
    return EntryDraft(
        derived_id(project.closed_at, EntryKind.PROJECT_RETURN, str(project.project_id)),
        EntryKind.PROJECT_RETURN,
        (Posting(project.account, AccountKey(project.pool), left),),
        project.closed_at,
        _cause(return_why(project.project_id, project.closed_by)),
        cites=project.funding_entry_id,
    )


def _cause(why: Json) -> str:
    return canonical_json({"why": why}).decode()
