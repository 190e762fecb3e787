"""Orders that a vote gives to the installation, and what became of each. Pure.

An order is a document; a proposal names it by its hash and by what it may cost, so that voters can
read it and nobody can change it afterwards. ``contracts/Mandates.sol`` bounds what one order, and
all of a window, come to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from ledger.journal.model import AccountKind
from ledger.kernel.canonical import Json, digest
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.units import Points

POOLS: Final = (
    AccountKind.TREASURY,
    AccountKind.REWARDS,
    AccountKind.STARTUP,
    AccountKind.TEAM,
    AccountKind.LIQUIDITY,
)
"""Accounts that a vote may spend from."""
POINTS_MAX: Final = 2**63 - 1
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


class OrderMalformed(VkladError):
    """A document that is no order, or not the one that the chain names."""

    code = "mandate_order_malformed"
    kind = ErrorKind.INVALID


class OrderOfNothing(VkladError):
    """The document orders nothing that anybody has asked for here."""

    code = "order_of_nothing"
    kind = ErrorKind.CONFLICT


class UnknownOrder(VkladError):
    """No document of this hash is stored."""

    code = "unknown_order"
    kind = ErrorKind.NOT_FOUND


class OrderDiffers(VkladError):
    """The document has the hash that was voted on, but says something else than the vote."""

    code = "order_differs"
    kind = ErrorKind.CONFLICT


@dataclass(frozen=True, slots=True)
class SpendingOrder:
    """Give a project its budget. ``content`` is the digest of the project as it was voted on."""

    pool: AccountKind
    points: Points
    project_id: UUID
    content: bytes

    def document(self) -> dict[str, Json]:
        """What voters read and the hash is of."""
        return {
            "order": "spending",
            "pool": self.pool.value,
            "points": self.points.amount,
            "project": str(self.project_id),
            "content": self.content.hex(),
        }


@dataclass(frozen=True, slots=True)
class BudgetOrder:
    """Open a budget for grants that an admin has asked for; ``content`` is its digest then."""

    points: Points
    budget_id: UUID
    content: bytes

    def document(self) -> dict[str, Json]:
        """What voters read and the hash is of."""
        return {
            "order": "budget",
            "points": self.points.amount,
            "budget": str(self.budget_id),
            "content": self.content.hex(),
        }


Order = SpendingOrder | BudgetOrder


class MandateKind(StrEnum):
    """What the chain was asked to order."""

    SPENDING = "spending"
    BUDGET = "budget"
    TEXT = "text"


class MandateOutcome(StrEnum):
    """What became of a mandate here; ``document_missing`` is tried again."""

    DONE = "done"
    DOCUMENT_MISSING = "document_missing"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Mandate:
    """One final event of ``Mandates``. ``pool`` is as on chain, ``None`` but of spending.

    ``order_hash`` is SHA-256 of the order's document, of a text Keccak-256 of its words.
    """

    number: int
    kind: MandateKind
    order_hash: bytes
    points: int
    pool: bytes | None
    transaction_hash: bytes
    mined_at: datetime


@dataclass(frozen=True, slots=True)
class MandateResult:
    """A mandate with its last outcome; ``reason`` is empty if it was done."""

    mandate: Mandate
    outcome: MandateOutcome
    reason: str


def order_hash(order: Order) -> bytes:
    """SHA-256 of the canonical document, 32 bytes."""
    return digest(order.document())


def pool_on_chain(pool: AccountKind) -> bytes:
    """A pool's name as ``Mandates.spend`` takes it: ASCII, padded to 32 bytes."""
    return pool.value.encode().ljust(32, b"\0")


def read_order(document: Mapping[str, Json]) -> Order:
    """An order from its document.

    Raises:
        OrderMalformed: a member is missing, superfluous, or says what cannot be.
    """
    kinds = {"spending": _spending, "budget": _budget}
    kind = document.get("order")
    if not isinstance(kind, str) or kind not in kinds:
        raise _bad("order", f"Say which order it is: {', '.join(kinds)}.")
    order = kinds[kind](document)
    extra = sorted(set(document) - set(order.document()))
    if extra:
        raise _bad(extra[0], f"An order for {kind} does not know: {', '.join(extra)}.")
    return order


def require_same(order: Order, mandate: Mandate) -> None:
    """See that an order says what the chain ordered by its hash.

    Raises:
        OrderDiffers: another kind, pool or number of points.
    """
    if isinstance(order, SpendingOrder) != (mandate.kind is MandateKind.SPENDING):
        raise OrderDiffers(f"The document is no order for {mandate.kind.value}.")
    if order.points.amount != mandate.points:
        raise OrderDiffers(
            f"The document says {order.points.amount} points, the vote {mandate.points}."
        )
    if isinstance(order, SpendingOrder) and pool_on_chain(order.pool) != mandate.pool:
        raise OrderDiffers(f"The document names the pool {order.pool.value}, the vote another.")


def _spending(document: Mapping[str, Json]) -> Order:
    pool = document.get("pool")
    if not isinstance(pool, str) or pool not in {each.value for each in POOLS}:
        raise _bad("pool", f"Name a pool: {', '.join(each.value for each in POOLS)}.")
    wanted = _id(document, "project")
    return SpendingOrder(AccountKind(pool), _points(document), wanted, _content(document))


def _budget(document: Mapping[str, Json]) -> Order:
    return BudgetOrder(_points(document), _id(document, "budget"), _content(document))


def _id(document: Mapping[str, Json], field: str) -> UUID:
    try:
        return UUID(str(document.get(field)))
    except ValueError:
        raise _bad(field, f"Name the {field} by its UUID.") from None


def _content(document: Mapping[str, Json]) -> bytes:
    content = document.get("content")
    if not isinstance(content, str) or not _SHA256.fullmatch(content):
        raise _bad("content", "The content digest is 64 hexadecimal digits.")
    return bytes.fromhex(content)


def _points(document: Mapping[str, Json]) -> Points:
    points = document.get("points")
    if not isinstance(points, int) or isinstance(points, bool) or not 0 < points <= POINTS_MAX:
        raise _bad("points", "Points are a whole number greater than zero.")
    return Points(points)


def _bad(field: str, sentence: str) -> OrderMalformed:
    return OrderMalformed(sentence, field=field)
