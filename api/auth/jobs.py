"""What is done by the clock for sign-in: forgetting what has ended."""

from __future__ import annotations

from api.auth import store
from ledger.kernel.transaction import Database, Work, execute


def forget_expired(database: Database) -> int:
    """Delete sessions, tokens, sign-ins, nonces and link proofs past their end; how many.

    Each is refused by its own end already, so this is housekeeping and may run late.
    """

    def forget(work: Work, _: None) -> int:
        return store.delete_expired(work)

    return execute(database, forget, None)
