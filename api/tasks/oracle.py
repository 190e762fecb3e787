"""The oracle's periodic jobs. Each is idempotent, bounded, and one worker's at a time.

    read the chain ──▶ move the bridge ──▶ send ──▶ let local time pass

One job does them in this order, so that what one leaves for the next is done in the same second; a
step that fails is named and the next is done all the same.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Final

from api.bridging import (
    SENDING_ROLES,
    ChainParts,
    chain_parts,
    event_handlers,
)
from api.chain import NotDeployed, chain_urls, open_chain
from api.composition import Composition
from api.supervisor.anvil import call as local_call
from api.tasks import governance
from api.tasks.log import anchor_tick
from governance.power import service as power
from ledger.kernel import outbox
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.transaction import Work, execute
from oracle.anchors import service as anchors
from oracle.bridge import batching, posting
from oracle.bridge.commands import TOPIC as BRIDGE_TOPIC
from oracle.bridge.jobs import read_chain, stopping
from oracle.bridge.model import StopReason
from oracle.bridge.stops import stop
from oracle.chain.port import WrongChain
from oracle.indexer import store as indexer_store
from oracle.reconcile.service import check
from oracle.sender import service as sender
from oracle.sender.model import SenderRole

NEEDS_TIME: Final[tuple[Callable[[Work], bool], ...]] = (
    batching.needs_time,
    governance.needs_time,
    anchors.needs_time,
)
"""Who may wait for the chain's clock: a literal list of rooms."""

_logger = logging.getLogger(__name__)


def indexer_tick(composition: Composition) -> None:
    """Read new blocks and act on final events."""
    try:
        parts = chain_parts(composition)
    except (NotDeployed, WrongChain) as error:
        _stop_if_another(composition, error)
        raise
    read_chain(
        composition.database,
        parts.reader,
        event_handlers(parts.bridge_policy),
        parts.indexer_policy,
        parts.witnesses,
    )


def token_tick(composition: Composition) -> None:
    """Read what the token says of final blocks: who had votes when."""
    with composition.database.read() as work:
        if not power.is_behind(work):
            return
    parts = chain_parts(composition)
    _require_same_chain(parts)
    deployment = parts.deployment
    token = deployment.address("VklToken")
    power.read_token(composition.database, parts.chain, token, deployment.block_number)


def bridge_tick(composition: Composition) -> None:
    """Make batches, execute them, give back what came to nothing."""
    parts = chain_parts(composition)
    with composition.database.read() as work:
        needs_key = posting.matters(work)
    if needs_key:
        _keep_poster(parts)
    with stopping(composition.database):
        batching.tick(parts.batcher)


def _keep_poster(parts: ChainParts) -> None:
    """Stand still while the contract's poster is another account than ours."""
    said = posting.keep_role(
        parts.composition.database,
        parts.chain,
        parts.deployment.address("PointsBridge"),
        parts.signer().address(SenderRole.POSTER),
    )
    if said is not None:
        _logger.error("The bridge has stopped: %s", said)


def sender_tick(composition: Composition) -> None:
    """Move every open intent as far as it goes."""
    with composition.database.read() as work:
        if not sender.has_open_intents(work):
            return
    parts = chain_parts(composition)
    _require_same_chain(parts)
    sender.advance(
        composition.database,
        parts.chain,
        parts.signer(),
        parts.sender_policy,
        SENDING_ROLES,
        holders=parts.holders,
    )


def local_time_tick(composition: Composition) -> None:
    """Mine a block on the embedded chain while something waits for its clock, else none."""
    if composition.settings.chain_rpc_urls:
        return
    with composition.database.read() as work:
        waits = any(needs(work) for needs in NEEDS_TIME)
    if waits:
        (url,) = chain_urls(composition.settings, composition.state)
        local_call(url, "evm_mine")


STEPS: Final[tuple[Callable[[Composition], None], ...]] = (
    indexer_tick,
    bridge_tick,
    governance.tick,
    anchor_tick,
    sender_tick,
    token_tick,
    local_time_tick,
)


def tick(composition: Composition) -> None:
    """Every step in turn; one that cannot be done now is named and left for the next second."""
    for step in STEPS:
        try:
            step(composition)
        except VkladError as error:
            if error.kind not in {ErrorKind.UNAVAILABLE, ErrorKind.CONFLICT}:
                raise
            _logger.warning("%s: %s", step.__name__, error.message)


def reserve_check(composition: Composition) -> None:
    """Compare both sides of rule 7, and our key with the contract's; stop if either differs."""
    try:
        parts = chain_parts(composition)
        for finding in check(parts.reconciler):
            _logger.error("reserve_check: %s", finding)
        _keep_poster(parts)
    except VkladError as error:
        if error.kind is not ErrorKind.UNAVAILABLE:
            raise
        _logger.warning("reserve_check: %s", error.message)


def on_bridge_intent(composition: Composition, key: str) -> None:
    """Outbox topic ``bridge_intents``: an intent is settled, so the bridge may move on."""

    def take(work: Work, _: None) -> bool:
        return bool(outbox.take(work, BRIDGE_TOPIC, key))

    if execute(composition.database, take, None):
        bridge_tick(composition)


def _stop_if_another(composition: Composition, error: NotDeployed | WrongChain) -> None:
    """A chain without our contracts, under a database that knows one: it was replaced."""
    with composition.database.read() as work:
        known = indexer_store.chain_in_use(work)
    if known is None:
        return
    message = f"The node serves another chain than this database knows. {error.message}"
    if isinstance(error, NotDeployed):
        chain = open_chain(composition.settings, composition.state)
        if chain.genesis_hash() == known.identity.genesis_hash:
            return
        message = (
            f"The node serves another chain than this database knows: genesis "
            f"{chain.genesis_hash().hex()[:16]}… instead of "
            f"{known.identity.genesis_hash.hex()[:16]}…. {error.message}"
        )
    execute(
        composition.database,
        lambda work, _: stop(work, StopReason.OTHER_CHAIN, message),
        None,
    )


def _require_same_chain(parts: ChainParts) -> None:
    """Nothing is sent to a chain that is not the one the intents were made for."""
    with parts.composition.database.read() as work:
        known = indexer_store.chain_in_use(work)
    if known is not None and known.identity != parts.reader.identity():
        raise NotDeployed("The node serves another chain than the one the intents are for.")
