"""How sender, indexer, relayer and reserve stand, asked anew at each scrape.

What cannot be told is left out: a series that ends is an alarm, a number made up is none. Without a
chain nothing is said at all.
"""

from __future__ import annotations

from typing import Final

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from api.bridging import ChainParts, chain_parts
from api.chain import finality
from api.composition import Composition
from api.http.parts import Parts
from governance import relaying
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.transaction import Work
from oracle.chain.port import newest_final
from oracle.guardian import record
from oracle.guardian.record import Guard
from oracle.indexer import store as indexer_store
from oracle.indexer.model import KnownChain
from oracle.reconcile.service import reconcile
from oracle.sender import store as sender_store
from oracle.sender.backlog import backlogs

_UNKNOWN: Final = (ErrorKind.UNAVAILABLE, ErrorKind.CONFLICT)


def chain_text(parts: Parts) -> bytes:
    """The exposition format; empty without a chain, or before one was seen."""
    registry = CollectorRegistry()
    if not isinstance(parts, Composition) or not parts.chain_is_on:
        return b""
    try:
        with parts.database.read() as work:
            known = indexer_store.chain_in_use(work)
            if known is None:
                return b""
            _rows(registry, work, known)
            checkpoint = indexer_store.checkpoint(work, known.chain_key)
        chain = chain_parts(parts)
        if checkpoint is not None:
            _lag(registry, chain, checkpoint.block_number_final)
        _reserve(registry, chain)
    except VkladError as error:
        if error.kind not in _UNKNOWN:
            raise
    return generate_latest(registry)


def _rows(registry: CollectorRegistry, work: Work, known: KnownChain) -> None:
    """What the database alone can say."""
    count = Gauge(
        "vklad_sender_intents", "Transactions not at their end.", ("waiting",), registry=registry
    )
    oldest = Gauge(
        "vklad_sender_oldest_seconds",
        "Age of the oldest transaction not at its end; 0 if there is none.",
        ("waiting",),
        registry=registry,
    )
    found = sender_store.open_by_state(work, known.chain_key)
    for waiting, backlog in backlogs(found, work.now).items():
        count.labels(waiting.value).set(backlog.count)
        oldest.labels(waiting.value).set(backlog.oldest.total_seconds())
    Gauge(
        "vklad_relayer_gas_left",
        "Gas that members may still ask of the relayer within a day.",
        registry=registry,
    ).set(relaying.gas_left(work))
    _guardian(registry, record.guard(work))


def _guardian(registry: CollectorRegistry, guard: Guard) -> None:
    Gauge(
        "vklad_bridge_paused", "1 while the guardian's pause stands, else 0.", registry=registry
    ).set(0 if guard.paused is None else 1)
    ends = Gauge(
        "vklad_guardian_term_ends_timestamp_seconds",
        "When the guardian of a contract has no power any more, Unix time.",
        ("contract",),
        registry=registry,
    )
    for office in guard.offices:
        ends.labels(office.contract).set(office.term_ends_at.timestamp())


def _lag(registry: CollectorRegistry, chain: ChainParts, read_to: int) -> None:
    final = newest_final(chain.chain, finality(chain.composition.settings))
    if final is not None:
        Gauge(
            "vklad_indexer_lag_blocks",
            "Final blocks whose events are not acted on yet.",
            registry=registry,
        ).set(max(0, final.number - read_to))


def _reserve(registry: CollectorRegistry, chain: ChainParts) -> None:
    findings = reconcile(chain.reconciler).findings()
    Gauge(
        "vklad_reserve_equal",
        "1 if escrow is what the chain owes at the newest final block, 0 if not.",
        registry=registry,
    ).set(0 if findings else 1)
