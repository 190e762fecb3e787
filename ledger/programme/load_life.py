"""From the checked shape of the sections about the life of points to frozen values."""

from __future__ import annotations

from ledger.programme.model_life import EndOf, OnDay, Term, Validity
from ledger.programme.schema_life import EndOfFile, OnDayFile
from ledger.programme.schema_terms import TermFile


def term(file: TermFile | None) -> Term | None:
    """A length of life; ``None`` if none is stated."""
    return None if file is None else Term(file.years, file.months, file.days)


def validity(file: TermFile | EndOfFile | OnDayFile | None) -> Validity | None:
    """How long points last; ``None`` if nothing is stated."""
    if isinstance(file, EndOfFile):
        return EndOf(file.end_of, term(file.after))
    if isinstance(file, OnDayFile):
        *year, month, day = (int(part) for part in file.on.split("-"))
        return OnDay(month, day, year[0] if year else None)
    return term(file)
