"""The canonical form of the sections about the life of points."""

from __future__ import annotations

from ledger.kernel.canonical import Json
from ledger.programme.model_life import EndOf, OnDay, Term, Validity


def term_form(term: Term | None) -> Json:
    """Years, months and days."""
    if term is None:
        return None
    return {"years": term.years, "months": term.months, "days": term.days}


def validity_form(validity: Validity | None) -> Json:
    """One of three forms; the one of a length is as it always was."""
    if isinstance(validity, EndOf):
        return {"end_of": validity.span, "after": term_form(validity.after)}
    if isinstance(validity, OnDay):
        return {"on": {"year": validity.year, "month": validity.month, "day": validity.day}}
    return term_form(validity)
