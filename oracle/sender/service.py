"""Take intents from other rooms, and bring each to its end, one role at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ledger.kernel.transaction import Database, Work, execute
from oracle.chain.port import BlockTag, Chain
from oracle.contracts.abi import Address
from oracle.indexer import store as indexer_store
from oracle.indexer.model import KnownChain
from oracle.sender import store
from oracle.sender.holders import NO_HOLDERS, Holders, KeyReplaced, replaced
from oracle.sender.hops import OWN_ROOM, Turn, begin, move
from oracle.sender.model import (
    IntentState,
    Mined,
    NoChainYet,
    SenderPolicy,
    SenderRole,
    check_gas_limit,
    has_hole,
    next_nonce,
)
from oracle.sender.ports import SenderSigner
from oracle.turns.store import hold_turn

NO_OP_GAS: Final = 21_000


@dataclass(frozen=True, slots=True)
class SubmitIntent:
    """A call to be made once. ``key`` is its identity for ever; ``kind`` is ``room.verb``.

    When it is settled the outbox topic ``<room>_intents`` gets a row with this key.
    """

    key: str
    role: SenderRole
    kind: str
    to: Address
    calldata: bytes
    gas_limit: int
    value_wei: int = 0


@dataclass(frozen=True, slots=True)
class IntentOutcome:
    """How far an intent is, for the room that asked for it."""

    state: IntentState
    mined: Mined | None
    failure: str | None


def submit(work: Work, command: SubmitIntent) -> None:
    """Queue an intent in the caller's transaction; again with the same key changes nothing.

    Raises:
        GasLimitOutOfBounds: no transaction may use that much gas.
        NoChainYet: there is no chain to send to.
    """
    check_gas_limit(command.gas_limit)
    known = _require_chain(work)
    store.insert_intent(
        work,
        {
            "intent_id": work.ids.new(work.now),
            "chain_key": known.chain_key,
            "key": command.key,
            "kind": command.kind,
            "role": command.role,
            "to_address": command.to,
            "calldata": command.calldata,
            "value_wei": command.value_wei,
            "gas_limit": command.gas_limit,
            "state": IntentState.QUEUED,
        },
    )


def outcome(work: Work, key: str) -> IntentOutcome | None:
    """How far the intent of this key is on the chain in use; ``None`` if there is none."""
    known = indexer_store.chain_in_use(work)
    intent = store.intent_by_key(work, known.chain_key, key) if known else None
    if intent is None:
        return None
    return IntentOutcome(intent.state, intent.mined, store.failure_of(work, intent.intent_id))


def abandon_chain(work: Work, chain_key: int, reason: str) -> int:
    """Fail every open intent of a chain that is given up; how many. Nobody is told by outbox."""
    return store.fail_open(work, chain_key, reason)


def has_open_intents(work: Work) -> bool:
    """Whether something waits for the chain in use."""
    known = indexer_store.chain_in_use(work)
    return known is not None and store.count_open(work, known.chain_key) > 0


def advance(
    database: Database,
    chain: Chain,
    signer: SenderSigner,
    policy: SenderPolicy,
    roles: Sequence[SenderRole],
    *,
    holders: Holders = NO_HOLDERS,
) -> int:
    """Move every open intent of these roles as far as it goes now; the hops made.

    A role that another worker is moving is left to it. `holders`: which contract names the account
    of a role; while that is not ours, nothing of the role begins, and each waiting intent says why.

    Raises:
        VkladError: the node or the signer cannot be reached; what was written stays.
        KeyReplaced: a role's contract knows another account; once for what waits, after all the
            rest is done.
    """
    hops, held = 0, []
    for role in roles:
        with hold_turn(database, f"sender:{role}") as mine:
            turn = _turn_of(database, chain, signer, policy, role) if mine else None
            if turn is None:
                continue
            try:
                hops += _advance_role(replace(turn, holder=holders.get(role)))
            except KeyReplaced as waits:
                held.append(waits)
    if held:
        raise held[0]
    return hops


def _turn_of(
    database: Database,
    chain: Chain,
    signer: SenderSigner,
    policy: SenderPolicy,
    role: SenderRole,
) -> Turn | None:
    """What a role's turn works with; ``None`` while no chain is known."""
    with database.read() as work:
        known = indexer_store.chain_in_use(work)
        if known is None:
            return None
        checkpoint = indexer_store.checkpoint(work, known.chain_key)
    final = checkpoint.block_number_final if checkpoint else -1
    return Turn(database, chain, signer, policy, known, role, final)


def _advance_role(turn: Turn) -> int:
    key, role, policy = turn.known.chain_key, turn.role, turn.policy
    with turn.database.read() as work:
        flying = store.in_flight(work, key, role)
        waiting = store.queued(work, key, role, policy.queued_max)
    if not flying and not waiting:
        return 0
    hops = sum(move(turn, intent) for intent in flying)
    if waiting and _is_held(turn):
        return hops
    room = policy.in_flight_max - len(flying)
    for intent in waiting[: max(room, 0)]:
        hops += begin(turn, intent)
    _fill_hole(turn)
    return hops


def _is_held(turn: Turn) -> bool:
    """Whether the contract knows another account than ours; then what waits is told so.

    Raises:
        KeyReplaced: it does, and something that waits was not told before.
    """
    if turn.holder is None:
        return False
    ours, present = turn.signer.address(turn.role), turn.holder.at(turn.chain, BlockTag.LATEST)
    if ours == present:
        return False
    found = replaced(turn.role, ours, present)

    def note(work: Work, _: None) -> int:
        return store.note_hold(work, turn.known.chain_key, turn.role, found.message)

    if execute(turn.database, note, None):
        raise found
    return True


def _fill_hole(turn: Turn) -> None:
    """A nonce below ours that nobody holds any more would block ours: use it up on nothing."""
    sender = turn.signer.address(turn.role)
    nonce_head = turn.chain.nonce(sender, BlockTag.LATEST)
    with turn.database.read() as work:
        held = store.nonces_held(work, turn.known.chain_key, sender, nonce_head)
    if not has_hole(held, nonce_head):
        return
    command = SubmitIntent(
        key=f"{OWN_ROOM}:fill:{sender}:{next_nonce(held, nonce_head)}",
        role=turn.role,
        kind=f"{OWN_ROOM}.fill",
        to=sender,
        calldata=b"",
        gas_limit=NO_OP_GAS,
    )
    execute(turn.database, submit, command)


def _require_chain(work: Work) -> KnownChain:
    known = indexer_store.chain_in_use(work)
    if known is None:
        raise NoChainYet(
            "No chain is known yet. Deploy the contracts with `vklad chain deploy` and let the "
            "indexer read its first block."
        )
    return known
