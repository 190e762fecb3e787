"""What a check is: a name, and a function of one snapshot of the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ledger.kernel.transaction import Work
from ledger.verify.model import Finding


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
