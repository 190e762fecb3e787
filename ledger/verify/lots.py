"""Lots against the journal: their terms, and rule 3, that their seven parts add up. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from ledger.kernel.canonical import Json
from ledger.lots.model import Lot
from ledger.lots.sheet import lot_terms
from ledger.verify.model import Finding

NAME: Final = "lots"


class StoredLot(NamedTuple):
    """A lot with the cause and time of the entry that granted it, ``None`` if there is none."""

    lot: Lot
    created_at: datetime
    cause: str | None
    recorded_at: datetime | None


class LotFlow(NamedTuple):
    """Where the journal says a lot's points are.

    ``granted`` is ``None`` if the lot has accounts but no row. ``funded`` came in by its granting
    entry; ``elsewhere`` is the net flow to accounts that no lot's points may go to or come from.
    """

    lot_id: UUID
    granted: int | None
    funded: int
    own: int
    spent: int
    expired: int
    revoked: int
    bridged: int
    elsewhere: int


def check_terms(lots: Iterable[StoredLot]) -> Iterator[Finding]:
    """What is wrong with each lot whose row does not say what the entry that granted it says."""
    for stored in lots:
        problem = _terms_problem(stored)
        if problem is not None:
            yield Finding(NAME, "lots", str(stored.lot.lot_id), problem)


def check_flows(flows: Iterable[LotFlow]) -> Iterator[Finding]:
    """Pending + available + held + spent + expired + revoked + bridged = granted, none negative."""
    for flow in flows:
        problem = _flow_problem(flow)
        if problem is not None:
            yield Finding(NAME, "lots", str(flow.lot_id), problem)


def _terms_problem(stored: StoredLot) -> str | None:
    lot = stored.lot
    if stored.cause is None:
        return f"was granted by entry {lot.entry_id}, which is not in the journal"
    if stored.created_at != stored.recorded_at:
        return f"was created at another time than its entry was recorded, {stored.recorded_at}"
    stated = _stated(stored.cause, str(lot.lot_id))
    if stated is None:
        return f"is not among the lots that entry {lot.entry_id} granted"
    terms = lot_terms(lot)
    differing = [name for name in terms if terms[name] != stated.get(name)]
    if differing:
        return f"differs from what its entry states in {', '.join(differing)}"
    return None


def _stated(cause: str, lot_id: str) -> dict[str, Json] | None:
    lots = json.loads(cause).get("lots", [])
    return next((terms for terms in lots if terms["lot"] == lot_id), None)


def _flow_problem(flow: LotFlow) -> str | None:
    if flow.granted is None:
        return "has accounts, but no row"
    if flow.funded != flow.granted:
        return f"was granted {flow.granted} points, and its entry funded it with {flow.funded}"
    if flow.elsewhere:
        return f"sent {flow.elsewhere} points to accounts that are no part of a lot"
    parts = (flow.own, flow.spent, flow.expired, flow.revoked, flow.bridged)
    if min(parts) < 0:
        return (
            f"has a negative part: own {flow.own}, spent {flow.spent}, expired {flow.expired}, "
            f"revoked {flow.revoked}, bridged {flow.bridged}"
        )
    if sum(parts) != flow.granted:
        return f"has parts that add up to {sum(parts)}; {flow.granted} were granted"
    return None
