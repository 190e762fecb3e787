"""What a visitor came by, read from an address; and what may be kept of it. Pure.

The words are those of the field: ``utm_source``, ``utm_medium``, ``utm_campaign``; who follows a
link of another site without them comes from that host by ``referral``, who came by no link is
``direct``. Whatever could name a person (an address of mail, a long number) is kept as ``other``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from ledger.funnel.model import Channel

WORD_LENGTH_MAX: Final = 64
VISITOR_LIFE: Final = timedelta(days=90)
"""How long a browser that did not sign in is known again."""
ANONYMOUS_LIFE: Final = timedelta(days=760)
"""How long a first visit is counted of which nobody knows any more whose it was: two years."""

DIRECT: Final = Channel("direct", "none")
_OTHER: Final = "other"
_WORD: Final = re.compile(r"[0-9a-zа-яё][0-9a-zа-яё ._~+-]{0,63}\Z")
_LONG_NUMBER: Final = re.compile(r"(?:[0-9][ .+-]?){7}")


@dataclass(frozen=True, slots=True)
class RecordTouch:
    """A visitor who agreed came by ``channel``; ``visitor``: the digest of their cookie."""

    visitor: bytes
    channel: Channel


@dataclass(frozen=True, slots=True)
class LinkTouches:
    """The visitor signed in, and is this member."""

    visitor: bytes
    member_id: UUID


def channel_of(query: Mapping[str, str], referrer: str | None, own_origin: str) -> Channel:
    """What an address of ours was come by: its UTM words, else the host that led there."""
    source = _word(query.get("utm_source", ""))
    medium, campaign = (_word(query.get(f"utm_{name}", "")) for name in ("medium", "campaign"))
    if source or medium or campaign:
        return Channel(source or _OTHER, medium or "none", campaign)
    host = _host(referrer or "")
    if host and host != _host(own_origin):
        return Channel(_word(host.removeprefix("www.")), "referral")
    return DIRECT


def _word(text: str) -> str:
    """The word in small letters; ``other`` for one that may not be kept, empty for none."""
    word = " ".join(text.lower().split())
    if not word:
        return ""
    return word if _WORD.match(word) and not _LONG_NUMBER.search(word) else _OTHER


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
