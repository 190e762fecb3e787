"""Purchases between members composed: the use cases with their keys, and JSON of the answers."""

from __future__ import annotations

from datetime import UTC, datetime

from api.http.parts import Parts
from api.webhooks.secret_box import FernetBox
from ledger.kernel.canonical import Json
from ledger.kernel.ids import format_id
from ledger.purchases.model import Purchase
from ledger.purchases.service import Purchases


def purchases_of(parts: Parts) -> Purchases:
    """The use cases of an installation."""
    return Purchases(FernetBox(parts.secret))


def purchase_json(purchase: Purchase) -> dict[str, Json]:
    """One purchase; a recipient is a member or a pool of the school."""
    return {
        "id": format_id("pur", purchase.purchase_id),
        "buyer": format_id("mem", purchase.buyer_id),
        "source": purchase.source,
        "number": purchase.number,
        "rule": purchase.rule,
        "points": purchase.points.amount,
        "programme": purchase.programme_hash.hex(),
        "shares": [
            {
                "to": share.to,
                "points": share.points.amount,
                "member": None if share.member_id is None else format_id("mem", share.member_id),
                "pool": None if share.pool is None else share.pool.value,
            }
            for share in purchase.shares
        ],
        "made_at": _time(purchase.made_at),
        "refund_until": _time(purchase.refund_until),
        "returned_at": None if purchase.returned_at is None else _time(purchase.returned_at),
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
