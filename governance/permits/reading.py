"""What the token itself says of permits, all at one block: whoever brought them there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from governance.contracts import GovernanceContracts
from governance.permits.service import Allowance, CarriedPermit
from governance.proposals.reading import head_of
from ledger.kernel.units import TokenUnits
from oracle.bindings import vkl_token
from oracle.chain.port import Chain, read
from oracle.contracts.abi import Address


@dataclass(frozen=True, slots=True)
class Allowed:
    """What accounts may move now, and the next number of each wallet."""

    units: dict[tuple[Address, Address], TokenUnits]
    numbers: dict[Address, int]

    def standing(self, owner: Address) -> list[Allowance]:
        """Whoever may still move something of this wallet's."""
        return [
            Allowance(owner, spender, units)
            for (of, spender), units in self.units.items()
            if of == owner and units.amount
        ]


def allowed_now(
    chain: Chain, contracts: GovernanceContracts, found: Sequence[CarriedPermit]
) -> Allowed:
    """Ask the token for every account that these permits name."""
    at = head_of(chain).number
    pairs = dict.fromkeys((each.allowance.owner, each.allowance.spender) for each in found)
    owners = dict.fromkeys(owner for owner, _ in pairs)
    return Allowed(
        {
            pair: TokenUnits(read(chain, contracts.token, vkl_token.allowance(*pair), at))
            for pair in pairs
        },
        {owner: read(chain, contracts.token, vkl_token.nonces(owner), at) for owner in owners},
    )


def as_they_stand(found: Sequence[CarriedPermit], now: Allowed) -> list[CarriedPermit]:
    """Permits that somebody else was faster to bring are done, although our order failed."""
    counted = {
        (each.allowance.owner, each.nonce) for each in found if each.state in {"mined", "done"}
    }
    return [
        replace(each, state="done", failure=None)
        if each.state == "failed"
        and (each.allowance.owner, each.nonce) not in counted
        and _stands(each, now)
        else each
        for each in found
    ]


def _stands(permit: CarriedPermit, now: Allowed) -> bool:
    owner, spender = permit.allowance.owner, permit.allowance.spender
    is_used_up = now.numbers[owner] > permit.nonce
    return is_used_up and now.units[owner, spender] == permit.allowance.units
