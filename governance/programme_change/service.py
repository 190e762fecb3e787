"""From the registry's event to the version in force.

    ProgrammeActivated, final ──▶ activated
                             ├──▶ file_missing ──file stored──▶ activated
                             │    (or another text is stored under its hash)
                             └──▶ refused (it cannot follow the version in force)

Whatever happens is recorded with its reason; the programme in force changes in the first case only.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from governance.programme_change import store
from governance.programme_change.model import ProgrammeVote, VoteOutcome
from ledger.kernel.canonical import Json
from ledger.kernel.errors import VkladError
from ledger.kernel.transaction import Work
from ledger.programme import service as programmes
from oracle.bindings import programme_registry
from oracle.indexer import store as indexer_store
from oracle.indexer.model import ChainEvent

REGISTRY: Final = "ProgrammeRegistry"
ACTIVATED_EVENT: Final = "ProgrammeActivated"
RETRIES_MAX: Final = 100


def on_programme_activated(work: Work, chain_key: int, event: ChainEvent) -> None:
    """Act on a final ``ProgrammeActivated``; the indexer calls this once per event."""
    voted = programme_registry.ProgrammeActivated.of(event)
    _try(
        work,
        chain_key,
        ProgrammeVote(
            voted.number,
            voted.programme,
            datetime.fromtimestamp(voted.effective_at, UTC),
            event.transaction_hash,
            VoteOutcome.FILE_MISSING,
            "",
        ),
        attempt=1,
    )


def retry_missing(work: Work) -> int:
    """Activate what was voted in before its file was stored; how many."""
    known = indexer_store.chain_in_use(work)
    if known is None:
        return 0
    done = 0
    for vote, attempts in store.missing(work, known.chain_key, RETRIES_MAX):
        if programmes.is_stored(work, vote.programme_hash):
            done += _try(work, known.chain_key, vote, attempt=attempts + 1)
    return done


def programme_votes(work: Work) -> list[ProgrammeVote]:
    """Executed programme votes with their last outcome, newest first."""
    known = indexer_store.chain_in_use(work)
    return [] if known is None else store.latest(work, known.chain_key)


def _try(work: Work, chain_key: int, vote: ProgrammeVote, *, attempt: int) -> bool:
    cause: Json = {
        "kind": "vote",
        "chain_key": chain_key,
        "number": vote.number,
        "transaction": f"0x{vote.transaction_hash.hex()}",
    }
    outcome, reason = VoteOutcome.ACTIVATED, ""
    savepoint = work.connection.begin_nested()
    try:
        programmes.activate(
            work, programmes.Activate(vote.programme_hash, vote.effective_at, cause)
        )
        savepoint.commit()
    except (programmes.UnknownProgramme, programmes.ProgrammeAltered) as error:
        savepoint.rollback()
        outcome, reason = VoteOutcome.FILE_MISSING, error.message
    except VkladError as error:
        savepoint.rollback()
        outcome, reason = VoteOutcome.REFUSED, error.message
    store.insert(work, chain_key, attempt, replace(vote, outcome=outcome, reason=reason))
    return outcome is VoteOutcome.ACTIVATED
