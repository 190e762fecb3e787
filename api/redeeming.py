"""Redeeming composed: the use cases with their keys and ports, who calls, and JSON of the answers.

Shared by the routes and the pages. The key of quotes is derived from the installation's secret, so
every process can verify what another signed; a new secret ends all open quotes, which live minutes.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Final

from api.auth.model import Principal, Role
from api.http.parts import Parts
from api.webhooks.secret_box import FernetBox
from ledger.kernel.canonical import Json
from ledger.kernel.ids import format_id
from ledger.redemption.checkout import QuoteGiven, Redeeming
from ledger.redemption.code_store import StoredCode
from ledger.redemption.lines import lines_json
from ledger.redemption.model import CAPTURED_STATES, Redemption
from ledger.redemption.offers import Caller
from ledger.redemption.quotes import QuoteKeys, quote_json
from ledger.redemption.service import RefundMade
from ledger.redemption.store import StoredRefund

READERS: Final = frozenset({Role.ADMIN.value, Role.AUDITOR.value})


def quote_keys(secret: bytes) -> QuoteKeys:
    """The keys of quotes of an installation with this secret; the key's id is its fingerprint."""
    key = hmac.digest(secret, b"vklad.quote", hashlib.sha256)
    key_id = hashlib.sha256(key).hexdigest()[:16]
    return QuoteKeys(key_id, {key_id: key})


def redeeming_of(parts: Parts) -> Redeeming:
    """The use cases of an installation."""
    return Redeeming(quote_keys(parts.secret), FernetBox(parts.secret))


def caller_of(principal: Principal) -> Caller:
    """A person acts for themselves, a machine for its source; one of none only looks."""
    return Caller(principal.member_id, principal.source)


def reader_of(principal: Principal) -> Caller:
    """As :func:`caller_of`, but admins and auditors may look at everything."""
    return Caller() if principal.roles & READERS else caller_of(principal)


def quote_answer(given: QuoteGiven) -> dict[str, Json]:
    """The quote, its signed form, and why the discount is not larger."""
    priced = given.offer.priced
    return {
        **quote_json(given.offer.quote),
        "token": given.token,
        "points_max": priced.points_max.amount,
        "discount_max_minor": priced.discount_max_minor,
        "limited_by": priced.limited_by,
        "points_available": given.available.amount,
    }


def redemption_json(redemption: Redemption) -> dict[str, Json]:
    """One redemption. Money in minor units of ``currency``."""
    captured = redemption.state in CAPTURED_STATES
    return {
        "id": format_id("red", redemption.redemption_id),
        "member": format_id("mem", redemption.member_id),
        "hold": format_id("hld", redemption.hold_id),
        "order": {"source": redemption.order_source, "number": redemption.order_number},
        "state": redemption.state.value,
        "programme": redemption.programme_hash.hex(),
        "rate": redemption.rate,
        "currency": redemption.currency,
        "net_minor": redemption.net_minor,
        "discount_minor": redemption.discount_minor,
        "points": redemption.points.amount,
        "expired_points": redemption.expired_points.amount,
        "created_at": _time(redemption.created_at),
        "expires_at": _time(redemption.expires_at),
        "closed_at": None if redemption.closed_at is None else _time(redemption.closed_at),
        "capture": _capture_json(redemption) if captured else None,
    }


def code_json(code: StoredCode, redemption: Redemption) -> dict[str, Json]:
    """A code without its text, and how far it is."""
    return {
        "id": format_id("cod", code.code_id),
        "redemption": format_id("red", redemption.redemption_id),
        "source": redemption.order_source,
        "state": redemption.state.value,
        "currency": redemption.currency,
        "discount_minor": redemption.discount_minor,
        "points": redemption.points.amount,
        "rate": redemption.rate,
        "products": None if code.products is None else list(code.products),
        "issued_at": _time(code.issued_at),
        "expires_at": _time(code.expires_at),
    }


def refund_answer(made: RefundMade) -> dict[str, Json]:
    """A refund and the redemption as it then stands."""
    return {**refund_json(made.refund), "redemption": redemption_json(made.redemption)}


def refund_json(refund: StoredRefund) -> dict[str, Json]:
    """One refund; ``debt_paid`` of its points went on to an open debt."""
    return {
        "id": format_id("rfd", refund.refund_id),
        "refund_id": refund.source_refund_id,
        "amount_minor": refund.amount_minor,
        "points": refund.points.amount,
        "debt_paid": refund.debt_paid.amount,
        "entry": None if refund.entry_id is None else format_id("ent", refund.entry_id),
        "lines": None
        if refund.lines is None
        else [{"id": each, "amount_minor": amount} for each, amount in refund.lines.items()],
        "created_at": _time(refund.recorded_at),
    }


def _capture_json(redemption: Redemption) -> dict[str, Json]:
    assert redemption.captured_at is not None, "what was captured was captured at a time"
    return {
        "discount_minor": redemption.captured_minor,
        "points": redemption.captured_points.amount,
        "paid_minor": redemption.paid_minor,
        "captured_at": _time(redemption.captured_at),
        "refundable_minor": redemption.refundable_minor,
        "refunded_minor": redemption.refunded_minor,
        "returned_points": redemption.returned_points.amount,
        "refunded_by": redemption.refunded_by,
        "lines": lines_json(redemption.lines),
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
