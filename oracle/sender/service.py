"""Take intents, and bring them to their end one hop at a time.

Each hop is fetch (no transaction) → decide (pure) → write (one transaction). Between two hops the
process may die: what is in the database says where to go on, and doing the last hop again does no
harm (a reserved nonce is signed again, stored bytes are broadcast again).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from ledger.kernel import outbox
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.transaction import Database, Work, execute
from oracle.indexer import store as indexer_store
from oracle.indexer.model import KnownChain
from oracle.sender import store
from oracle.sender.model import (
    Action,
    Attempt,
    Broadcast,
    Intent,
    IntentState,
    LoseNonce,
    Mined,
    Observed,
    RecordMined,
    SenderPolicy,
    SenderRole,
    Settle,
    Sign,
    Unmine,
    Wait,
    check_gas_limit,
    decide,
    has_hole,
    next_nonce,
)
from oracle.sender.ports import BroadcastAnswer, SenderChain, SenderSigner, TypedTransaction
from oracle.turns.store import hold_turn

STEPS_MAX: Final = 8
"""Hops of one intent in one turn: reserve, sign, store, broadcast, mined, settled, and air."""
NO_OP_GAS: Final = 21_000
OWN_ROOM: Final = "sender"
"""Intents of the sender's own are nobody's news."""


class NoChainYet(VkladError):
    """No chain was recorded: contracts are not deployed, or the indexer has not looked."""

    code = "no_chain_yet"
    kind = ErrorKind.UNAVAILABLE


class IntentMoved(VkladError):
    """Another worker moved this intent between reading and writing."""

    code = "intent_moved"
    kind = ErrorKind.CONFLICT


@dataclass(frozen=True, slots=True)
class SubmitIntent:
    """A call to be made once. ``key`` is its identity for ever; ``kind`` is ``room.verb``.

    When it is settled the outbox topic ``<room>_intents`` gets a row with this key.
    """

    key: str
    role: SenderRole
    kind: str
    to: str
    calldata: bytes
    gas_limit: int
    value_wei: int = 0


@dataclass(frozen=True, slots=True)
class IntentOutcome:
    """How far an intent is, for the room that asked for it."""

    state: IntentState
    mined: Mined | None
    failure: str | None


@dataclass(frozen=True, slots=True)
class _Turn:
    """What one role's turn works with."""

    database: Database
    chain: SenderChain
    signer: SenderSigner
    policy: SenderPolicy
    known: KnownChain
    role: SenderRole
    block_number_final: int


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
    chain: SenderChain,
    signer: SenderSigner,
    policy: SenderPolicy,
    roles: Sequence[SenderRole],
) -> int:
    """Move every open intent of these roles as far as it goes now; the hops made.

    A role that another worker is moving is left to it.

    Raises:
        VkladError: the node or the signer cannot be reached; what was written stays.
    """
    hops = 0
    for role in roles:
        with hold_turn(database, f"sender:{role}") as mine:
            if mine:
                hops += _advance_role(database, chain, signer, policy, role)
    return hops


def _advance_role(
    database: Database,
    chain: SenderChain,
    signer: SenderSigner,
    policy: SenderPolicy,
    role: SenderRole,
) -> int:
    with database.read() as work:
        known = indexer_store.chain_in_use(work)
        if known is None:
            return 0
        checkpoint = indexer_store.checkpoint(work, known.chain_key)
        flying = store.in_flight(work, known.chain_key, role)
        waiting = store.queued(work, known.chain_key, role, policy.queued_max)
    if not flying and not waiting:
        return 0
    final = checkpoint.block_number_final if checkpoint else -1
    turn = _Turn(database, chain, signer, policy, known, role, final)
    hops = sum(_move(turn, intent) for intent in flying)
    room = policy.in_flight_max - len(flying)
    for intent in waiting[: max(room, 0)]:
        hops += _begin(turn, intent)
    _fill_hole(turn)
    return hops


def _begin(turn: _Turn, intent: Intent) -> int:
    """Give a queued intent its nonce, or fail it if it would revert."""
    sender = turn.signer.address(turn.role)
    refusal = turn.chain.refusal_of_call(sender, intent.to, intent.calldata, intent.value_wei)
    if refusal is not None:
        execute(turn.database, _fail, (intent, None, f"would revert: {refusal}"))
        return 1
    nonce_head = turn.chain.transaction_count(sender, None)

    def reserve(work: Work, _: None) -> Intent:
        held = store.nonces_held(work, turn.known.chain_key, sender, nonce_head)
        nonce = next_nonce(held, nonce_head)
        store.insert_nonce(work, turn.known.chain_key, sender, nonce, intent.intent_id)
        _change(work, intent, IntentState.RESERVED)
        return replace(intent, state=IntentState.RESERVED, sender=sender, nonce=nonce)

    return 1 + _move(turn, execute(turn.database, reserve, None))


def _move(turn: _Turn, intent: Intent) -> int:
    """One intent as far as it goes; a broadcast is tried once a turn."""
    broadcasts = 0
    for hop in range(STEPS_MAX):
        action = decide(intent, _observe(turn, intent), turn.policy)
        if isinstance(action, Wait) or (isinstance(action, Broadcast) and broadcasts):
            return hop
        broadcasts += isinstance(action, Broadcast)
        moved = _perform(turn, intent, action)
        if moved is None:
            return hop + 1
        intent = moved
    return STEPS_MAX


def _observe(turn: _Turn, intent: Intent) -> Observed:
    """Ask the chain, the final nonce before the receipts (see ``Observed``)."""
    assert intent.sender is not None, "an intent in flight has a sender"
    nonce_final = (
        turn.chain.transaction_count(intent.sender, turn.block_number_final)
        if turn.block_number_final >= 0
        else 0
    )
    nonce_head = turn.chain.transaction_count(intent.sender, None)
    receipt = next(
        (
            found
            for attempt in reversed(intent.attempts)
            if (found := turn.chain.mined(attempt.transaction_hash)) is not None
        ),
        None,
    )
    newest = intent.attempts[-1] if intent.attempts else None
    return Observed(
        block_number_final=turn.block_number_final,
        nonce_final=nonce_final,
        nonce_head=nonce_head,
        receipt=receipt,
        node_knows=newest is not None
        and (receipt is not None or turn.chain.knows(newest.transaction_hash)),
        fees_suggested=turn.chain.suggest_fees(),
        now=turn.database.clock.now(),
    )


def _perform(turn: _Turn, intent: Intent, action: Action) -> Intent | None:
    """Do one action; the intent as it is now, or ``None`` if its turn is over."""
    match action:
        case Sign():
            return _sign(turn, intent, action)
        case Broadcast():
            return _broadcast(turn, intent, action)
        case RecordMined(mined):
            return _write(turn, intent, IntentState.MINED, mined)
        case Unmine():
            return _write(turn, intent, IntentState.BROADCAST, None)
        case Settle(mined):
            execute(turn.database, _settle, (intent, mined))
        case LoseNonce():
            execute(turn.database, _lose_nonce, intent)
        case Wait():
            pass
    return None


def _sign(turn: _Turn, intent: Intent, action: Sign) -> Intent:
    assert intent.nonce is not None, "only an intent with a nonce is signed"
    signed = turn.signer.sign(
        TypedTransaction(
            chain_id=turn.known.identity.chain_id,
            role=intent.role,
            kind=intent.kind,
            nonce=intent.nonce,
            to=intent.to,
            calldata=intent.calldata,
            value_wei=intent.value_wei,
            gas_limit=intent.gas_limit,
            fees=action.fees,
        )
    )
    attempt = Attempt(len(intent.attempts), signed.transaction_hash, signed.raw, action.fees, None)

    def keep(work: Work, _: None) -> None:
        store.insert_attempt(work, intent, attempt)
        _change(work, intent, IntentState.SIGNED)

    execute(turn.database, keep, None)
    return replace(intent, state=IntentState.SIGNED, attempts=(*intent.attempts, attempt))


def _broadcast(turn: _Turn, intent: Intent, action: Broadcast) -> Intent:
    receipt = turn.chain.broadcast(action.attempt.raw)
    refused = receipt.answer is BroadcastAnswer.REFUSED

    def keep(work: Work, _: None) -> Intent:
        if receipt.words:
            store.note_refusal(work, intent.intent_id, f"{receipt.answer}: {receipt.words}")
        if refused:
            return intent
        store.mark_broadcast(work, intent, action.attempt)
        _change(work, intent, IntentState.BROADCAST)
        sent = replace(action.attempt, broadcast_at=work.now)
        return replace(intent, state=IntentState.BROADCAST, attempts=(*intent.attempts[:-1], sent))

    return execute(turn.database, keep, None)


def _write(turn: _Turn, intent: Intent, state: IntentState, mined: Mined | None) -> Intent:
    execute(turn.database, lambda work, _: _change(work, intent, state, mined), None)
    return replace(intent, state=state, mined=mined)


def _settle(work: Work, command: tuple[Intent, Mined]) -> None:
    intent, mined = command
    if not mined.succeeded:
        _fail(work, (intent, mined, "reverted"))
        return
    _change(work, intent, IntentState.FINALIZED, mined)
    _tell(work, intent)


def _fail(work: Work, command: tuple[Intent, Mined | None, str]) -> None:
    intent, mined, failure = command
    if not store.change_state(work, intent, IntentState.FAILED, mined=mined, failure=failure):
        raise _moved(intent)
    _tell(work, intent)


def _lose_nonce(work: Work, intent: Intent) -> None:
    store.lose_nonce(work, intent.intent_id)
    _change(work, intent, IntentState.QUEUED)


def _change(work: Work, intent: Intent, state: IntentState, mined: Mined | None = None) -> None:
    if not store.change_state(work, intent, state, mined=mined):
        raise _moved(intent)


def _moved(intent: Intent) -> IntentMoved:
    return IntentMoved(f"Intent {intent.key!r} was moved by another worker.", key=intent.key)


def _tell(work: Work, intent: Intent) -> None:
    room = intent.kind.partition(".")[0]
    if room != OWN_ROOM:
        outbox.put(work, f"{room}_intents", intent.key)


def _fill_hole(turn: _Turn) -> None:
    """A nonce below ours that nobody holds any more would block ours: use it up on nothing."""
    sender = turn.signer.address(turn.role)
    nonce_head = turn.chain.transaction_count(sender, None)

    def fill(work: Work, _: None) -> None:
        held = store.nonces_held(work, turn.known.chain_key, sender, nonce_head)
        if has_hole(held, nonce_head):
            submit(
                work,
                SubmitIntent(
                    key=f"{OWN_ROOM}:fill:{sender}:{next_nonce(held, nonce_head)}",
                    role=turn.role,
                    kind=f"{OWN_ROOM}.fill",
                    to=sender,
                    calldata=b"",
                    gas_limit=NO_OP_GAS,
                ),
            )

    execute(turn.database, fill, None)


def _require_chain(work: Work) -> KnownChain:
    known = indexer_store.chain_in_use(work)
    if known is None:
        raise NoChainYet(
            "No chain is known yet. Deploy the contracts with `vklad chain deploy` and let the "
            "indexer read its first block."
        )
    return known
