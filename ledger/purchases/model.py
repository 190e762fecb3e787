"""A purchase, and who got what of its price. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ledger.journal.model import AccountKind
from ledger.kernel.canonical import Json
from ledger.kernel.units import Points
from ledger.lots.model import Cause


@dataclass(frozen=True, slots=True)
class PaidShare:
    """What one recipient got, a lot for each life of the points that paid it; of nothing, none."""

    to: str
    points: Points
    member_id: UUID | None
    pool: AccountKind | None
    lot_ids: tuple[UUID, ...]

    def to_json(self) -> dict[str, Json]:
        """As it is stored."""
        return {
            "to": self.to,
            "points": self.points.amount,
            "member": None if self.member_id is None else str(self.member_id),
            "pool": None if self.pool is None else self.pool.value,
            "lots": [str(lot_id) for lot_id in self.lot_ids],
        }


@dataclass(frozen=True, slots=True)
class Purchase:
    """One purchase. ``refund_until`` is inclusive; ``returned_at`` if it was taken back."""

    purchase_id: UUID
    source: str
    number: str
    digest: bytes
    buyer_id: UUID
    rule: str
    points: Points
    shares: tuple[PaidShare, ...]
    programme_hash: bytes
    hold_id: UUID
    made_at: datetime
    refund_until: datetime
    returned_at: datetime | None = None

    def cause_of(self, share: PaidShare) -> Cause:
        """What a recipient's lot exists for."""
        return share_cause(self.purchase_id, share.to)


def share_cause(purchase_id: UUID, to: str) -> Cause:
    """The cause of a recipient's lot: the purchase and the recipient's name in its rule."""
    return Cause("purchase", f"{purchase_id}/{to}")


def share_from(stated: Mapping[str, Any]) -> PaidShare:
    """Back from :meth:`PaidShare.to_json`; purchases first stated one ``lot``, or none."""
    lots = stated["lots"] if "lots" in stated else [lot for lot in [stated["lot"]] if lot]
    return PaidShare(
        to=stated["to"],
        points=Points(stated["points"]),
        member_id=None if stated["member"] is None else UUID(stated["member"]),
        pool=None if stated["pool"] is None else AccountKind(stated["pool"]),
        lot_ids=tuple(UUID(lot) for lot in lots),
    )
