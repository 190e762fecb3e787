"""`vklad chain`: the contracts and what they have to do with the ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from api.chain import deploy_contracts, deployment_of, open_chain, require_sound
from api.cli import chain_keys, chain_operations, chain_setup, guardian
from api.settings import load_settings
from api.supervisor.state import StateFolder
from oracle.deployment import settings as kept
from oracle.deployment.model import Deployment, parameters_from_json

app: Final = typer.Typer(help="The contracts on the chain.", no_args_is_help=True)
app.command()(chain_setup.accounts)
app.command()(chain_setup.parameters)
app.command()(chain_setup.source)
app.command()(chain_keys.import_key)
app.command()(chain_keys.new_key)
app.command()(chain_keys.use_key)
app.command()(chain_operations.reconcile)
app.command()(chain_operations.reserve)
app.command()(chain_operations.verify_reserve)
app.command()(chain_operations.verify_record)
app.command()(chain_operations.reset)
app.command()(chain_operations.gaps)
app.command()(guardian.guardian)
app.command()(guardian.pause)
app.command()(guardian.unpause)
app.command()(guardian.veto)
app.command()(guardian.reason)


@app.command()
def deploy(
    parameters: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="JSON as in a deployment record."),
    ] = None,
) -> None:
    """Put the contracts on the chain, unless they are there, and verify them."""
    settings = load_settings()
    state = StateFolder(settings.state_folder)
    state.prepare()
    deployment, is_new = deploy_contracts(
        settings,
        state,
        None if parameters is None else parameters_from_json(parameters.read_text()),
        typer.echo,
    )
    _print(deployment)
    typer.echo("Deployed and verified." if is_new else "Already deployed.")


@app.command()
def verify() -> None:
    """Prove that the code on the chain is ours and that the deployer has no power left."""
    settings = load_settings()
    state = StateFolder(settings.state_folder)
    chain = open_chain(settings, state)
    deployment = deployment_of(chain, state)
    require_sound(chain, deployment)
    _print(deployment)
    for contract, difference in kept.changed(chain, deployment):
        typer.echo(f"  changed since it was deployed: {contract}, {difference}")
    typer.echo("Code, constants, roles and the floors of quorum are as they must be.")


def _print(deployment: Deployment) -> None:
    typer.echo(f"Chain {deployment.chain_id}, first block 0x{deployment.genesis_hash.hex()}")
    for name, contract in deployment.contracts.items():
        typer.echo(f"  {name:<18} {contract.address}  block {contract.block_number}")
