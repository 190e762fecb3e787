"""Deploy every contract, give the governor its roles, let go of the deployer's.

The contracts name each other, so their addresses are computed before they exist: an account's n-th
contract has a known address. A deployment that broke off is simply done again from the start;
what it left behind has no power over anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from eth_utils.crypto import keccak

from ledger.kernel.errors import ErrorKind, VkladError
from oracle.bindings import (
    anchors,
    ballot_relay,
    mandates,
    points_bridge,
    programme_registry,
    vkl_governor,
    vkl_timelock,
    vkl_token,
)
from oracle.chain.port import (
    TRANSACTION_GAS_MAX,
    BlockTag,
    Call,
    Chain,
    Receipt,
    read,
)
from oracle.chain.signer import DEPLOYMENT
from oracle.contracts.abi import Address, FunctionCall, address
from oracle.contracts.compiler import load_artifact
from oracle.deployment.model import DeployedContract, Deployment, Parameters, from_json, to_json
from oracle.sender.model import Fees, SenderRole
from oracle.sender.ports import SenderSigner, TypedTransaction

RECEIPT_POLLS_MAX: Final = 3_000
RECEIPT_POLL_S: Final = 0.1
DEPLOYMENT_GAS: Final = 14_000_000
"""What all of it takes, rounded up."""
DEFAULT_ADMIN: Final = b"\0" * 32

_ORDER: Final = (
    *("VklTimelock", "VklToken", "PointsBridge", "ProgrammeRegistry"),
    *("Mandates", "VklGovernor", "BallotRelay", "Anchors"),
)

Report = Callable[[str], None]


class DeploymentFailed(VkladError):
    """A transaction of the deployment was not mined, or reverted."""

    code = "deployment_failed"
    kind = ErrorKind.UNAVAILABLE


class DeployerPoor(VkladError):
    """The deployer's account has too little to pay for every transaction of a deployment."""

    code = "deployer_poor"
    kind = ErrorKind.INVALID


def deploy(
    chain: Chain, parameters: Parameters, signer: SenderSigner, report: Report = lambda _: None
) -> Deployment:
    """Put all contracts on the chain with the signer's deployer key, which keeps no power.

    `report` is told each step as it is mined.

    Raises:
        DeploymentFailed: a transaction was not mined in time, or reverted.
        DeployerPoor: the deployer cannot pay for all of it.
        TransactionRefused: the node did not take one, as when the deployer has no money.
    """
    deployer = _Deployer(chain, signer, report)
    me = deployer.account
    _require_money(chain, me)
    places = {
        name: created_address(me, deployer.nonce + number) for number, name in enumerate(_ORDER)
    }
    for name in _ORDER:
        deployer.create(name, constructor_arguments(name, places, me, parameters))
    timelock, governor = places["VklTimelock"], places["VklGovernor"]
    for role in (
        vkl_timelock.proposer_role(),
        vkl_timelock.canceller_role(),
        vkl_timelock.executor_role(),
    ):
        granted = read(chain, timelock, role, BlockTag.LATEST)
        deployer.send(timelock, vkl_timelock.grant_role(granted, governor))
    deployer.send(timelock, vkl_timelock.renounce_role(DEFAULT_ADMIN, me))
    return Deployment(
        chain_id=deployer.chain_id,
        genesis_hash=chain.genesis_hash(),
        deployer=me,
        contracts=deployer.contracts,
        parameters=parameters,
    )


def constructor_arguments(
    name: str, places: Mapping[str, Address], deployer: Address, parameters: Parameters
) -> bytes:
    """What follows a contract's code in the transaction that makes it; `places` by contract."""
    roles, timelock = parameters.roles, places["VklTimelock"]
    called = (places["ProgrammeRegistry"], places["Mandates"])
    made = {
        "VklTimelock": vkl_timelock.constructor(parameters.timelock_delay_s, deployer),
        "VklToken": vkl_token.constructor(places["PointsBridge"]),
        "PointsBridge": points_bridge.constructor(
            places["VklToken"],
            timelock,
            (roles.poster, roles.watcher, roles.guardian),
            parameters.bridge_periods,
            parameters.bridge_limits,
            parameters.bridge_ceilings,
        ),
        "ProgrammeRegistry": programme_registry.constructor(timelock),
        "Mandates": mandates.constructor(timelock, parameters.mandates),
        "VklGovernor": vkl_governor.constructor(
            places["VklToken"], timelock, roles.guardian, called, parameters.governor
        ),
        "BallotRelay": ballot_relay.constructor(places["VklGovernor"]),
        "Anchors": anchors.constructor(timelock, roles.anchorer),
    }
    return made[name]


def write_record(path: Path, deployment: Deployment) -> None:
    """Keep a record; the file is there as a whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_text(to_json(deployment))
    partial.replace(path)


def read_record(path: Path) -> Deployment | None:
    """The record at a path, `None` if nothing was deployed yet.

    Raises:
        RecordMalformed: the file is no record.
    """
    return from_json(path.read_text()) if path.exists() else None


def record_path(folder: Path, chain: Chain) -> Path:
    """The file of a chain's deployment: one per chain id and first block."""
    return folder / f"{chain.chain_id()}-{chain.genesis_hash().hex()[:16]}.json"


def is_on_chain(chain: Chain, deployment: Deployment) -> bool:
    """Whether this very chain has code at every recorded address, on the head."""
    if (chain.chain_id(), chain.genesis_hash()) != (
        deployment.chain_id,
        deployment.genesis_hash,
    ):
        return False
    return all(
        chain.code(contract.address, BlockTag.LATEST) for contract in deployment.contracts.values()
    )


def created_address(creator: Address, nonce: int) -> Address:
    """Where the contract made by an account's transaction `nonce` is.

    The hash of the RLP list (creator, nonce), by the Yellow Paper, section 7.
    """
    whole = nonce.to_bytes((nonce.bit_length() + 7) // 8, "big")
    short = whole if 0 < nonce < 0x80 else bytes([0x80 + len(whole)]) + whole
    items = b"\x94" + bytes.fromhex(creator[2:]) + short
    return address(f"0x{keccak(bytes([0xC0 + len(items)]) + items)[12:].hex()}")


def _require_money(chain: Chain, deployer: Address) -> None:
    """Refuse before the first transaction what could not be finished at today's fee."""
    has_wei = chain.balance_wei(deployer, BlockTag.LATEST)
    wants_wei = DEPLOYMENT_GAS * chain.suggest_fees().max_fee_wei
    if has_wei < wants_wei:
        raise DeployerPoor(
            f"The deployer {deployer} has {has_wei} wei, and deploying takes {DEPLOYMENT_GAS} gas: "
            f"at today's highest fee {wants_wei} wei. Give it some and try again.",
            account=deployer,
            has_wei=has_wei,
            wants_wei=wants_wei,
        )


class _Deployer:
    """One account sending one transaction after another."""

    def __init__(self, chain: Chain, signer: SenderSigner, report: Report) -> None:
        self._chain = chain
        self._signer = signer
        self._report = report
        self.chain_id = chain.chain_id()
        self.account = signer.address(SenderRole.DEPLOYER)
        self.nonce = chain.nonce(self.account, BlockTag.LATEST)
        self.contracts: dict[str, DeployedContract] = {}

    def create(self, name: str, arguments: bytes) -> Address:
        """Deploy one contract."""
        code = bytes.fromhex(load_artifact(name)["bytecode"]) + arguments
        receipt = self._transact(name, None, code)
        expected = created_address(self.account, self.nonce - 1)
        assert receipt.contract_address == expected, "an account's contracts have known addresses"
        self.contracts[name] = DeployedContract(
            expected, receipt.block_number, receipt.transaction_hash
        )
        self._report(f"{name} {expected}")
        return expected

    def send(self, to: Address, call: FunctionCall[None]) -> None:
        """Call one function."""
        self._transact(call.name, to, call.calldata)
        self._report(call.name)

    def _transact(self, what: str, to: Address | None, calldata: bytes) -> Receipt:
        estimate = self._chain.estimate_gas(Call(to, calldata, sender=self.account))
        fees = self._chain.suggest_fees()
        signed = self._signer.sign(
            TypedTransaction(
                chain_id=self.chain_id,
                role=SenderRole.DEPLOYER,
                kind="deploy",
                nonce=self.nonce,
                to=DEPLOYMENT if to is None else to,
                calldata=calldata,
                value_wei=0,
                gas_limit=min(estimate * 5 // 4, TRANSACTION_GAS_MAX),
                fees=Fees(fees.max_fee_wei, fees.priority_fee_wei),
            )
        )
        self._chain.send_raw(signed.raw)
        self.nonce += 1
        receipt = _await_receipt(self._chain, signed.transaction_hash)
        if receipt is None or not receipt.succeeded:
            end = "was not mined in time" if receipt is None else "reverted"
            raise DeploymentFailed(f"The transaction for {what} {end}.", step=what)
        return receipt


def _await_receipt(chain: Chain, transaction_hash: bytes) -> Receipt | None:
    for _ in range(RECEIPT_POLLS_MAX):
        receipt = chain.receipt(transaction_hash)
        if receipt is not None:
            return receipt
        time.sleep(RECEIPT_POLL_S)
    return None
