"""`vklad chain accounts | parameters | source`: what a deployment to a chain of others needs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated, Final

import typer

from api.chain import (
    KEY_INDEX,
    NotDeployed,
    deployment_of,
    deployment_parameters,
    open_chain,
    open_signer,
    role_holders,
)
from api.settings import load_settings
from api.supervisor.state import StateFolder
from oracle.chain.port import BlockTag, Chain
from oracle.contracts.abi import address
from oracle.contracts.compiler import CONTRACTS, standard_input
from oracle.deployment.model import public_parameters
from oracle.deployment.service import constructor_arguments
from oracle.sender.holders import NO_HOLDERS, Holders
from oracle.sender.model import SenderRole

WEI_PER_COIN: Final = 10**18


def accounts() -> None:
    """Print each role's account and what it has to pay gas with; the guardian's is elsewhere.

    Where a contract knows another account for the role, that is said, too.
    """
    settings = load_settings()
    state = StateFolder(settings.state_folder)
    state.prepare()
    chain = open_chain(settings, state)
    roles = [role for role in KEY_INDEX if role is not SenderRole.GUARDIAN]
    signer = open_signer(settings, state, roles)
    holders = _holders(chain, state)
    typer.echo(f"Chain {chain.chain_id()}")
    for role in roles:
        account = signer.address(role)
        balance = chain.balance_wei(account, BlockTag.LATEST)
        coins = f"{balance // WEI_PER_COIN}.{balance % WEI_PER_COIN:018d}".rstrip("0").rstrip(".")
        typer.echo(f"  {role:<9} {account}  {coins}")
        present = holders[role].at(chain, BlockTag.LATEST) if role in holders else account
        if present != account:
            typer.echo(f"            but the contract knows {present}: nothing is sent with ours")


def _holders(chain: Chain, state: StateFolder) -> Holders:
    """Nobody, where nothing is deployed yet."""
    try:
        return role_holders(deployment_of(chain, state))
    except NotDeployed:
        return NO_HOLDERS


def parameters(
    *,
    rehearsal: Annotated[
        bool, typer.Option(help="Periods of seconds, as on a local chain, to try things out.")
    ] = False,
    guardian: Annotated[
        str | None,
        typer.Option(help="The guardian's account; else the one of this installation's words."),
    ] = None,
) -> None:
    """Print parameters for `deploy` with this installation's accounts, to be thought about."""
    settings = load_settings()
    state = StateFolder(settings.state_folder)
    state.prepare()
    made = deployment_parameters(settings, state, None if guardian is None else address(guardian))
    chosen = made if rehearsal else public_parameters(made.roles)
    typer.echo(json.dumps({"parameters": asdict(chosen)}, indent=2))


def source(
    contract: Annotated[
        str | None, typer.Argument(help="For its constructor arguments; else the sources.")
    ] = None,
) -> None:
    """Print what an explorer verifies the code by: the compiler's input, or a CONTRACT's arguments.

    The input is solc's standard JSON; the arguments are ABI-encoded, in hexadecimal.
    """
    if contract is None:
        typer.echo(json.dumps(standard_input()))
        return
    if contract not in CONTRACTS:
        raise typer.BadParameter(f"There is no {contract}. One of: {', '.join(CONTRACTS)}.")
    settings = load_settings()
    state = StateFolder(settings.state_folder)
    deployment = deployment_of(open_chain(settings, state), state)
    places = {name: each.address for name, each in deployment.contracts.items()}
    arguments = constructor_arguments(contract, places, deployment.deployer, deployment.parameters)
    typer.echo(arguments.hex())
