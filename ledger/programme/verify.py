"""What must hold of stored programmes: each text is the one that its hash stands for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ledger.kernel.transaction import Work
from ledger.programme import store
from ledger.programme.service import is_unaltered
from ledger.verify.checks import Check
from ledger.verify.model import Finding

NAME: Final = "programmes"


def check_programmes(work: Work) -> Iterator[Finding]:
    """Whoever approved or voted for a hash meant that text, and awards are scored by it."""
    for stored in store.all_programmes(work):
        if not is_unaltered(stored):
            row = f"0x{stored.programme_hash.hex()}"
            yield Finding(NAME, "programmes", row, "the text is not what this hash stands for")


PROGRAMME_CHECKS: Final = (Check(NAME, check_programmes),)
