"""The owner's yes to a restatement, which can take points away: to one preview of what it does."""

from __future__ import annotations

from ledger.kernel.canonical import Json
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.members.model import Role
from ledger.members.roles.words import require_word
from ledger.programme.store import StoredChange


class ConsentMissing(VkladError):
    """A restatement is to be approved that the owner has not agreed to, having seen a preview."""

    code = "consent_missing"
    kind = ErrorKind.CONFLICT


class ConsentGiven(VkladError):
    """The consent was given before, or none is asked for."""

    code = "consent_given"
    kind = ErrorKind.CONFLICT


def require_consent(work: Work, change: StoredChange) -> None:
    """Return if it may be approved as far as the owner is concerned.

    Raises:
        ConsentMissing: it is a restatement nobody has agreed to.
        WordCountsNoLonger: whoever agreed may not do so any more.
    """
    if change.consented_by is not None:
        require_word(work, change.consented_by, (Role.ADMIN, Role.OWNER))
    elif change.mode == "restatement":
        raise ConsentMissing(
            "A restatement can take points away. Look at its preview and agree to that one first."
        )


def told_of(change: StoredChange) -> dict[str, Json]:
    """Who agreed, and the digest of the preview they had seen."""
    if change.consented_by is None or change.preview_digest is None:
        return {}
    return {
        "consented_by": format_id("mem", change.consented_by),
        "preview_digest": change.preview_digest.hex(),
    }
