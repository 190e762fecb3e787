"""What a check is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ledger.kernel.transaction import Work


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
class Check:
    """A named check. ``run`` yields what it finds, in the order of the table it walks.

    It reads one consistent snapshot, as a stream: the memory it needs does not grow with the
    number of rows, a few dozen bytes an account aside. A check may rely on what a ``foundation``
    before it established.
    """

    name: str
    run: Callable[[Work], Iterator[Finding]]
    foundation: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """The first finding of each check that found something; none means all rules hold.

    ``checks`` were run; after a foundation that does not hold, the rest are not.
    """

    checks: tuple[str, ...]
    transfers: int
    findings: tuple[Finding, ...]
