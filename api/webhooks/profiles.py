"""Every profile a source may have: a literal registry. A new one is a module and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from api.webhooks import discourse, standard_webhooks
from api.webhooks.model import Profile
from ledger.events.errors import SourceSpecInvalid

WEBHOOK_PROFILES: Final[Mapping[str, Profile]] = {
    "standard_webhooks": standard_webhooks.PROFILE,
    "discourse": discourse.PROFILE,
}
BEARER: Final = "bearer"
"""A source that only uses ``POST /v1/events`` with its API key."""


def check_profile(name: str) -> None:
    """Return if sources can have this profile.

    Raises:
        SourceSpecInvalid: names those there are.
    """
    known = (*WEBHOOK_PROFILES, BEARER)
    if name not in known:
        raise SourceSpecInvalid(f"profile is one of {', '.join(known)}.", field="profile")
