"""Emission against the journal: each day brought what its version says, once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ledger.emission import store
from ledger.emission.service import emission_of, start_of
from ledger.journal import service as journal
from ledger.kernel.transaction import Work
from ledger.programme import service as programmes
from ledger.programme.calendar import Calendar
from ledger.verify.checks import Check
from ledger.verify.model import Finding

NAME: Final = "emission"
_PAGE: Final = 500


def check_emission(work: Work) -> Iterator[Finding]:
    """The entry of each day is what the version in force then makes of it."""
    by_hash = {
        activation.programme_hash: programmes.programme_of(activation)
        for activation in programmes.activations(work)
    }
    days = list(store.days(work))
    for start in range(0, len(days), _PAGE):
        page = days[start : start + _PAGE]
        entries = journal.entries(work, [day.entry_id for day in page])
        for day in page:
            programme = by_hash.get(day.programme_hash)
            wanted = None
            if programme is not None:
                moment = start_of(day.day, Calendar(programme.zone))
                wanted = emission_of(programme, day.day, moment)
            posted = entries.get(day.entry_id)
            if wanted is None or posted is None or posted.draft != wanted:
                problem = "brought something else than its programme says"
                yield Finding(NAME, "emissions", day.day.isoformat(), problem)
            elif day.points != sum(posting.amount.amount for posting in wanted.postings):
                problem = f"says that it brought {day.points} points, which its entry does not"
                yield Finding(NAME, "emissions", day.day.isoformat(), problem)
    for entry_id in store.unnamed_entries(work):
        problem = "brings points, and no day names it"
        yield Finding(NAME, "transfers", f"of entry {entry_id}", problem)


EMISSION_CHECKS: Final = (Check(NAME, check_emission),)
