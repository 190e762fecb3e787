"""What is deployed, with which parameters, and where. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.units import TOKEN_UNITS_PER_POINT
from oracle.bindings.mandates import Bounds
from oracle.bindings.points_bridge import Limits, Periods
from oracle.bindings.vkl_governor import Parameters as GovernorParameters
from oracle.bindings.vkl_governor import Terms
from oracle.contracts.abi import Address, address

RECORD_VERSION: Final = 2
LOCAL_VOTING_PERIOD_S: Final = 20


class RecordMalformed(VkladError):
    """A deployment record that is not one, or of a version we do not know."""

    code = "deployment_record_malformed"
    kind = ErrorKind.INVALID


@dataclass(frozen=True, slots=True)
class Roles:
    """The accounts with a power at the start; all must differ."""

    poster: Address
    watcher: Address
    guardian: Address
    anchorer: Address


@dataclass(frozen=True, slots=True)
class Parameters:
    """Everything that is decided at deployment."""

    roles: Roles
    timelock_delay_s: int
    bridge_periods: Periods
    bridge_limits: Limits
    bridge_ceilings: Limits
    governor: GovernorParameters
    mandates: Bounds


@dataclass(frozen=True, slots=True)
class DeployedContract:
    """One contract on the chain."""

    address: Address
    block_number: int
    transaction_hash: bytes


@dataclass(frozen=True, slots=True)
class Deployment:
    """All contracts of one installation on one chain; `contracts` by Solidity name."""

    chain_id: int
    genesis_hash: bytes
    deployer: Address
    contracts: Mapping[str, DeployedContract]
    parameters: Parameters

    def address(self, name: str) -> Address:
        """Where a contract is."""
        return self.contracts[name].address

    @property
    def block_number(self) -> int:
        """The first block that can hold one of our events."""
        return min(contract.block_number for contract in self.contracts.values())


_QUORUM_BY_KIND: Final = (
    (10, 3, 40),
    (4, 3, 30),
    (6, 3, 30),
    (6, 3, 30),
    (4, 3, 30),
    (2, 2, 10),
)
"""Percent of the supply, voters and whole tokens, of each ``ProposalKind`` on chain in its order:
constitution, programme, limits, spending, budget, text."""


def local_parameters(roles: Roles, voting_period_s: int = LOCAL_VOTING_PERIOD_S) -> Parameters:
    """Short periods for a local chain, so that a vote or a batch takes seconds (DESIGN 7)."""
    return Parameters(
        roles=roles,
        timelock_delay_s=3,
        bridge_periods=Periods(
            delay_s=3, lifetime_s=3600, heartbeat_s=600, guardian_term_s=180 * 86_400
        ),
        bridge_limits=Limits(
            capacity_points=1_000_000, refill_points_per_day=1_000_000, growth_points_max=500_000
        ),
        bridge_ceilings=Limits(
            capacity_points=100_000_000,
            refill_points_per_day=100_000_000,
            growth_points_max=50_000_000,
        ),
        governor=GovernorParameters(
            voting_delay_s=2,
            late_quorum_extension_s=5,
            guardian_term_s=180 * 86_400,
            proposal_threshold=TOKEN_UNITS_PER_POINT,
            terms=tuple(
                Terms(voting_period_s, percent, voters, tokens)
                for percent, voters, tokens in _QUORUM_BY_KIND
            ),
        ),
        mandates=Bounds(order_points_max=50_000, window_points_max=100_000, window_s=30 * 86_400),
    )


_HOUR_S: Final = 3600
_DAY_S: Final = 24 * _HOUR_S


def public_parameters(roles: Roles) -> Parameters:
    """A careful beginning for a chain of others: time to notice, and little that theft can mint."""
    return Parameters(
        roles=roles,
        timelock_delay_s=2 * _DAY_S,
        bridge_periods=Periods(
            delay_s=6 * _HOUR_S,
            lifetime_s=3 * _DAY_S,
            heartbeat_s=_HOUR_S,
            guardian_term_s=180 * _DAY_S,
        ),
        bridge_limits=Limits(
            capacity_points=20_000, refill_points_per_day=20_000, growth_points_max=20_000
        ),
        bridge_ceilings=Limits(
            capacity_points=500_000, refill_points_per_day=500_000, growth_points_max=500_000
        ),
        governor=GovernorParameters(
            voting_delay_s=_DAY_S,
            late_quorum_extension_s=_DAY_S,
            guardian_term_s=180 * _DAY_S,
            proposal_threshold=100 * TOKEN_UNITS_PER_POINT,
            terms=tuple(
                Terms((7 if number == 0 else 5) * _DAY_S, percent, max(5, voters), 10 * tokens)
                for number, (percent, voters, tokens) in enumerate(_QUORUM_BY_KIND)
            ),
        ),
        mandates=Bounds(order_points_max=20_000, window_points_max=40_000, window_s=30 * _DAY_S),
    )


def to_json(deployment: Deployment) -> str:
    """The text of a deployment record."""
    document = {
        "version": RECORD_VERSION,
        "chainId": deployment.chain_id,
        "genesisHash": f"0x{deployment.genesis_hash.hex()}",
        "deployer": deployment.deployer,
        "contracts": {
            name: {
                "address": contract.address,
                "blockNumber": contract.block_number,
                "transactionHash": f"0x{contract.transaction_hash.hex()}",
            }
            for name, contract in deployment.contracts.items()
        },
        "parameters": asdict(deployment.parameters),
    }
    return json.dumps(document, indent=2) + "\n"


def from_json(text: str) -> Deployment:
    """Read a deployment record.

    Raises:
        RecordMalformed: not a record of `RECORD_VERSION`.
    """
    try:
        document: dict[str, Any] = json.loads(text)
        if document["version"] != RECORD_VERSION:
            raise RecordMalformed(
                f"A record of version {document['version']} is of other contracts than these, "
                f"which are version {RECORD_VERSION}. Give that chain up (docs/bridge.md) and "
                "deploy anew."
            )
        return Deployment(
            chain_id=int(document["chainId"]),
            genesis_hash=_bytes(document["genesisHash"]),
            deployer=address(document["deployer"]),
            contracts={
                name: DeployedContract(
                    address(found["address"]),
                    int(found["blockNumber"]),
                    _bytes(found["transactionHash"]),
                )
                for name, found in document["contracts"].items()
            },
            parameters=_parameters(document["parameters"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise RecordMalformed(f"This is not a deployment record: {wrong!r}") from wrong


def parameters_from_json(text: str) -> Parameters:
    """Read a file of parameters: as in a record, under the key `parameters`.

    Raises:
        RecordMalformed: something is missing, superfluous or of another kind.
    """
    try:
        return _parameters(json.loads(text)["parameters"])
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise RecordMalformed(f"These are not deployment parameters: {wrong!r}") from wrong


def _parameters(found: Mapping[str, Any]) -> Parameters:
    return Parameters(
        roles=Roles(**{name: address(text) for name, text in found["roles"].items()}),
        timelock_delay_s=int(found["timelock_delay_s"]),
        bridge_periods=Periods(**found["bridge_periods"]),
        bridge_limits=Limits(**found["bridge_limits"]),
        bridge_ceilings=Limits(**found["bridge_ceilings"]),
        governor=_governor(found["governor"]),
        mandates=Bounds(**found["mandates"]),
    )


def _governor(found: Mapping[str, Any]) -> GovernorParameters:
    terms = tuple(Terms(**one) for one in found["terms"])
    if len(terms) != len(_QUORUM_BY_KIND):
        raise ValueError(f"{len(terms)} terms, not {len(_QUORUM_BY_KIND)}: one of each kind")
    return GovernorParameters(**{**found, "terms": terms})


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
