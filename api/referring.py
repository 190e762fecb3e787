"""Guest passes composed: the use cases with their key, and JSON of the answers.

The key of what tells persons and networks apart is derived from the installation's secret, which is
made on the first run; with a new secret earlier hashes compare with nothing any more.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Final

from api.http.parts import Parts
from ledger.kernel.canonical import Json
from ledger.kernel.ids import format_id
from ledger.referral.fingerprints import Fingerprints
from ledger.referral.model import Reason, Referral
from ledger.referral.service import PREFIX, Referrals

_TOLD: Final = frozenset(
    {Reason.SELF_REFERRAL, Reason.GUEST_NOT_NEW, Reason.PAYMENT_REFUNDED, Reason.NOT_SUBSCRIBED}
)
NOT_ACCEPTED: Final = "not_accepted"
"""What members are told where more would explain how to get past."""


def fingerprints(secret: bytes) -> Fingerprints:
    """The keyed hashes of an installation with this secret."""
    return Fingerprints(hmac.digest(secret, b"vklad.referral", hashlib.sha256))


def referrals_of(parts: Parts) -> Referrals:
    """The use cases of an installation."""
    return Referrals(fingerprints(parts.secret))


def told_reason(referral: Referral) -> str | None:
    """Why a pass ended, as a member is told it."""
    if referral.reason is None:
        return None
    return referral.reason.value if referral.reason in _TOLD else NOT_ACCEPTED


def referral_json(referral: Referral) -> dict[str, Json]:
    """One pass, for its inviter or its guest: neither is told who the other is."""
    return {
        "id": format_id(PREFIX, referral.referral_id),
        "state": referral.state.value,
        "reason": told_reason(referral),
        "waits_for": None if referral.waits is None else referral.waits.value,
        "in_review": referral.under_review,
        "issued_at": _time(referral.issued_at),
        "lapses_at": _time(referral.lapses_at),
        "claimed_at": _time(referral.claimed_at),
    }


def review_json(referral: Referral) -> dict[str, Json]:
    """One pass, for moderators."""
    return {
        **referral_json(referral),
        "reason": None if referral.reason is None else referral.reason.value,
        "inviter": format_id("mem", referral.inviter),
        "guest": None if referral.guest is None else format_id("mem", referral.guest),
    }


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
