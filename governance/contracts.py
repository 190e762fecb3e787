"""Which contracts the members' votes go through, and how a message for each is bound to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from oracle.chain.typed_data import Domain
from oracle.contracts.abi import Address
from oracle.deployment.model import Deployment

GOVERNOR_DOMAIN: Final = "Vklad Governor"
"""The name that ballots and proposals are signed for (EIP-712)."""
TOKEN_DOMAIN: Final = "Vklad"  # noqa: S105 - the name of a token, not a secret
"""The name that delegations are signed for."""


@dataclass(frozen=True, slots=True)
class GovernanceContracts:
    """Addresses of one deployment."""

    chain_id: int
    governor: Address
    token: Address
    registry: Address
    mandates: Address
    ballot_relay: Address

    @classmethod
    def of(cls, deployment: Deployment) -> GovernanceContracts:
        """From a deployment's record."""
        return cls(
            chain_id=deployment.chain_id,
            governor=deployment.address("VklGovernor"),
            token=deployment.address("VklToken"),
            registry=deployment.address("ProgrammeRegistry"),
            mandates=deployment.address("Mandates"),
            ballot_relay=deployment.address("BallotRelay"),
        )

    @property
    def governor_domain(self) -> Domain:
        """What ballots and proposals are bound to."""
        return Domain(GOVERNOR_DOMAIN, self.chain_id, self.governor)

    @property
    def token_domain(self) -> Domain:
        """What delegations are bound to."""
        return Domain(TOKEN_DOMAIN, self.chain_id, self.token)
