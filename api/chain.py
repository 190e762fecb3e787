"""The chain of this installation, its keys and its contracts, from the settings.

Keys are derived from the installation's words (BIP 44, one index a role) and kept in `.vklad/keys`,
one encrypted file a role, so that a process opens only its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from eth_account import Account
from eth_account.hdaccount import generate_mnemonic
from eth_account.signers.local import LocalAccount
from eth_account.types import Language

from api.settings import BadSettings, Settings
from api.supervisor.anvil import CHAIN_ID as EMBEDDED_CHAIN_ID
from api.supervisor.anvil import HOST, embedded_chain_port
from api.supervisor.state import StateFolder
from ledger.kernel.errors import ErrorKind, VkladError
from oracle.bindings import anchors, points_bridge
from oracle.chain.port import BlockTag, Chain, ChainUnavailable, Finality
from oracle.chain.remote_signer import RemoteSigner
from oracle.chain.signer import (
    LocalSigner,
    has_key,
    next_account,
    open_keystore,
    use_next_key,
    write_key,
    write_next_key,
)
from oracle.chain.web3_adapter import Web3Chain
from oracle.contracts.abi import Address, MalformedAddress, address
from oracle.deployment.model import (
    LOCAL_VOTING_PERIOD_S,
    Deployment,
    Parameters,
    Roles,
    local_parameters,
)
from oracle.deployment.service import (
    Report,
    deploy,
    is_on_chain,
    read_record,
    record_path,
    write_record,
)
from oracle.deployment.verify import verify
from oracle.sender.holders import Holder, Holders
from oracle.sender.model import SenderRole

LOCAL_CHAIN_IDS: Final = (EMBEDDED_CHAIN_ID, 1337)
EMBEDDED_FINALITY_BLOCKS: Final = 1
_DEPLOYMENTS: Final = "deployments"
KEY_INDEX: Final = {
    SenderRole.DEPLOYER: 0,
    SenderRole.POSTER: 1,
    SenderRole.RELAYER: 2,
    SenderRole.WATCHER: 3,
    SenderRole.ANCHORER: 4,
    SenderRole.GUARDIAN: 5,
}


class NotDeployed(VkladError):
    """The chain does not have our contracts yet, or they are not the recorded ones."""

    code = "contracts_not_deployed"
    kind = ErrorKind.UNAVAILABLE


class ParametersMissing(VkladError):
    """A chain that is not local needs parameters that somebody has thought about."""

    code = "deployment_parameters_missing"
    kind = ErrorKind.INVALID


class DeploymentUnsound(VkladError):
    """What stands on the chain is not what it must be."""

    code = "deployment_unsound"
    kind = ErrorKind.CONFLICT


class KeyElsewhere(VkladError):
    """Keys are at a remote signer, and are changed there."""

    code = "key_elsewhere"
    kind = ErrorKind.CONFLICT


class KeyNotKnown(VkladError):
    """The contract knows another account for a role than the one whose key is to be used."""

    code = "key_not_known"
    kind = ErrorKind.CONFLICT


class KeyPresent(VkladError):
    """The role has a key already, and contracts or money may rely on it."""

    code = "key_present"
    kind = ErrorKind.CONFLICT


def chain_urls(settings: Settings, state: StateFolder) -> tuple[str, ...]:
    """The endpoints to use; where several are configured they must agree."""
    return settings.chain_rpc_urls or (f"http://{HOST}:{embedded_chain_port(state)}",)


def open_chain(settings: Settings, state: StateFolder) -> Web3Chain:
    """The first endpoint of the chain; connected to on the first question."""
    return open_endpoint(settings, chain_urls(settings, state)[0])


def open_endpoint(settings: Settings, url: str) -> Web3Chain:
    """One endpoint, which must serve the chain that the settings state, if they do."""
    embedded = None if settings.chain_rpc_urls else EMBEDDED_CHAIN_ID
    return Web3Chain(url, expected_chain_id=settings.chain_id or embedded)


def finality(settings: Settings) -> Finality:
    """When a block counts as final."""
    if settings.chain_finality_depth is not None:
        return Finality(settings.chain_finality_depth)
    return Finality(None if settings.chain_rpc_urls else EMBEDDED_FINALITY_BLOCKS)


def service_key(settings: Settings, state: StateFolder, index: int) -> LocalAccount:
    """The key at ``m/44'/60'/0'/0/index`` of the installation's words."""
    if settings.chain_mnemonic is not None:
        words = settings.chain_mnemonic.get_secret_value()
    else:
        words = state.secret("chain_mnemonic", lambda: generate_mnemonic(12, Language.ENGLISH))
    Account.enable_unaudited_hdwallet_features()
    key: LocalAccount = Account.from_mnemonic(words, account_path=f"m/44'/60'/0'/0/{index}")
    return key


def open_signer(
    settings: Settings, state: StateFolder, roles: Iterable[SenderRole]
) -> LocalSigner | RemoteSigner:
    """The remote signer if one is configured; else the keystore, written on first need."""
    if settings.signer_url is not None:
        url, stated = settings.signer_url.get_secret_value(), stated_accounts(settings)
        return RemoteSigner(url, stated)
    wanted = tuple(roles)
    folder, password = _keystore(state)
    for role in wanted:
        if not has_key(folder, role):
            write_key(folder, role, password, service_key(settings, state, KEY_INDEX[role]))
    return open_keystore(folder, password, wanted)


def stated_accounts(settings: Settings) -> dict[SenderRole, Address]:
    """The accounts that the settings state for roles of the remote signer.

    Raises:
        BadSettings: it is no list of a role's name and an account.
    """
    stated: dict[SenderRole, Address] = {}
    for item in filter(None, (each.strip() for each in settings.signer_accounts.split(","))):
        role, _, account = item.partition("=")
        try:
            stated[SenderRole(role.strip())] = address(account.strip())
        except (ValueError, MalformedAddress) as wrong:
            raise BadSettings(
                f"VKLAD_SIGNER_ACCOUNTS: {item!r} is not role=account. "
                f"The roles: {', '.join(SenderRole)}."
            ) from wrong
    return stated


def keep_key(state: StateFolder, role: SenderRole, key: LocalAccount) -> None:
    """Keep a key that somebody brings, before one is derived for its role.

    Raises:
        KeyPresent: the role has one.
    """
    folder, password = _keystore(state)
    if has_key(folder, role):
        raise KeyPresent(f"There is a key for the {role} in {folder} already.", role=role)
    write_key(folder, role, password, key)


def prepare_key(
    settings: Settings, state: StateFolder, role: SenderRole, key: LocalAccount
) -> None:
    """Keep the key that a role is to have; the present one stays in use.

    Raises:
        KeyElsewhere: keys are at a remote signer.
        KeyPresent: one is prepared already.
    """
    _require_keystore(settings)
    folder, password = _keystore(state)
    try:
        write_next_key(folder, role, password, key)
    except FileExistsError as waits:
        account = next_account(folder, role, password)
        raise KeyPresent(
            f"The key of {account} waits to be the {role}'s already. To drop it: "
            f"rm {folder / f'{role}.next.json'}",
            role=role,
        ) from waits


def put_key_in_use(
    settings: Settings, state: StateFolder, chain: Chain, role: SenderRole
) -> tuple[Address, Path | None]:
    """Give a role the key prepared for it; its account, and where the one before is kept.

    Raises:
        KeyElsewhere: keys are at a remote signer.
        KeyMissing: none is prepared.
        KeyNotKnown: the contract knows another account: the vote is not executed.
        NotDeployed: no contracts of ours are on this chain.
    """
    _require_keystore(settings)
    folder, password = _keystore(state)
    account = next_account(folder, role, password)
    holder = role_holders(deployment_of(chain, state)).get(role)
    present = None if holder is None else holder.at(chain, BlockTag.LATEST)
    if present not in {None, account}:
        raise KeyNotKnown(
            f"The contract knows {present} as the {role}, and the prepared key is of {account}: "
            "until a vote for it is executed, nothing could be sent with it.",
            role=role,
        )
    return account, use_next_key(folder, role)


def role_holders(deployment: Deployment) -> Holders:
    """Which contract names the account of a role; the relayer's and the deployer's none does."""
    bridge, anchors_at = deployment.address("PointsBridge"), deployment.address("Anchors")
    return {
        SenderRole.POSTER: Holder(bridge, points_bridge.poster()),
        SenderRole.WATCHER: Holder(bridge, points_bridge.watcher()),
        SenderRole.GUARDIAN: Holder(bridge, points_bridge.guardian()),
        SenderRole.ANCHORER: Holder(anchors_at, anchors.anchorer()),
    }


def deployment_parameters(
    settings: Settings, state: StateFolder, guardian: Address | None = None
) -> Parameters:
    """What `deploy_contracts` deploys: this installation's accounts, local periods.

    The guardian's key is asked for nowhere but at a remote signer: else it is of our words.
    """
    signer = open_signer(
        settings, state, (SenderRole.POSTER, SenderRole.WATCHER, SenderRole.ANCHORER)
    )
    if guardian is None and settings.signer_url is None:
        key = service_key(settings, state, KEY_INDEX[SenderRole.GUARDIAN])
        guardian = Address(key.address)
    return local_parameters(
        Roles(
            poster=signer.address(SenderRole.POSTER),
            watcher=signer.address(SenderRole.WATCHER),
            guardian=guardian or signer.address(SenderRole.GUARDIAN),
            anchorer=signer.address(SenderRole.ANCHORER),
        ),
        settings.local_voting_period_s or LOCAL_VOTING_PERIOD_S,
    )


def deployment_of(chain: Chain, state: StateFolder) -> Deployment:
    """The deployment on this very chain.

    Raises:
        NotDeployed: none is recorded, or its code is not there.
    """
    found = read_record(_record(chain, state))
    if found is None or not is_on_chain(chain, found):
        here, recorded = chain.chain_id(), recorded_chain_ids(state)
        elsewhere = ", ".join(map(str, recorded))
        if recorded and here not in recorded:
            raise NotDeployed(
                f"The endpoint serves chain {here}, and this installation's contracts are on "
                f"chain {elsewhere}. Set VKLAD_CHAIN_RPC_URL back to that one, or put contracts on "
                "this one: vklad chain deploy",
                chain_id=here,
            )
        raise NotDeployed(
            f"The contracts are not on this chain, {here}. Run: vklad chain deploy", chain_id=here
        )
    return found


def recorded_chain_ids(state: StateFolder) -> list[int]:
    """The chains that this installation has deployed to."""
    records = (state.path / _DEPLOYMENTS).glob("*-*.json")
    return sorted({int(record.name.partition("-")[0]) for record in records})


def deploy_contracts(
    settings: Settings,
    state: StateFolder,
    parameters: Parameters | None = None,
    report: Report = lambda _: None,
) -> tuple[Deployment, bool]:
    """Deploy unless this chain has the contracts already; whether it did deploy.

    Without parameters, those of a local chain and this installation's keys are meant. `report` is
    told each step as it is done: blocks of others take seconds.

    Raises:
        ParametersMissing: no parameters, and the chain is not a local one.
        DeploymentUnsound: what stands there afterwards fails verification.
    """
    chain = open_chain(settings, state)
    path = _record(chain, state)
    found = read_record(path)
    if found is not None and is_on_chain(chain, found):
        return found, False
    if parameters is None:
        if chain.chain_id() not in LOCAL_CHAIN_IDS:
            raise ParametersMissing(
                f"Chain {chain.chain_id()} is not a local one: its periods, limits and keys must "
                "be stated. Use: vklad chain deploy --parameters FILE",
                chain_id=chain.chain_id(),
            )
        parameters = deployment_parameters(settings, state)
    signer = open_signer(settings, state, (SenderRole.DEPLOYER,))
    made = deploy(chain, parameters, signer, report)
    require_sound(chain, made)
    write_record(path, made)
    return made, True


def require_contracts(settings: Settings, state: StateFolder) -> str | None:
    """Refuse to begin on a chain that has never had our contracts; else what to say, if anything.

    A chain that does not answer, or was reset by who runs it, is no reason to keep people from
    their points: the bridge waits or stops by itself.

    Raises:
        NotDeployed: nothing is recorded for a chain of this id.
        WrongChain: the settings state another id.
    """
    chain = open_chain(settings, state)
    try:
        deployment_of(chain, state)
    except ChainUnavailable as silent:
        return f"The chain does not answer, so nothing moves there yet: {silent.message}"
    except NotDeployed as missing:
        if chain.chain_id() not in recorded_chain_ids(state):
            raise
        return missing.message
    return None


def require_sound(chain: Chain, deployment: Deployment) -> None:
    """Refuse a deployment that is not exactly ours.

    Raises:
        DeploymentUnsound: naming every finding.
    """
    findings = verify(chain, deployment)
    if findings:
        sentences = "; ".join(f"{found.contract}: {found.problem}" for found in findings)
        raise DeploymentUnsound(f"The deployment is not sound. {sentences}.")


def _require_keystore(settings: Settings) -> None:
    if settings.signer_url is not None:
        raise KeyElsewhere(
            "VKLAD_SIGNER_URL is set: make the new key there, and let it serve that account."
        )


def _keystore(state: StateFolder) -> tuple[Path, str]:
    return state.path / "keys", state.secret("keystore_password")


def _record(chain: Chain, state: StateFolder) -> Path:
    return record_path(state.path / _DEPLOYMENTS, chain)
