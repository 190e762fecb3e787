"""A refund of a redemption as a fact of its shop: what the order earned goes back too.

The shop told us of the refund with its own key; if two admins let it state ``shop.order.refunded``,
that is stated in its name. ``data.refund`` is the shop's own id of the refund: if the shop also
tells the event itself, a programme with ``once_per: data.refund`` counts it once. Whichever
number a programme reads, it is there: the money in minor units and in whole ones.
"""

from __future__ import annotations

from typing import Final

from ledger.events import service as events
from ledger.events.admission import admit
from ledger.events.catalogue import may_assert
from ledger.events.errors import EventInvalid
from ledger.events.model import ANY, AcceptEvents, Authority, IncomingEvent, OnConflict
from ledger.events.sources import store as sources
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.kernel.units import Money
from ledger.members import store as members
from ledger.members.model import LinkedIdentity
from ledger.members.persons import store as persons
from ledger.redemption.model import Redemption
from ledger.redemption.store import StoredRefund

REFUNDED: Final = "shop.order.refunded"


def lock_for_facts(work: Work) -> None:
    """What stating a fact locks, to be taken before the journal's turn."""
    members.lock_membership_shared(work)


def state_refund(work: Work, redemption: Redemption, refund: StoredRefund) -> bool:
    """State the fact; False if no money went back, the source may not, or names no such member.

    An order or refund whose own name no event may carry is not stated either: points come back
    whatever its name is, and the shop tells such a refund itself.
    """
    back = _money_back(redemption, refund)
    if not back.amount_minor:
        return False
    source = sources.source_by_uri(work, redemption.order_source)
    if source is None or not may_assert(REFUNDED, source.authority):
        return False
    person = persons.person_of(work, redemption.member_id)
    subject = _named(members.identities_of_member(work, person), source.authority)
    if subject is None:
        return False
    event = IncomingEvent(
        id=format_id("rfd", refund.refund_id),
        type=REFUNDED,
        subject=subject,
        time=Instant.of(work.now),
        data={
            "order": redemption.order_number,
            "refund": refund.source_refund_id,
            "currency": back.currency,
            "amount": back.major,
            "amount_minor": back.amount_minor,
        },
    )
    try:
        admitted = admit(source, [event], work.now)
    except EventInvalid:
        return False
    command = AcceptEvents(source, admitted, OnConflict.REPORT, budgeted=False)
    events.accept_events(work, command)
    return True


def _money_back(redemption: Redemption, refund: StoredRefund) -> Money:
    """What the member got back in money; what was paid in points alone is counted by its discount.

    Points come back for that, and nothing that money earned is lost with them.
    """
    if refund.lines is None:
        minor = refund.amount_minor if redemption.paid_minor else 0
    else:
        minor = sum(
            refund.lines.get(each.line_id, 0) for each in redemption.lines if each.paid_minor
        )
    return Money(minor, redemption.currency)


def _named(identities: list[LinkedIdentity], authority: Authority) -> str | None:
    """The member as the source may name them; the identity linked first, if there are several."""
    for identity in identities:
        key = identity.key
        if key is not None and key.issuer == authority.issuers.get(
            key.provider, authority.issuers.get(ANY)
        ):
            return f"{key.provider}:{key.subject}"
    return None
