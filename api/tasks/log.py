"""The log's periodic work: heads are signed as the journal grows, and put on chain."""

from __future__ import annotations

import logging

from api.bridging import anchor_policy, chain_parts
from api.composition import Composition
from api.log_keys import open_log_signer
from ledger.kernel import outbox
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.transaction import Work, execute
from ledger.log import service
from oracle.anchors import service as anchors

_logger = logging.getLogger(__name__)


def publish(composition: Composition) -> None:
    """Take what was posted into the log and sign a head over it."""
    try:
        service.publish(composition.database, open_log_signer(composition.state))
    except VkladError as error:
        if error.kind not in {ErrorKind.UNAVAILABLE, ErrorKind.CONFLICT}:
            raise
        _logger.warning("log.publish: %s", error.message)


def anchor_tick(composition: Composition) -> None:
    """Ask for the newest head to be put on chain when it is time."""
    if anchors.is_idle(composition.database, anchor_policy(composition.settings)):
        return
    anchors.tick(chain_parts(composition).anchoring)


def on_intent(composition: Composition, key: str) -> None:
    """Outbox topic ``log_intents``: nothing follows but a word if it failed; the tick goes on."""

    def take(work: Work, _: None) -> str | None:
        rows = outbox.take(work, anchors.TOPIC, key)
        return anchors.failure_of(work, key) if rows else None

    failure = execute(composition.database, take, None)
    if failure is not None:
        _logger.error("A head was not anchored: %s", failure)
