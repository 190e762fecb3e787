"""Burns that were never read: two admins look, and the bridge goes on after them.

    final Redeemed, not the next number ──▶ stop, the bridge's events wait ──▶ an admin says why
        ──▶ another one confirms ──▶ recorded, the stop lifted, later burns are credited

Their points stay in escrow and count as burnt and parked: whose they were can be read no more. How
many are missing is the chain's own total less what was read; who asks the chain hands it in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from ledger.journal import service as journal
from ledger.kernel.transaction import Work
from ledger.kernel.units import Points
from ledger.members import service as members
from ledger.members.roles.words import require_word
from ledger.switches.model import check_reason
from oracle.bindings import points_bridge
from oracle.bridge import foreign, gaps_store, redeeming_store
from oracle.bridge.errors import GapChanged, GapNeedsAnotherPerson, UnknownGap
from oracle.bridge.gaps_store import AcknowledgedGap
from oracle.bridge.model import StopReason
from oracle.bridge.service import require_chain
from oracle.indexer import store as indexer_store

PREFIX: Final = "gap"
"""Of an acknowledgement's id at the edges."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Numbers of burns that were never read, both inclusive."""

    chain_key: int
    sequence_from: int
    sequence_to: int


@dataclass(frozen=True, slots=True)
class ProposeGap:
    """An admin has looked: why these burns are missing, and how many points they are."""

    proposed_by: UUID
    reason: str
    points: Points


@dataclass(frozen=True, slots=True)
class ConfirmGap:
    """Another admin's yes; ``points`` as the chain has them now."""

    gap_id: UUID
    confirmed_by: UUID
    points: Points


def next_burn(work: Work, chain_key: int) -> int:
    """The number that the next burn must have."""
    read = redeeming_store.last_redemption(work, chain_key)
    return max(read, gaps_store.last_acknowledged(work, chain_key)) + 1


def find_gap(work: Work) -> Gap | None:
    """The numbers between the last burn that was read and the first that waits; final ones only.

    Raises:
        NoChainYet: no chain is in use.
    """
    known = require_chain(work)
    at = indexer_store.checkpoint(work, known.chain_key)
    if at is None:
        return None
    waiting = indexer_store.events_waiting(
        work, known.chain_key, at.block_number_final, foreign.EVENTS_MAX
    )
    burns = (
        points_bridge.Redeemed.of(event).sequence
        for event in waiting
        if (event.contract, event.name) == (foreign.CONTRACT, "Redeemed")
    )
    first, expected = next(burns, 0), next_burn(work, known.chain_key)
    return Gap(known.chain_key, expected, first - 1) if first > expected else None


def propose(work: Work, command: ProposeGap) -> AcknowledgedGap:
    """One admin's account of what is missing; replaces an earlier one that nobody confirmed.

    Raises:
        NotAnAdmin: only admins acknowledge.
        SwitchSettingRefused: no reason that can be shown.
        UnknownGap: nothing is missing.
    """
    members.require_admin(work, command.proposed_by)
    reason = check_reason(command.reason)
    journal.lock_head(work)
    gap = find_gap(work)
    if gap is None:
        raise UnknownGap("No burn is missing: the next one that waits is the next in order.")
    gaps_store.withdraw_open(work, gap.chain_key)
    proposed = AcknowledgedGap(
        gap_id=work.ids.new(work.now),
        chain_key=gap.chain_key,
        sequence_from=gap.sequence_from,
        sequence_to=gap.sequence_to,
        points=command.points,
        reason=reason,
        proposed_by=command.proposed_by,
        proposed_at=work.now,
    )
    gaps_store.insert_gap(work, proposed)
    return proposed


def confirm(work: Work, command: ConfirmGap) -> AcknowledgedGap:
    """Another admin's yes: the gap is recorded and the bridge goes on behind it.

    Raises:
        NotAnAdmin: only admins acknowledge.
        UnknownGap: nothing of this id waits.
        GapNeedsAnotherPerson: who proposed it cannot confirm it.
        WordCountsNoLonger: who proposed it is no admin any more.
        GapChanged: what is missing is not what was proposed.
    """
    members.require_admin(work, command.confirmed_by)
    journal.lock_head(work)
    proposed = gaps_store.open_gap(work, require_chain(work).chain_key)
    if proposed is None or proposed.gap_id != command.gap_id:
        raise UnknownGap("No such gap waits for a second person.")
    if proposed.proposed_by == command.confirmed_by:
        raise GapNeedsAnotherPerson("Who proposed it cannot confirm it.")
    require_word(work, proposed.proposed_by)
    stated = Gap(proposed.chain_key, proposed.sequence_from, proposed.sequence_to)
    if find_gap(work) != stated or command.points != proposed.points:
        raise GapChanged("What is missing is not what was proposed. Look again, and propose anew.")
    gaps_store.confirm_gap(work, proposed.gap_id, command.confirmed_by)
    redeeming_store.lift_stops(work, [StopReason.REDEMPTION_GAP], command.confirmed_by)
    return replace(proposed, confirmed_by=command.confirmed_by, confirmed_at=work.now)
