"""JSON of who guards and what was stopped. Moments RFC 3339, hashes 0x-hex, proposals decimal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from oracle.guardian.model import Office
from oracle.guardian.record import Deed, Guard


def guardian_json(guard: Guard, deeds: Sequence[Deed], now: datetime) -> dict[str, Json]:
    """Both offices, the pause if there is one, and what was done, newest first."""
    return {
        "offices": [_office_json(office, now) for office in guard.offices],
        "paused": None if guard.paused is None else deed_json(guard.paused),
        "data": [deed_json(deed) for deed in deeds],
        "next_cursor": None,
    }


def deed_json(deed: Deed) -> dict[str, Json]:
    """One thing that was stopped or started."""
    return {
        "kind": deed.kind.value,
        "by": deed.actor.value,
        "account": deed.account,
        "contract": deed.contract,
        "batch": deed.batch,
        "points": deed.points,
        "proposal": None if deed.proposal_id is None else str(deed.proposal_id),
        "term_ends_at": None if deed.term_ends_at is None else _time(deed.term_ends_at),
        "reason": deed.reason,
        "block_number": deed.block_number,
        "at": _time(deed.at),
        "transaction": f"0x{deed.transaction_hash.hex()}",
        "final": deed.is_final,
    }


def _office_json(office: Office, now: datetime) -> dict[str, Json]:
    return {
        "contract": office.contract,
        "guardian": office.guardian,
        "term_ends_at": _time(office.term_ends_at),
        "in_term": office.serves_at(now),
    }


def _time(moment: datetime) -> str:
    return Instant.of(moment).isoformat()
