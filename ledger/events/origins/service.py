"""Registering origins with two persons; ending one takes one person and no delay.

Whoever answers for a page that embeds us decides what stands around a member's confirmation, so an
origin is authority like a key and is approved like one (``credentials``).
"""

from __future__ import annotations

from ledger.events.credentials import service as credentials
from ledger.events.credentials.model import Credential, ProposeCredential
from ledger.events.origins import store
from ledger.events.origins.model import (
    EndOrigin,
    OriginNotRegistered,
    OriginProposedBefore,
    ProposeOrigin,
    UnknownOrigin,
    read_origin,
)
from ledger.events.sources import service as sources
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.members import service as members


def propose_origin(work: Work, command: ProposeOrigin) -> Credential:
    """Ask that pages of an origin may embed us; they may once another admin approved it as read.

    Raises:
        NotAnAdmin: the proposer is none.
        OriginInvalid: it is no origin, or one without encryption.
        UnknownSource, SourceHasNoDoor: there is no source that has pages.
        OriginProposedBefore: the source has this origin, or it waits for approval.
    """
    members.require_admin(work, command.proposed_by)
    origin = read_origin(command.origin)
    source = sources.require_door(work, sources.require_source(work, command.source_name).uri)
    if store.find_open(work, source.uri, origin) is not None:
        raise OriginProposedBefore(
            f"{source.name} has {origin} already, or it waits for approval.", origin=origin
        )
    asked = ProposeCredential(
        work.ids.new(work.now), "origin", source.uri, {"origin": origin}, command.proposed_by
    )
    credential = credentials.propose(work, asked)
    store.insert_origin(work, credential, origin)
    return credential


def end_origin(work: Work, command: EndOrigin) -> None:
    """Let pages of an origin show nothing any more, at once; every token for them ends, too.

    Raises:
        NotAnAdmin: whoever does it is none.
        UnknownOrigin: there is none such, or it was ended before.
    """
    if command.ended_by is not None:
        members.require_admin(work, command.ended_by)
    if not store.end_origin(work, command.origin_id, command.ended_by):
        raise UnknownOrigin(f"There is no live origin {format_id('org', command.origin_id)}.")


def require_registered(work: Work, source: str, origin: str) -> None:
    """Nothing, where pages of ``origin`` may embed us on behalf of the source at this address.

    Raises:
        OriginNotRegistered: two persons have not agreed on it, it was ended, or the source is
            switched off.
    """
    if not store.is_registered(work, origin, source):
        raise OriginNotRegistered(
            "This origin is not registered for this source, or was ended.", origin=origin[:255]
        )
