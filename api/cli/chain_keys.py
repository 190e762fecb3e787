"""`vklad chain import-key`: a key that somebody has already, into this installation's keystore."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from eth_account import Account
from eth_account.signers.local import LocalAccount

from api.chain import keep_key
from api.settings import load_settings
from api.supervisor.state import StateFolder
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
    settings = load_settings()
    state = StateFolder(settings.state_folder)
    state.prepare()
    try:
        key: LocalAccount = Account.from_key(
            Account.decrypt(json.loads(file.read_text()), _password())
        )
    except (ValueError, KeyError, TypeError) as wrong:
        raise KeyFileUnreadable(
            f"{file} is no encrypted key, or its password is another."
        ) from wrong
    keep_key(state, role, key)
    typer.echo(f"The {role} is {key.address}.")


def _password() -> str:
    if sys.stdin.isatty():
        asked: str = typer.prompt("Password of the file", hide_input=True)
        return asked
    return sys.stdin.readline().rstrip("\n")
