"""What of the bridge waits for people: stops, a gap among burns, a chain that is given up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from api.pages.rendering import View
from ledger.kernel.transaction import Work
from oracle.bridge import gaps, gaps_store, redeeming_store, resets, resets_store
from oracle.bridge.gaps import Gap
from oracle.bridge.gaps_store import AcknowledgedGap
from oracle.bridge.model import Stop
from oracle.bridge.resets import ResetContent
from oracle.bridge.resets_store import ChainReset
from oracle.guardian import record
from oracle.guardian.record import Deed
from oracle.sender.model import NoChainYet

GAPS_SHOWN_MAX: Final = 20


@dataclass(frozen=True, slots=True)
class Giving:
    """A chain that is being given up: what would be returned, and who said yes to it."""

    reset: ChainReset
    content: ResetContent
    confirmed_by: tuple[UUID, ...]

    @property
    def may_be_done(self) -> bool:
        """Whether enough persons have confirmed; that they are admins still is looked at then."""
        return len(self.confirmed_by) >= resets.PERSONS_NEEDED


@dataclass(frozen=True, slots=True)
class Standing:
    """All of it at one moment; ``knows_a_chain`` is false before the first was seen."""

    stops: tuple[Stop, ...]
    knows_a_chain: bool
    gap: Gap | None
    proposed: AcknowledgedGap | None
    acknowledged: tuple[AcknowledgedGap, ...]
    giving: Giving | None
    paused: Deed | None
    """The guardian's pause, if there is one."""

    @property
    def persons(self) -> set[UUID]:
        """Whoever is named."""
        shown = [*self.acknowledged, *([self.proposed] if self.proposed else [])]
        named = {each.proposed_by for each in shown}
        named |= {each.confirmed_by for each in shown if each.confirmed_by is not None}
        return named | set(self.giving.confirmed_by if self.giving else ())


def standing(view: View, work: Work) -> Standing | None:
    """What waits; ``None`` where there is no chain."""
    if not view.chain_is_on:
        return None
    try:
        gap, knows_a_chain = gaps.find_gap(work), True
    except NoChainYet:
        gap, knows_a_chain = None, False
    reset = resets_store.shown_reset(work)
    return Standing(
        stops=tuple(redeeming_store.stops(work)),
        knows_a_chain=knows_a_chain,
        gap=gap,
        proposed=gaps_store.shown_gap(work, gap.chain_key) if gap else None,
        acknowledged=tuple(gaps_store.confirmed_gaps(work, GAPS_SHOWN_MAX)),
        paused=record.guard(work).paused,
        giving=None
        if reset is None
        else Giving(reset, resets.as_content(reset), tuple(resets_store.confirmed_by(work, reset))),
    )
