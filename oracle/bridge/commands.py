"""The bridge's calls as intents of the sender: who sends what under which key. Pure."""

from __future__ import annotations

from typing import Final

from oracle.bindings import points_bridge
from oracle.bridge.model import RECORD_BYTES, Batch, Reference, execution_gas
from oracle.contracts.abi import Address, FunctionCall, address
from oracle.sender.model import SenderRole
from oracle.sender.service import SubmitIntent

ROOM: Final = "bridge"
TOPIC: Final = f"{ROOM}_intents"
"""Outbox topic on which the sender tells that an intent of ours is settled."""
REDEEM_KEYS: Final = f"{ROOM}:redeem:"
"""What the keys of all redemptions by signature begin with."""
_COMMIT_GAS: Final = 300_000
_EXPIRE_GAS: Final = 150_000
_REDEEM_GAS: Final = 400_000


def commit_key(batch: Batch) -> str:
    """A batch is committed at most once, so its intent has one key."""
    return f"{ROOM}:commit:{batch.batch_id}"


def execute_key(batch: Batch) -> str:
    """One key an attempt: an execution may fail and be tried again."""
    return f"{ROOM}:execute:{batch.batch_id}:{batch.attempt}"


def expire_key(batch: Batch) -> str:
    """As :func:`execute_key`."""
    return f"{ROOM}:expire:{batch.batch_id}:{batch.attempt}"


def redeem_key(reference: bytes, attempt_digest: str) -> str:
    """A reference serves once, but a signature that was refused may be followed by another."""
    return f"{REDEEM_KEYS}{reference.hex()}:{attempt_digest}"


def commit(batch: Batch, bridge: Address) -> SubmitIntent:
    """Say what is to be minted."""
    call = points_bridge.commit_batch(
        batch.sequence,
        batch.records_hash,
        batch.points.amount,
        batch.ledger_position,
        batch.escrowed_points.amount,
    )
    return _intent(commit_key(batch), SenderRole.POSTER, bridge, call, _COMMIT_GAS)


def execute(batch: Batch, bridge: Address) -> SubmitIntent:
    """Mint it. Anyone may; the relayer does, so that the poster's key stays rarely used."""
    call = points_bridge.execute_batch(batch.sequence, batch.records)
    gas_limit = execution_gas(len(batch.records) // RECORD_BYTES)
    return _intent(execute_key(batch), SenderRole.RELAYER, bridge, call, gas_limit)


def expire(batch: Batch, bridge: Address) -> SubmitIntent:
    """Write down that it was too late."""
    call = points_bridge.expire_batch(batch.sequence)
    return _intent(expire_key(batch), SenderRole.RELAYER, bridge, call, _EXPIRE_GAS)


def redeem(key: str, reference: Reference, bridge: Address, signature: bytes) -> SubmitIntent:
    """Burn tokens for a holder who signed."""
    call = points_bridge.redeem_by_sig(
        address(reference.holder),
        reference.points.to_token_units().amount,
        reference.reference,
        reference.deadline_s,
        signature,
    )
    return _intent(key, SenderRole.RELAYER, bridge, call, _REDEEM_GAS)


def redeem_call(reference: Reference) -> bytes:
    """What a holder who pays for gas sends to the bridge."""
    call = points_bridge.redeem(reference.points.to_token_units().amount, reference.reference)
    return call.calldata


def _intent(
    key: str, role: SenderRole, bridge: Address, call: FunctionCall[object], gas_limit: int
) -> SubmitIntent:
    return SubmitIntent(
        key=key,
        role=role,
        kind=f"{ROOM}.{call.name}",
        to=bridge,
        calldata=call.calldata,
        gas_limit=gas_limit,
    )
