"""Links that work once: issued with what they carry, spent by whoever opens them first."""

from __future__ import annotations

import hashlib

from ledger.kernel.canonical import Json
from ledger.kernel.transaction import Work
from ledger.members.links import store
from ledger.members.model import (
    LINK_LIFETIME_MAX,
    IssuedLink,
    IssueLink,
    LinkSpent,
    UnknownLink,
    UseLink,
)


def issue_link(work: Work, command: IssueLink) -> IssuedLink:
    """Make a one-time link; the token in the answer is shown once and kept nowhere."""
    assert command.lifetime <= LINK_LIFETIME_MAX, "a link lives LINK_LIFETIME_MAX at most"
    token = work.ids.secret()
    expires_at = work.now + command.lifetime
    store.insert_one_time_link(work, _digest(token), command.purpose, command.payload, expires_at)
    return IssuedLink(token, expires_at)


def use_link(work: Work, command: UseLink) -> Json:
    """Spend a link; what it carried.

    Raises:
        UnknownLink: no such link for this purpose.
        LinkSpent: used before, or too late.
    """
    digest = _digest(command.token)
    found = store.lock_one_time_link(work, digest, command.purpose)
    if found is None:
        raise UnknownLink("This link is not one of ours.")
    payload, expires_at, used_at = found
    if used_at is not None or work.now >= expires_at:
        raise LinkSpent("This link was used or its time is over. Ask for a new one.")
    store.mark_one_time_link(work, digest)
    return payload


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
