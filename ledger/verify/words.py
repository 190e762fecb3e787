"""Whose word carried what took effect: nobody's who was blocked by then, or had lost the role.

Looked at are grants, imports, budgets, merges and programmes. Whether who stood for them ever had
the role at all is not looked at, nor whether a third person was wanted for the sum.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ledger.kernel.transaction import Work
from ledger.verify.checks import Check
from ledger.verify.model import Finding
from ledger.verify.words_store import lost_words

NAME: Final = "words"


def check_words(work: Work) -> Iterator[Finding]:
    """Everything that two persons carried, by the log of roles, blocks and erasures."""
    for each in lost_words(work):
        problem = f"took effect by the word of {each.person_id}, which did not count any more"
        yield Finding(NAME, each.of, str(each.id), problem)


WORD_CHECKS: Final = (Check(NAME, check_words),)
