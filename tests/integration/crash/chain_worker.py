"""The worker that the driver of the chain's jobs kills: votes to carry, heads to anchor, reserves.

As in ``jobs_worker`` a hop is a moment round a statement, a commit or a piece of the outbox; here
also before and after each broadcast. Time passes on the chain after each turn.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

import api.bridging as composed
from api.composition import Composition
from api.supervisor.anvil import call
from api.tasks import governance, log, oracle
from governance.ballots import service as ballots
from oracle.anchors import service as anchors
from oracle.anchors.service import HANDLERS as ANCHOR_HANDLERS
from oracle.chain.signer import LocalSigner
from oracle.chain.web3_adapter import Web3Chain
from oracle.indexer import service as indexer
from oracle.indexer.model import FinalityPolicy
from oracle.sender import service as sender
from oracle.sender.model import SenderRole
from tests.integration.crash import jobs_worker
from tests.integration.crash.jobs_worker import ANCHORS_TOPIC, INTENTS_TOPIC, Hops
from tests.support.chain_nodes import ANCHORER, POSTER, RELAYER, funded_account
from tests.support.governance import SENDER_POLICY

TURNS_MAX = 40
HANDLERS = {**composed.GOVERNANCE_HANDLERS, **ANCHOR_HANDLERS}
KEYS = {
    SenderRole.POSTER: POSTER,
    SenderRole.RELAYER: RELAYER,
    SenderRole.ANCHORER: ANCHORER,
}

WORK = frozenset(
    {
        *("oracle.tick: votes", "oracle.tick: heads", "oracle.tick: send", "oracle.tick: token"),
        *("log.publish", "governance_intents", "log_intents", "oracle.reserve_check"),
    }
)
"""What writes something in its scenario, by the steps of ``oracle.tick``."""


@dataclass(frozen=True)
class Errand:
    """All that the child needs, as plain values; ``die_at`` as of ``jobs_worker``."""

    settings: dict[str, str]
    block_number_first: int
    die_at: int | str | None
    diary: str


def run(errand: Errand) -> None:
    """Work until every ballot is settled and the head anchored; status 3 if that never is."""
    composed.LOCAL_FINALITY_AGE = timedelta(0)  # type: ignore[misc]
    composition = jobs_worker.composed(errand.settings)
    hops = Hops(errand.die_at, errand.diary)
    jobs_worker.hop_everywhere(composition, hops)
    chain = HoppingChain(errand.settings["VKLAD_CHAIN_RPC_URL"], hops)
    steps: list[tuple[str, Callable[[], object]]] = [
        ("log.publish", lambda: log.publish(composition)),
        ("oracle.tick: read", lambda: _read(composition, errand)),
        ("oracle.tick: votes", lambda: governance.tick(composition)),
        ("oracle.tick: heads", lambda: log.anchor_tick(composition)),
        ("oracle.tick: send", lambda: _send(composition, chain)),
        ("oracle.tick: token", lambda: oracle.token_tick(composition)),
        ("oracle.reserve_check", lambda: oracle.reserve_check(composition)),
    ]
    for _ in range(TURNS_MAX):
        for name, step in steps:
            hops.doing = name
            step()
        for topic in (INTENTS_TOPIC, ANCHORS_TOPIC):
            jobs_worker.drain(composition, hops, topic)
        call(errand.settings["VKLAD_CHAIN_RPC_URL"], "evm_mine")
        if _is_done(composition):
            return
    sys.exit(3)


class HoppingChain(Web3Chain):
    """The real node, a hop on both sides of each broadcast."""

    def __init__(self, url: str, hops: Hops) -> None:
        super().__init__(url)
        self._hops = hops

    def send_raw(self, raw: bytes) -> bytes:
        self._hops.hop("before broadcast")
        answer = super().send_raw(raw)
        self._hops.hop("after broadcast")
        return answer


def _read(composition: Composition, errand: Errand) -> None:
    parts = composed.chain_parts(composition)
    policy = indexer.IndexerPolicy(FinalityPolicy(1), errand.block_number_first)
    indexer.tick(composition.database, parts.reader, HANDLERS, policy)


def _send(composition: Composition, chain: Any) -> None:
    signer = LocalSigner({role: funded_account(index) for role, index in KEYS.items()})
    sender.advance(composition.database, chain, signer, SENDER_POLICY, tuple(KEYS))


def _is_done(composition: Composition) -> bool:
    with composition.database.read() as work:
        waiting = work.connection.execute(
            sa.text("SELECT count(*) FROM outbox WHERE done_at IS NULL")
        ).scalar_one()
        anchored = work.connection.execute(sa.text("SELECT count(*) FROM log_anchors")).scalar_one()
        return (
            not waiting
            and anchored > 0
            and not ballots.has_open_ballots(work)
            and not sender.has_open_intents(work)
            and not anchors.needs_time(work)
        )
