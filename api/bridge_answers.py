"""JSON of what the bridge answers. Points whole; token amounts decimal text; hashes 0x-hex."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from api.guardian_answers import deed_json
from ledger.kernel.canonical import Json
from ledger.kernel.ids import format_id
from ledger.switches.model import SwitchPosition
from oracle.bridge import commands, gaps, resets
from oracle.bridge.gaps_store import AcknowledgedGap
from oracle.bridge.model import Redemption, Reference, Stop
from oracle.bridge.record import FORMAT, OwnRecord
from oracle.bridge.resets_store import ChainReset
from oracle.bridge.service import PREFIX, StageOfRedemption, StageOfRequest
from oracle.chain.typed_data import TypedData
from oracle.contracts.abi import Address, address
from oracle.guardian.record import Deed
from oracle.reconcile.model import ChainSide, LedgerSide, Reconciliation


def request_json(found: StageOfRequest) -> dict[str, Json]:
    """A request and how far it is."""
    request = found.request
    return {
        "id": format_id(PREFIX, request.request_id),
        "member": format_id("mem", request.member_id),
        "wallet": address(request.wallet),
        "points": request.points.amount,
        "token_units": str(request.points.to_token_units().amount),
        "stage": found.stage.value,
        "batch": found.batch_sequence,
        "executable_at": None if found.executable_at is None else _time(found.executable_at),
        "expires_at": None if found.expires_at is None else _time(found.expires_at),
        "reason": found.reason,
        "entry": format_id("ent", request.entry_id),
        "created_at": _time(request.created_at),
    }


def record_json(found: OwnRecord, chain_id: int, bridge: Address) -> dict[str, Json]:
    """The file that ``vklad chain verify-record`` checks."""
    return {
        "format": FORMAT,
        "chain_id": chain_id,
        "bridge": bridge,
        "sequence": found.batch.sequence,
        "records_hash": _hex(found.batch.records_hash),
        "records": _hex(found.batch.records),
        "index": found.index,
        "record": _hex(found.record),
        "wallet": address(found.request.wallet),
        "points": found.request.points.amount,
    }


def reference_json(reference: Reference, message: TypedData, bridge: Address) -> dict[str, Json]:
    """A reference, what to sign so that we send, and what to send oneself."""
    return {
        "reference": _hex(reference.reference),
        "holder": address(reference.holder),
        "points": reference.points.amount,
        "token_units": str(reference.points.to_token_units().amount),
        "deadline_at": _time(datetime.fromtimestamp(reference.deadline_s, UTC)),
        "typed_data": message.as_json(),
        "call": {"to": bridge, "data": _hex(commands.redeem_call(reference)), "value": "0"},
    }


def stage_json(found: StageOfRedemption) -> dict[str, Json]:
    """A redemption asked for, and how far it is."""
    reference, burn = found.reference, found.burn
    return {
        "reference": _hex(reference.reference),
        "holder": address(reference.holder),
        "points": reference.points.amount,
        "stage": found.stage.value,
        "failure": found.failure,
        "burn": None if burn is None else redemption_json(burn),
        "deadline_at": _time(datetime.fromtimestamp(reference.deadline_s, UTC)),
        "created_at": _time(reference.created_at),
    }


def redemption_json(redemption: Redemption) -> dict[str, Json]:
    """Burnt tokens, and what became of them."""
    return {
        "sequence": redemption.sequence,
        "reference": _hex(redemption.reference),
        "holder": redemption.holder,
        "points": redemption.points.amount,
        "state": redemption.state.value,
        "parked_reason": redemption.parked_reason.value if redemption.parked_reason else None,
        "entry": format_id("ent", redemption.entry_id) if redemption.entry_id else None,
        "transaction": _hex(redemption.transaction_hash),
        "recorded_at": _time(redemption.recorded_at),
    }


def status_json(
    stops: Sequence[Stop],
    switch: SwitchPosition,
    ledger: LedgerSide | None,
    found: Reconciliation | None,
    paused: Deed | None,
) -> dict[str, Json]:
    """Whether the bridge is open, and proof of reserve as far as the chain answers."""
    return {
        "open": switch.is_on and not stops,
        "switched_on": switch.is_on,
        "stops": [
            {"reason": stop.reason.value, "message": stop.message, "at": _time(stop.stopped_at)}
            for stop in stops
        ],
        "paused": None if paused is None else deed_json(paused),
        "ledger": None if ledger is None else _ledger_json(ledger),
        "chain": None if found is None else _chain_json(found.chain),
        "balanced": None if found is None else not found.findings(),
        "findings": [] if found is None else list(found.findings()),
    }


def gap_json(gap: AcknowledgedGap) -> dict[str, Json]:
    """Burns that were never read, and who answers for going on without them."""
    return {
        "id": format_id(gaps.PREFIX, gap.gap_id),
        "sequence_from": gap.sequence_from,
        "sequence_to": gap.sequence_to,
        "points": gap.points.amount,
        "reason": gap.reason,
        "proposed_by": format_id("mem", gap.proposed_by),
        "proposed_at": _time(gap.proposed_at),
        "confirmed_by": format_id("mem", gap.confirmed_by) if gap.confirmed_by else None,
        "confirmed_at": _time(gap.confirmed_at) if gap.confirmed_at else None,
    }


def reset_json(reset: ChainReset, confirmed_by: Sequence[object]) -> dict[str, Json]:
    """A prepared reset, to be looked at before it is confirmed."""
    content = resets.as_content(reset)
    return {
        "id": format_id(resets.PREFIX, reset.reset_id),
        "content_digest": reset.content_digest.hex(),
        "content": reset.content,
        "requests": content.requests,
        "points": content.points,
        "confirmations": len(confirmed_by),
        "confirmations_needed": resets.PERSONS_NEEDED,
        "prepared_at": _time(reset.prepared_at),
    }


def _ledger_json(ledger: LedgerSide) -> dict[str, Json]:
    return {
        "escrow_points": ledger.escrow.amount,
        "to_chain_points": ledger.outgoing.amount,
        "minted_points": ledger.minted.amount,
        "credited_points": ledger.credited.amount,
        "parked_points": ledger.parked.amount,
        "in_flight_points": ledger.in_flight.amount,
    }


def _chain_json(chain: ChainSide) -> dict[str, Json]:
    return {
        "block_number": chain.block_number,
        "block_hash": _hex(chain.block_hash),
        "token_supply_units": str(chain.supply.amount),
        "executed_points": chain.executed.amount,
        "redeemed_points": chain.redeemed.amount,
    }


def _hex(value: bytes) -> str:
    return f"0x{value.hex()}"


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
