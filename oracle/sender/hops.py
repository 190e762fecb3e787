"""One hop after another of one intent, with the node and the key between the transactions.

Each hop is fetch (no transaction) → decide (pure) → write (one transaction). Between two hops the
process may die: what is in the database says where to go on, and doing the last hop again does no
harm (a reserved nonce is signed again, stored bytes are broadcast again).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from ledger.kernel import outbox
from ledger.kernel.transaction import Database, Work, execute
from oracle.chain.port import (
    BlockTag,
    Call,
    CallReverted,
    Chain,
    QuestionRefused,
    Refusal,
    TransactionRefused,
)
from oracle.contracts.abi import Address
from oracle.indexer.model import KnownChain
from oracle.sender import store
from oracle.sender.holders import Holder
from oracle.sender.model import (
    Action,
    Attempt,
    Broadcast,
    Fees,
    Intent,
    IntentMoved,
    IntentState,
    KeyStanding,
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
    decide,
    next_nonce,
)
from oracle.sender.ports import SenderSigner, TypedTransaction

STEPS_MAX: Final = 8
"""Hops of one intent in one turn: reserve, sign, store, broadcast, mined, settled, and air."""
_NOT_SENT: Final = (Refusal.NONCE_USED, Refusal.OTHER)
"""After these the same bytes are offered again next turn, unless the nonce turns out to be used."""
WOULD_REVERT: Final = "would revert: "
OWN_ROOM: Final = "sender"
"""Intents of the sender's own are nobody's news."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one role's turn works with."""

    database: Database
    chain: Chain
    signer: SenderSigner
    policy: SenderPolicy
    known: KnownChain
    role: SenderRole
    block_number_final: int
    holder: Holder | None = None


def begin(turn: Turn, intent: Intent) -> int:
    """Give a queued intent its nonce, or fail it if it would revert, now and a turn ago."""
    sender = turn.signer.address(turn.role)
    call = Call(intent.to, intent.calldata, sender, intent.value_wei, intent.gas_limit)
    reverted = _revert_of(turn.chain, call)
    if reverted is not None:
        execute(turn.database, _doubt, (intent, f"{WOULD_REVERT}{_words(reverted)}"))
        return 1
    nonce_head = turn.chain.nonce(sender, BlockTag.LATEST)

    def reserve(work: Work, _: None) -> Intent:
        held = store.nonces_held(work, turn.known.chain_key, sender, nonce_head)
        nonce = next_nonce(held, nonce_head)
        store.insert_nonce(work, turn.known.chain_key, sender, nonce, intent.intent_id)
        _change(work, intent, IntentState.RESERVED)
        if intent.refusal is not None:
            store.note_refusal(work, intent.intent_id, None)
        return replace(intent, state=IntentState.RESERVED, sender=sender, nonce=nonce, refusal=None)

    return 1 + move(turn, execute(turn.database, reserve, None))


def _revert_of(chain: Chain, call: Call) -> CallReverted | None:
    """How a call fails on the head, if it does.

    A node that mines meanwhile may answer for its newest state with the time of the block before:
    so it is asked again for one block by its number. That too can be mixed while the node is slow
    to say that it has a new block; see :func:`_doubt`.
    """
    try:
        chain.call(call, BlockTag.LATEST)
    except CallReverted:
        head = chain.block(BlockTag.LATEST)
        assert head is not None, "a chain has a head"
        try:
            chain.call(call, head.number)
        except CallReverted as reverted:
            return reverted
    return None


def _doubt(work: Work, command: tuple[Intent, str]) -> None:
    """Fail what would revert if an earlier turn saw that too; else note it and look again.

    A failure is for ever and its owner has to sign anew, so one answer of a node is not enough.
    """
    intent, failure = command
    if intent.refusal is not None and intent.refusal.startswith(WOULD_REVERT):
        _fail(work, (intent, None, failure))
    else:
        store.note_refusal(work, intent.intent_id, failure)


def move(turn: Turn, intent: Intent) -> int:
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


def _observe(turn: Turn, intent: Intent) -> Observed:
    """Ask the chain; for the final nonce only where the nonce may be a stranger's.

    Usually it is not, and then no state but the head's is asked for: a local node that was
    restarted has no other. Nor is it while the node knows a transaction of ours that has the
    nonce: one that used it and has no receipt will have it when the node has caught up.
    """
    assert intent.sender is not None, "an intent in flight has a sender"
    assert intent.nonce is not None, "an intent in flight has a nonce"
    nonce_head = turn.chain.nonce(intent.sender, BlockTag.LATEST)
    receipt = _receipt(turn.chain, intent)
    used = receipt is None and nonce_head > intent.nonce
    used_without_us = used and not _knows_any(turn.chain, intent)
    nonce_final = _nonce_final(turn, intent.sender) if used_without_us else 0
    newest = intent.attempts[-1] if intent.attempts else None
    suggested = turn.chain.suggest_fees()
    return Observed(
        block_number_final=turn.block_number_final,
        nonce_final=nonce_final,
        nonce_head=nonce_head,
        receipt=receipt,
        node_knows=newest is not None
        and (receipt is not None or turn.chain.has_transaction(newest.transaction_hash)),
        fees_suggested=Fees(suggested.max_fee_wei, suggested.priority_fee_wei),
        now=turn.database.clock.now(),
        key=_standing_of(turn, intent.sender),
    )


def _standing_of(turn: Turn, sender: Address) -> KeyStanding:
    """What the key that gave a nonce can still bring about, by the word of a final block."""
    if sender == turn.signer.address(turn.role):
        return KeyStanding.OURS
    if turn.holder is None or turn.block_number_final < 0:
        return KeyStanding.REPLACED
    try:
        present = turn.holder.at(turn.chain, turn.block_number_final)
    except QuestionRefused:
        return KeyStanding.REPLACED
    return KeyStanding.REPLACED if present == sender else KeyStanding.POWERLESS


def _perform(turn: Turn, intent: Intent, action: Action) -> Intent | None:
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


def _sign(turn: Turn, intent: Intent, action: Sign) -> Intent:
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


def _broadcast(turn: Turn, intent: Intent, action: Broadcast) -> Intent:
    """Hand the bytes over. What the node has, or has an older one of, counts as sent."""
    refused: TransactionRefused | None = None
    try:
        turn.chain.send_raw(action.attempt.raw)
    except TransactionRefused as refusal:
        refused = refusal

    def keep(work: Work, _: None) -> Intent:
        if refused is not None and refused.refusal is not Refusal.KNOWN:
            store.note_refusal(work, intent.intent_id, refused.message)
        if refused is not None and refused.refusal in _NOT_SENT:
            return intent
        store.mark_broadcast(work, intent, action.attempt)
        _change(work, intent, IntentState.BROADCAST)
        sent = replace(action.attempt, broadcast_at=work.now)
        return replace(intent, state=IntentState.BROADCAST, attempts=(*intent.attempts[:-1], sent))

    return execute(turn.database, keep, None)


def _write(turn: Turn, intent: Intent, state: IntentState, mined: Mined | None) -> Intent:
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


def _receipt(chain: Chain, intent: Intent) -> Mined | None:
    """Of whichever of the intent's transactions was mined."""
    for attempt in reversed(intent.attempts):
        found = _mined(chain, attempt.transaction_hash)
        if found is not None:
            return found
    return None


def _knows_any(chain: Chain, intent: Intent) -> bool:
    return any(chain.has_transaction(each.transaction_hash) for each in intent.attempts)


def _nonce_final(turn: Turn, sender: Address) -> int:
    """Transactions of the sender in final blocks; 0, which decides nothing, if nobody can say."""
    if turn.block_number_final < 0:
        return 0
    try:
        return turn.chain.nonce(sender, turn.block_number_final)
    except QuestionRefused:
        return 0


def _mined(chain: Chain, transaction_hash: bytes) -> Mined | None:
    receipt = chain.receipt(transaction_hash)
    if receipt is None:
        return None
    return Mined(transaction_hash, receipt.block_number, receipt.block_hash, receipt.succeeded)


def _words(reverted: CallReverted) -> str:
    """What the contract said, and the bytes by which a binding tells its error."""
    return f"{reverted.message} ({reverted.reverted_bytes.hex()[:136]})"
