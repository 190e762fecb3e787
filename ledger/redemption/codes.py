"""Single-use codes: a held discount for a checkout that cannot call us while it sells.

A code is a hold with a name that only its bearer knows. It is issued by the member whose points
are held, for an order or for products and an amount; the shop uses it once, for an order that it
states with its own key; unused, its hold ends like any other.

    issue ──▶ (a redemption HELD on "code:cod_…") ──use──▶ CAPTURED on the shop's order
                └── cancel ──▶ RELEASED      └── time passes ──▶ EXPIRED

Using one is in ``code_use``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction
from typing import Final
from uuid import UUID

from ledger.consents.service import require_terms
from ledger.events.catalogue import may_assert
from ledger.events.errors import UnknownSource
from ledger.events.model import Source
from ledger.events.sources import service as sources
from ledger.events.sources import store as sources_store
from ledger.journal.service import lock_head
from ledger.kernel.canonical import Json, digest
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.lots import service as lots
from ledger.lots.model import HoldPurpose, PlaceHold
from ledger.members import store as members_store
from ledger.members.model import MemberNotActive, MemberStatus
from ledger.members.persons import store as persons
from ledger.redemption import code_store, store
from ledger.redemption.checkout import HoldRedemption, Redeeming
from ledger.redemption.code_store import StoredCode
from ledger.redemption.code_text import code_of, digest_of_code
from ledger.redemption.errors import (
    CodeAboveLimit,
    CodesNotOffered,
    CodeUnknown,
    CodeUsed,
    RedeemingNotOffered,
    RedeemingSwitchedOff,
)
from ledger.redemption.model import Redemption, RedemptionState, decide_release
from ledger.redemption.offers import ORDER_SIGNED, Terms, terms_in_force
from ledger.redemption.pricing import Allowance, points_up
from ledger.redemption.service import give_back, require_unlisted, why
from ledger.redemption.store import StoredOrder
from ledger.redemption.terms import format_rate

CODE_NUMBER: Final = "code:"
"""What the order's number of a redemption begins with while its code is unused."""


@dataclass(frozen=True, slots=True)
class IssueCode:
    """A code worth ``discount_minor`` at ``source`` (by name), for products of these patterns."""

    member_id: UUID
    source: str
    currency: str
    discount_minor: int
    products: tuple[str, ...] = ("*",)
    life: timedelta | None = None


@dataclass(frozen=True, slots=True)
class IssueOrderCode:
    """A code that carries what a quote promised for a signed order."""

    hold: HoldRedemption
    life: timedelta | None = None


@dataclass(frozen=True, slots=True)
class CancelCode:
    """The member takes an unused code back."""

    member_id: UUID
    code_id: UUID


@dataclass(frozen=True, slots=True)
class CodeIssued:
    """A fresh code; ``text`` is told once and not kept."""

    code: StoredCode
    redemption: Redemption
    text: str


@dataclass(frozen=True, slots=True)
class CodesOffered:
    """Where codes may be used (sources' names), and how long they live.

    ``rates``: what a point is worth at least, whatever product a code is used for.
    """

    shops: tuple[str, ...]
    rates: Mapping[str, Fraction]
    days: int

    @property
    def currencies(self) -> tuple[str, ...]:
        """The currencies that have a rate."""
        return tuple(sorted(self.rates))


def offered(work: Work) -> CodesOffered | None:
    """What codes can be had now; ``None`` if none can."""
    try:
        terms = terms_in_force(work).redemption
    except (RedeemingNotOffered, RedeemingSwitchedOff):
        return None
    if terms.code_for is None:
        return None
    shops = [
        source.name
        for source in sources_store.list_sources(work)
        if source.state == "active" and may_assert(ORDER_SIGNED, source.authority)
    ]
    rates = {
        currency: terms.least_rate(("*",), currency) or rate
        for currency, rate in terms.rates.items()
    }
    return CodesOffered(tuple(shops), rates, terms.code_for.days)


def issue(work: Work, command: IssueCode) -> CodeIssued:
    """Set the points of a discount aside and name it by a code.

    They are as many as it takes where a point is worth least of all that the code may buy, with
    what rounding up at further rates may take; so it is worth what it says wherever it is used.
    What it does not take returns.

    Raises:
        MemberNotActive: the member is blocked or erased.
        RedeemingSwitchedOff, RedeemingNotOffered, CodesNotOffered: not now, or not here.
        CodeAboveLimit: a bound of the programme or the school leaves less.
        InsufficientPoints: carries the shortfall.
    """
    _require_active(work, command.member_id)
    require_terms(work, command.member_id)
    source = _shop(work, command.source)
    lock_head(work)
    terms = terms_in_force(work)
    life = _life(terms, command.life)
    rate = terms.redemption.least_rate(command.products, command.currency)
    if rate is None:
        raise RedeemingNotOffered(
            f"Points do not buy discounts in {command.currency}.", currency=command.currency
        )
    extra = terms.redemption.extra_points(command.products, command.currency)
    points = points_up(command.discount_minor, rate) + extra
    allowance = terms.allowance(work, command.member_id, command.currency)
    _require_within(terms, allowance, points, command.discount_minor)
    code_id = work.ids.new(work.now)
    redemption = _held(work, command, terms, (source, code_id, rate, points, life))
    lots.place_hold(
        work,
        PlaceHold(
            hold_id=redemption.hold_id,
            member_id=redemption.member_id,
            amount=points,
            purpose=HoldPurpose.REDEMPTION,
            at=work.now,
            expires_at=redemption.expires_at,
            why=why(redemption),
        ),
    )
    store.insert(
        work, redemption, _keep_code_order(work, redemption, command), _promise(redemption, code_id)
    )
    return _issued(work, code_id, redemption, command.products)


def issue_on_order(work: Work, command: IssueOrderCode, redeeming: Redeeming) -> CodeIssued:
    """As ``Redeeming.hold``, and the hold is named by a code and lives as long.

    Raises:
        CodesNotOffered: the programme has no codes; else as ``Redeeming.hold``.
    """
    lock_head(work)
    life = _life(terms_in_force(work), command.life)
    redemption = redeeming.hold(work, replace(command.hold, life=life))
    return _issued(work, work.ids.new(work.now), redemption, None)


def cancel(work: Work, command: CancelCode) -> Redemption:
    """Give the points of an unused code back; again changes nothing.

    Raises:
        CodeUnknown: none of this member's.
        CodeUsed: it was spent.
        CodeListed: a till may honour it from a list.
    """
    lock_head(work)
    code = code_store.find(work, command.code_id)
    redemption = None if code is None else store.lock(work, code.redemption_id)
    if code is None or redemption is None:
        raise unknown_code()
    if persons.person_of(work, redemption.member_id) != command.member_id:
        raise unknown_code()
    require_unused(work, code)
    require_unlisted(work, redemption)
    state = decide_release(redemption, at=work.now)
    return redemption if state is None else give_back(work, redemption, state)


def list_codes(work: Work, member_id: UUID, limit: int) -> list[tuple[StoredCode, Redemption]]:
    """A member's newest codes, never their text, each with where its redemption stands."""
    found = []
    for code in code_store.codes_of_member(work, member_id, limit):
        redemption = store.find(work, code.redemption_id)
        assert redemption is not None, "a code names a redemption"
        found.append((code, redemption))
    return found


def _require_active(work: Work, member_id: UUID) -> None:
    member = members_store.find_member(work, member_id)
    if member is None or member.status is not MemberStatus.ACTIVE:
        status = "unknown" if member is None else member.status.value
        raise MemberNotActive(f"This member is {status}.", status=status)


def _shop(work: Work, name: str) -> Source:
    """The source that may use the code: one that may sign orders.

    Raises:
        CodesNotOffered: none of this name, or one that sells nothing.
    """
    try:
        source = sources.require_source(work, name)
    except UnknownSource as error:
        raise CodesNotOffered(f"There is no shop {name[:64]!r}.", source=name[:64]) from error
    if source.state != "active" or not may_assert(ORDER_SIGNED, source.authority):
        raise CodesNotOffered(f"The shop {name} takes no codes.", source=name)
    return source


def _life(terms: Terms, wanted: timedelta | None) -> timedelta:
    longest = terms.redemption.code_for
    if longest is None:
        raise CodesNotOffered("The programme in force offers no single-use codes.")
    if wanted is not None and not timedelta(0) < wanted <= longest:
        raise CodeAboveLimit(
            f"A code lives at most {longest.days} days.", limited_by="code_days", most=longest.days
        )
    return wanted or longest


def _require_within(terms: Terms, allowance: Allowance, points: Points, minor: int) -> None:
    """The bounds that hold without an order; those of the order are applied when it is used."""
    said = terms.redemption
    bounds = [("max_points", said.max_points), ("member_limit", allowance.member_points)]
    for name, bound in bounds:
        if bound is not None and points > bound:
            most = max(bound.amount, 0)
            raise CodeAboveLimit(
                f"At most {most} points can be set aside.", limited_by=name, most=most
            )
    if points < said.min_points:
        raise CodeAboveLimit(
            f"A code is of at least {said.min_points.amount} points.",
            limited_by="min_points",
            most=said.min_points.amount,
        )
    if allowance.school_minor is not None and minor > allowance.school_minor:
        most = max(allowance.school_minor, 0)
        raise CodeAboveLimit(
            f"The school's ceiling leaves {most} minor units this month.",
            limited_by="school_ceiling",
            most=most,
        )


def _held(
    work: Work,
    command: IssueCode,
    terms: Terms,
    made: tuple[Source, UUID, Fraction, Points, timedelta],
) -> Redemption:
    """Held on an order that is not known yet: it costs what the discount is, until it is."""
    source, code_id, rate, points, life = made
    return Redemption(
        redemption_id=work.ids.new(work.now),
        member_id=command.member_id,
        hold_id=work.ids.new(work.now),
        order_source=source.uri,
        order_number=f"{CODE_NUMBER}{format_id('cod', code_id)}",
        state=RedemptionState.HELD,
        programme_hash=terms.programme_hash,
        rate=format_rate(rate),
        currency=command.currency,
        net_minor=command.discount_minor,
        discount_minor=command.discount_minor,
        points=points,
        refund_grace=terms.redemption.refund_grace,
        created_at=work.now,
        expires_at=work.now + life,
    )


def _keep_code_order(work: Work, redemption: Redemption, command: IssueCode) -> UUID:
    content: dict[str, Json] = {
        "order": redemption.order_number,
        "currency": command.currency,
        "discount_minor": command.discount_minor,
        "products": list(command.products),
    }
    return store.keep_order(
        work,
        StoredOrder(
            source=redemption.order_source,
            number=redemption.order_number,
            digest=digest(content),
            member_id=redemption.member_id,
            currency=redemption.currency,
            net_minor=redemption.net_minor,
            content=content,
        ),
    )


def _promise(redemption: Redemption, code_id: UUID) -> dict[str, Json]:
    """In place of a quote: what the code promises."""
    return {
        "code": format_id("cod", code_id),
        "programme": redemption.programme_hash.hex(),
        "rate": redemption.rate,
        "currency": redemption.currency,
        "points": redemption.points.amount,
        "net_minor": redemption.net_minor,
        "discount_minor": redemption.discount_minor,
        "lines": [],
    }


def _issued(
    work: Work, code_id: UUID, redemption: Redemption, products: tuple[str, ...] | None
) -> CodeIssued:
    text = code_of(work.ids.secret())
    kept = digest_of_code(text)
    assert kept is not None, "a fresh code is one"
    code = StoredCode(
        code_id, redemption.redemption_id, kept, products, redemption.expires_at, work.now
    )
    code_store.insert_code(work, code)
    return CodeIssued(code, redemption, text)


def require_unused(work: Work, code: StoredCode) -> None:
    """Raises: CodeUsed: it was spent; says on what."""
    used = code_store.find_use(work, code.code_id)
    if used is not None:
        raise CodeUsed(
            f"This code was used for order {used.order_number}.",
            order=used.order_number,
            redemption=format_id("red", code.redemption_id),
            used_at=used.used_at.isoformat(),
        )


def unknown_code() -> CodeUnknown:
    """What is said of a code that is none, or not the caller's."""
    return CodeUnknown("There is no such code.")
