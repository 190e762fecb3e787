"""Both sides of rule 7, and which of them is off. Pure.

    points in escrow × scale  =  token supply + amounts in flight

in flight:  requests in escrow whose tokens do not exist yet   (+)
            batches minted that we have not acted on yet       (−)
            burnt tokens not credited yet, or parked           (+)
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.kernel.units import Points, TokenUnits


@dataclass(frozen=True, slots=True)
class LedgerSide:
    """What the database says: the journal's escrow account, and what our rows add up to.

    ``outgoing``: requests in escrow, not minted as far as we acted. ``minted``: requests minted.
    ``credited`` and ``parked``: burns we acted on, and
    among the parked those of an acknowledged gap. ``unread_mints`` and ``unread_burns``: final
    events not acted on yet. ``position``: number of the journal's last transfer then, whose hash
    is ``position_hash``.
    """

    position: int
    position_hash: bytes
    escrow: Points
    outgoing: Points
    minted: Points
    credited: Points
    parked: Points
    unread_mints: Points
    unread_burns: Points

    @property
    def in_flight(self) -> Points:
        """What is in escrow and not in the supply."""
        return self.outgoing - self.unread_mints + self.parked + self.unread_burns

    @property
    def escrow_by_rows(self) -> Points:
        """What the escrow account must hold if our own rows are right."""
        return self.outgoing + self.minted - self.credited


@dataclass(frozen=True, slots=True)
class ChainSide:
    """What the contracts say at one final block."""

    block_number: int
    block_hash: bytes
    supply: TokenUnits
    executed: Points
    redeemed: Points


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """Both sides at one moment."""

    ledger: LedgerSide
    chain: ChainSide

    @property
    def escrow_units(self) -> TokenUnits:
        """The left side."""
        return self.ledger.escrow.to_token_units()

    @property
    def owed_units(self) -> TokenUnits:
        """The right side."""
        return self.chain.supply + self.ledger.in_flight.to_token_units()

    def findings(self) -> list[str]:
        """What is off, each sentence naming the side; empty if rule 7 holds."""
        found = []
        ledger, chain = self.ledger, self.chain
        if ledger.escrow != ledger.escrow_by_rows:
            found.append(
                f"The ledger is off: its escrow account holds {ledger.escrow.amount} points, its "
                f"requests and redemptions add up to {ledger.escrow_by_rows.amount}."
            )
        expected = (chain.executed - chain.redeemed).to_token_units()
        if chain.supply != expected:
            found.append(
                f"The chain is off: the token's supply is {chain.supply.amount}, the bridge minted "
                f"and burnt {expected.amount}."
            )
        found += self._differences("minted", chain.executed, ledger.minted + ledger.unread_mints)
        found += self._differences(
            "burnt", chain.redeemed, ledger.credited + ledger.parked + ledger.unread_burns
        )
        if not found and self.escrow_units != self.owed_units:
            found.append(
                f"The sides differ: {self.escrow_units.amount} in escrow, "
                f"{self.owed_units.amount} owed."
            )
        return found

    def _differences(self, what: str, on_chain: Points, by_rows: Points) -> list[str]:
        if on_chain == by_rows:
            return []
        side = "chain" if on_chain > by_rows else "ledger"
        sentence = (
            f"The {side} is off: the bridge contract has {what} {on_chain.amount} points, the "
            f"ledger knows of {by_rows.amount}."
        )
        return [sentence]
