"""Issuing tokens to a source's server, and telling what one that came back is for.

Everything that a token rests on is looked at again whenever it is used: an origin that was ended, a
source that was switched off and a member who was blocked end it at once.
"""

from __future__ import annotations

from dataclasses import dataclass

from api.auth.model import secret_digest
from api.embedding import store
from api.embedding.model import (
    TOKEN_LIFE,
    TOKEN_PREFIX,
    EmbedMemberUnknown,
    EmbedPurpose,
    EmbedToken,
    EmbedTokenRefused,
    IssuedEmbedToken,
    IssueEmbedToken,
    PurposeMissing,
)
from ledger.events.errors import SourceSuspended
from ledger.events.origins import store as origins
from ledger.events.origins.service import require_registered
from ledger.events.sources import service as sources
from ledger.events.sources.model import SecretBox
from ledger.kernel.transaction import Database, Work, execute
from ledger.members import service as members
from ledger.members.model import Member, MemberNotActive, MemberStatus
from ledger.members.naming import read_identity
from ledger.redemption.errors import OrderForAnotherMember
from ledger.redemption.offers import Caller, open_order


@dataclass(frozen=True, slots=True)
class Issuing:
    """The use case that opens orders: it needs the keys of the sources' secrets."""

    box: SecretBox

    def issue(self, work: Work, command: IssueEmbedToken) -> IssuedEmbedToken:
        """A token for one member and one page.

        Raises:
            UnknownSource, SourceHasNoDoor, SourceSuspended: nobody to issue one for.
            OriginNotRegistered: two persons have not agreed on the page's origin.
            BadIdentity: not an identity that the source may speak for.
            EmbedMemberUnknown: nobody has linked it.
            MemberNotActive: the member is blocked or erased.
            OrderForged, OrderMalformed, OrderExpired, OrderForAnotherMember: see ``open_order``.
        """
        source = sources.require_door(work, command.source)
        if source.state != "active":
            raise SourceSuspended("This source is switched off.", name=source.name)
        require_registered(work, source.uri, command.origin)
        key = read_identity(command.identity, source.authority.issuers)
        member = _active(members.member_of(work, key))
        if command.order is not None:
            bought = open_order(work, command.order, Caller(source=source.uri), self.box)
            if bought.member_id != member.member_id:
                raise OrderForAnotherMember(
                    f"Order {bought.order.number} is another member's than the token would be.",
                    order=bought.order.number,
                )
        text = f"{TOKEN_PREFIX}{work.ids.secret()}"
        expires_at = work.now + TOKEN_LIFE
        token = EmbedToken(
            member.member_id,
            source.uri,
            command.origin,
            command.purposes,
            command.order,
            expires_at,
        )
        store.insert_token(work, secret_digest(text), token)
        return IssuedEmbedToken(text, expires_at)


def holder_of(work: Work, text: str, origin: str) -> EmbedToken:
    """What a token is for that our frame sent from a page of ``origin``.

    Raises:
        EmbedTokenRefused: unknown, over, of another origin; or what it rests on has ended.
    """
    found = store.token_by_digest(work, secret_digest(text))
    if (
        found is None
        or work.now >= found.expires_at
        or found.origin != origin
        or not origins.is_registered(work, origin, found.source)
        or members.require_member(work, found.member_id).status is not MemberStatus.ACTIVE
    ):
        raise EmbedTokenRefused("The token is unknown, over or not of this page.")
    return found


def require_purpose(token: EmbedToken, purpose: EmbedPurpose) -> None:
    """Nothing, where the token is for this.

    Raises:
        PurposeMissing: it is not.
    """
    if purpose not in token.purposes:
        raise PurposeMissing(f"This token is not for {purpose}.", purpose=purpose)


def forget_expired(database: Database) -> int:
    """Delete tokens past their end, and the orders in them; how many. Each is refused already."""

    def forget(work: Work, _: None) -> int:
        return store.delete_expired(work)

    return execute(database, forget, None)


def _active(member: Member | None) -> Member:
    if member is None:
        raise EmbedMemberUnknown("Nobody has linked this identity here yet.")
    if member.status is not MemberStatus.ACTIVE:
        raise MemberNotActive(f"This member is {member.status}.", status=member.status)
    return member
