"""`vklad chain import-key | new-key | use-key`: keys of roles, into this installation's keystore.

No key and no password is ever printed, or taken from a command line.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from eth_account import Account
from eth_account.signers.local import LocalAccount

from api.chain import keep_key, open_chain, prepare_key, put_key_in_use
from api.settings import Settings, load_settings
from api.supervisor.state import StateFolder
from governance.proposals.model import KeyRole
from ledger.kernel.errors import ErrorKind, VkladError
from oracle.sender.model import SenderRole


class KeyFileUnreadable(VkladError):
    """The file is no encrypted key, or the password is another."""

    code = "key_file_unreadable"
    kind = ErrorKind.INVALID


def import_key(
    role: SenderRole, file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)]
) -> None:
    """Take the key of a ROLE out of a FILE that a wallet has exported (Web3 Secret Storage).

    Its password is asked for, or is the first line of the standard input. Here the key is kept
    encrypted by this installation's own password. A key that is there is not replaced.
    """
    state = _state(load_settings())
    key = _read(file)
    keep_key(state, role, key)
    typer.echo(f"The {role} is {key.address}.")


def new_key(
    role: SenderRole,
    file: Annotated[
        Path | None,
        typer.Argument(exists=True, dir_okay=False, help="A key of a wallet's; else one is made."),
    ] = None,
) -> None:
    """Make the key that a ROLE is to have, or take it from a FILE as import-key does.

    The present one stays in use until `vklad chain use-key ROLE`.
    """
    settings = load_settings()
    key: LocalAccount = Account.create() if file is None else _read(file)
    prepare_key(settings, _state(settings), role, key)
    typer.echo(f"The next {role} is {key.address}. Give it some money of that chain for gas.")
    if role in {SenderRole(each) for each in KeyRole}:
        typer.echo(f"A member proposes it at {settings.origin}/votes/new: Another key.")
    typer.echo(f"Then put it in use: vklad chain use-key {role}")


def use_key(role: SenderRole) -> None:
    """Give a ROLE the key that new-key prepared, once its contract knows it.

    What runs takes it by itself within seconds. The key before is kept, encrypted as it was.
    """
    settings = load_settings()
    state = _state(settings)
    account, retired = put_key_in_use(settings, state, open_chain(settings, state), role)
    typer.echo(f"The {role} is {account} from now on.")
    if retired is not None:
        typer.echo(f"The key before is kept in {retired}.")


def _state(settings: Settings) -> StateFolder:
    state = StateFolder(settings.state_folder)
    state.prepare()
    return state


def _read(file: Path) -> LocalAccount:
    try:
        key: LocalAccount = Account.from_key(
            Account.decrypt(json.loads(file.read_text()), _password())
        )
    except (ValueError, KeyError, TypeError) as wrong:
        raise KeyFileUnreadable(
            f"{file} is no encrypted key, or its password is another."
        ) from wrong
    return key


def _password() -> str:
    if sys.stdin.isatty():
        asked: str = typer.prompt("Password of the file", hide_input=True)
        return asked
    return sys.stdin.readline().rstrip("\n")
