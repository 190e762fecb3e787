"""Prove that the chain holds what we would deploy, and that nobody else holds a power.

The code is compared byte for byte: the artifact with every immutable filled in by the value it must
have. Roles of the timelock are read from its events from the start, so that a holder whom nobody
thought of is found, too. Later changes by vote (limits, keys, guardian) are not findings;
``settings.changed`` tells them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from eth_utils.crypto import keccak

from oracle.bindings import vkl_timelock
from oracle.chain.port import BLOCKS_PER_QUESTION_MAX, BlockTag, Chain, LogQuery, read
from oracle.chain.typed_data import BRIDGE_NAME, GOVERNOR_NAME, VKL_NAME
from oracle.contracts.abi import ZERO_ADDRESS, Address, encode
from oracle.contracts.compiler import CONTRACTS, load_artifact
from oracle.deployment import settings
from oracle.deployment.model import Deployment

_DOMAIN_TYPE: Final = keccak(
    text="EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
)
_EIP712_NAMES: Final = {
    "VklToken": VKL_NAME,
    "PointsBridge": BRIDGE_NAME,
    "VklGovernor": GOVERNOR_NAME,
}
_VERSION: Final = "1"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be."""

    contract: str
    problem: str


def verify(chain: Chain, deployment: Deployment) -> list[Finding]:
    """Everything that is wrong with a deployment, nothing if it is sound.

    Raises:
        WrongChain: the endpoint serves another chain.
    """
    findings = list(_chain_findings(chain, deployment))
    if findings:
        return findings
    missing = [name for name in CONTRACTS if name not in deployment.contracts]
    if missing:
        return [Finding(name, "is not in the record") for name in missing]
    for name in deployment.contracts:
        findings += _code_findings(chain, deployment, name)
    if findings:
        return findings
    kept = [Finding(*each) for each in settings.fixed(chain, deployment)]
    return [*_role_findings(chain, deployment), *kept]


def expected_code(deployment: Deployment, name: str) -> bytes:
    """The code that a contract must have on the chain, immutables included."""
    artifact: dict[str, Any] = load_artifact(name)
    code = bytearray.fromhex(artifact["deployedBytecode"])
    values = _immutables(deployment, name)
    for immutable, places in artifact["immutables"].items():
        for place in places:
            start, length = place["start"], place["length"]
            code[start : start + length] = values[immutable][-length:]
    return bytes(code)


def role_holders(chain: Chain, deployment: Deployment) -> dict[bytes, set[Address]]:
    """Who holds which role of the timelock on the head, from its events."""
    timelock = deployment.address("VklTimelock")
    head = chain.block(BlockTag.LATEST)
    assert head is not None, "a chain has a head"
    topics = (vkl_timelock.RoleGranted.TOPIC, vkl_timelock.RoleRevoked.TOPIC)
    holders: dict[bytes, set[Address]] = {}
    for first in range(deployment.block_number, head.number + 1, BLOCKS_PER_QUESTION_MAX):
        last = min(first + BLOCKS_PER_QUESTION_MAX - 1, head.number)
        for log in chain.logs(LogQuery(first, last, (timelock,), topics)):
            if log.topics[0] == vkl_timelock.RoleGranted.TOPIC:
                granted = vkl_timelock.RoleGranted.of(log)
                holders.setdefault(granted.role, set()).add(granted.account)
            else:
                revoked = vkl_timelock.RoleRevoked.of(log)
                holders.setdefault(revoked.role, set()).discard(revoked.account)
    return holders


def _chain_findings(chain: Chain, deployment: Deployment) -> Iterator[Finding]:
    if chain.chain_id() != deployment.chain_id:
        yield Finding("chain", f"its id is {chain.chain_id()}, not {deployment.chain_id}")
    elif chain.genesis_hash() != deployment.genesis_hash:
        yield Finding("chain", "its first block is not the recorded one: it is another chain")


def _code_findings(chain: Chain, deployment: Deployment, name: str) -> Iterator[Finding]:
    place = deployment.address(name)
    found = chain.code(place, BlockTag.LATEST)
    if not found:
        yield Finding(name, f"there is no code at {place}")
        return
    expected = expected_code(deployment, name)
    if found == expected:
        return
    if len(found) != len(expected):
        yield Finding(name, f"its code has {len(found)} bytes, not {len(expected)}")
        return
    wrong = [i for i in range(len(found)) if found[i] != expected[i]]
    names = {
        immutable
        for immutable, places in load_artifact(name)["immutables"].items()
        for part in places
        if any(part["start"] <= i < part["start"] + part["length"] for i in wrong)
    }
    where = f"its constants {', '.join(sorted(names))}" if names else f"byte {wrong[0]} of its code"
    yield Finding(name, f"{where} differ from what was to be deployed")


def _role_findings(chain: Chain, deployment: Deployment) -> Iterator[Finding]:
    governor = deployment.address("VklGovernor")
    timelock = deployment.address("VklTimelock")
    holders = role_holders(chain, deployment)
    wanted = {
        b"\0" * 32: ("admin", timelock),
        **{
            read(chain, timelock, call, BlockTag.LATEST): (name, governor)
            for name, call in (
                ("proposer", vkl_timelock.proposer_role()),
                ("canceller", vkl_timelock.canceller_role()),
                ("executor", vkl_timelock.executor_role()),
            )
        },
    }
    for role, (name, holder) in wanted.items():
        if not read(chain, timelock, vkl_timelock.has_role(role, holder), BlockTag.LATEST):
            yield Finding("VklTimelock", f"{holder} does not hold the role {name}")
    for role, accounts in holders.items():
        name, holder = wanted.get(role, (f"0x{role.hex()}", ZERO_ADDRESS))
        for account in sorted(accounts - {holder}):
            whose = "the deployer" if account == deployment.deployer else account
            yield Finding("VklTimelock", f"{whose} still holds the role {name}")


def _immutables(deployment: Deployment, name: str) -> Mapping[str, bytes]:
    """The 32-byte word of each immutable of a contract."""
    at = deployment.address
    parameters = deployment.parameters
    periods, ceilings = parameters.bridge_periods, parameters.bridge_ceilings
    own: dict[str, dict[str, bytes]] = {
        "VklToken": {"BRIDGE": _word(at("PointsBridge"))},
        "PointsBridge": {
            "TOKEN": _word(at("VklToken")),
            "TIMELOCK": _word(at("VklTimelock")),
            "DELAY_S": _word(periods.delay_s),
            "LIFETIME_S": _word(periods.lifetime_s),
            "HEARTBEAT_S": _word(periods.heartbeat_s),
            "GUARDIAN_TERM_S": _word(periods.guardian_term_s),
            "CAPACITY_POINTS_CEILING": _word(ceilings.capacity_points),
            "REFILL_POINTS_PER_DAY_CEILING": _word(ceilings.refill_points_per_day),
            "GROWTH_POINTS_CEILING": _word(ceilings.growth_points_max),
        },
        "VklTimelock": {"DELAY_FLOOR_S": _word(parameters.timelock_delay_s)},
        "VklGovernor": {
            "REGISTRY": _word(at("ProgrammeRegistry")),
            "MANDATES": _word(at("Mandates")),
            "GUARDIAN_TERM_S": _word(parameters.governor.guardian_term_s),
            "_token": _word(at("VklToken")),
        },
        "BallotRelay": {"GOVERNOR": _word(at("VklGovernor"))},
        "ProgrammeRegistry": {"TIMELOCK": _word(at("VklTimelock"))},
        "Mandates": {
            "TIMELOCK": _word(at("VklTimelock")),
            "ORDER_POINTS_MAX": _word(parameters.mandates.order_points_max),
            "WINDOW_POINTS_MAX": _word(parameters.mandates.window_points_max),
            "WINDOW_S": _word(parameters.mandates.window_s),
        },
        "Anchors": {"TIMELOCK": _word(at("VklTimelock"))},
    }
    if name in _EIP712_NAMES:
        own[name] |= _eip712_immutables(deployment.chain_id, at(name), _EIP712_NAMES[name])
    return own[name]


def _eip712_immutables(chain_id: int, contract: Address, domain_name: str) -> dict[str, bytes]:
    """What OpenZeppelin's EIP712 caches at construction."""
    hashed_name, hashed_version = keccak(text=domain_name), keccak(text=_VERSION)
    separator = keccak(
        encode(
            ("bytes32", "bytes32", "bytes32", "uint256", "address"),
            (_DOMAIN_TYPE, hashed_name, hashed_version, chain_id, contract),
        )
    )
    return {
        "_cachedDomainSeparator": separator,
        "_cachedChainId": _word(chain_id),
        "_cachedThis": _word(contract),
        "_hashedName": hashed_name,
        "_hashedVersion": hashed_version,
        "_name": _short_string(domain_name),
        "_version": _short_string(_VERSION),
    }


def _word(value: int | Address) -> bytes:
    number = value if isinstance(value, int) else int(value, 16)
    return number.to_bytes(32, "big")


def _short_string(text: str) -> bytes:
    """OpenZeppelin's ShortString: the text, padded, its length in the last byte."""
    raw = text.encode()
    return raw.ljust(31, b"\0") + bytes([len(raw)])
