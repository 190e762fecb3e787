"""Reading ``provider:subject``, as sources name people, under what a source may speak for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from ledger.members.model import BadIdentity, IdentityKey, check_key

ANY_PROVIDER: Final = "*"
_PROVIDER: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}\Z", re.ASCII)


def read_identity(text: str, issuers: Mapping[str, str]) -> IdentityKey:
    """Whom ``text`` names; ``issuers`` by provider, ``*`` for every other provider.

    Raises:
        BadIdentity: not of that form, or of a provider without an issuer.
    """
    provider, colon, subject = text.partition(":")
    issuer = issuers.get(provider, issuers.get(ANY_PROVIDER))
    if not colon or issuer is None or not _PROVIDER.match(provider):
        raise BadIdentity(
            "An identity is a provider that its source may speak for, a colon and a subject, "
            "as in lms:1042.",
            part="provider",
        )
    return check_key(IdentityKey(provider, issuer, subject))
