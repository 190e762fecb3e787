"""What other rooms hand the indexer: who acts on which final event."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ledger.kernel.transaction import Work
from oracle.indexer.model import ChainEvent

EventHandler = Callable[[Work, int, ChainEvent], None]
"""Acts on a final event in the transaction that marks it handled: (work, chain key, event)."""
Handlers = Mapping[tuple[str, str], EventHandler]
"""(contract, event name) → handler. An event without one is only stored, for display."""
