"""Reading the chain for the bridge: what makes it untrustworthy stops the bridge."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from ledger.kernel.errors import VkladError
from ledger.kernel.transaction import Database, Work, execute
from oracle.bridge import redeeming_store
from oracle.bridge.errors import ForeignBatch, RedemptionGap
from oracle.bridge.model import StopReason
from oracle.bridge.stops import stop
from oracle.indexer import service as indexer
from oracle.indexer.handlers import Handlers
from oracle.indexer.model import (
    ChainIsAnother,
    EndpointsDisagree,
    FinalHistoryChanged,
)
from oracle.indexer.reading import ChainReader

REASONS: Final[dict[type[VkladError], StopReason]] = {
    ChainIsAnother: StopReason.OTHER_CHAIN,
    FinalHistoryChanged: StopReason.FINAL_HISTORY_CHANGED,
    EndpointsDisagree: StopReason.ENDPOINTS_DISAGREE,
    RedemptionGap: StopReason.REDEMPTION_GAP,
    ForeignBatch: StopReason.FOREIGN_BATCH,
}
"""What of the chain's cannot be trusted, and the stop that follows."""


@contextmanager
def stopping(database: Database) -> Iterator[None]:
    """Record a stop for whatever of ``REASONS`` is raised within, and let it pass on.

    An error may have further ones behind it as its cause: what other contracts' events raised.
    """
    try:
        yield
    except VkladError as error:
        behind: BaseException | None = error
        while isinstance(behind, VkladError):
            if type(behind) in REASONS:
                execute(database, _stop_for, behind)
            behind = behind.__cause__
        raise


def read_chain(
    database: Database,
    reader: ChainReader,
    handlers: Handlers,
    policy: indexer.IndexerPolicy,
    witnesses: Sequence[ChainReader] = (),
) -> indexer.TickReport:
    """One tick of the indexer.

    The stop for another chain lifts itself when the old chain is back, before anything of it is
    acted on: a burn that waits is not credited while the bridge stands still. The others wait for
    people.

    Raises:
        VkladError: as ``oracle.indexer.service.tick``; the stop is recorded first.
    """
    with database.read() as work:
        stopped = any(
            found.reason is StopReason.OTHER_CHAIN for found in redeeming_store.stops(work)
        )
    with stopping(database):
        if stopped:
            indexer.recognise(database, reader.identity())
            execute(database, _lift_other_chain, None)
        return indexer.tick(database, reader, handlers, policy, witnesses)


def _stop_for(work: Work, error: VkladError) -> None:
    stop(work, REASONS[type(error)], error.message)


def _lift_other_chain(work: Work, _: None) -> None:
    redeeming_store.lift_stops(work, [StopReason.OTHER_CHAIN], None)
