"""What checks find, as values."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that breaks a rule: which table and row, and what is wrong with it."""

    check: str
    table: str
    row: str
    problem: str

    def __str__(self) -> str:
        """As the command line prints it."""
        return f"{self.check}: {self.table} {self.row}: {self.problem}"


@dataclass(frozen=True, slots=True)
class Report:
    """The first finding of each check that found something; none means all rules hold.

    ``checks`` were run; after a foundation that does not hold, the rest are not.
    """

    checks: tuple[str, ...]
    transfers: int
    findings: tuple[Finding, ...]
