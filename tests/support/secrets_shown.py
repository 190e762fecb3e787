"""What an installation shows to whoever may look, and whether anything in it opens something."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import httpx
from eth_account import Account
from eth_account.signers.local import LocalAccount

from api.chain import KEY_INDEX
from api.supervisor.process import recorded
from oracle.sender.model import SenderRole
from tests.support.installation import Installation

PATHS = ("/metrics", "/readyz", "/v1/status", "/v1/bridge/status", "/openapi.json", "/v1/nothing")
COMMANDS = (("doctor",), ("chain", "accounts"), ("chain", "guardian"))
SHOWN_MIN = 10_000
"""Fewer characters in all, and somebody has looked in the wrong places."""


def secrets_kept(installation: Installation) -> dict[str, str]:
    """What the state folder keeps: passwords, words, and the keys that follow from them."""
    folder = installation.state.path
    found = dict(json.loads((folder / "secrets.json").read_text()))
    if "chain_mnemonic" in found:
        found |= keys_of_words(found["chain_mnemonic"])
    files = (*folder.glob("*.pem"), *folder.glob("keys/*.pem"))
    found |= {file.name: file.read_text().splitlines()[1] for file in files}
    return found


def keys_of_words(words: str) -> dict[str, str]:
    """The private key of each role, in hex."""
    keys = {role: key_of_words(words, role) for role in KEY_INDEX}
    return {f"key of the {role}": bytes(key.key).hex() for role, key in keys.items()}


def key_of_words(words: str, role: SenderRole) -> LocalAccount:
    """The key that an installation with these words makes for a role."""
    Account.enable_unaudited_hdwallet_features()
    path = f"m/44'/60'/0'/0/{KEY_INDEX[role]}"
    key: LocalAccount = Account.from_mnemonic(words, account_path=path)
    return key


def readable_by_others(installation: Installation) -> list[str]:
    """Files that hold secrets and that not only their owner may read."""
    folder = installation.state.path
    held = (folder / "secrets.json", *folder.glob("keys/*"), *folder.glob("*.pem"))
    return [file.name for file in held if file.stat().st_mode & 0o777 != 0o600]


def whatever_is_shown(
    installation: Installation, commands: Sequence[tuple[str, ...]] = COMMANDS
) -> dict[str, str]:
    """Logs, the process list, what anybody may ask for, and what commands say."""
    folder = installation.state.path
    seen = {file.name: file.read_text(errors="replace") for file in folder.glob("logs/*")}
    seen["what up says"] = installation.log.read_text()
    for record in installation.state.records().values():
        process = recorded(record)
        for one in () if process is None else (process, *process.children(recursive=True)):
            seen[f"the process list, {one.pid}"] = " ".join(one.cmdline())
    for path in PATHS:
        seen[path] = httpx.get(installation.base_url + path, timeout=30).text
    for words in commands:
        done = installation.tried(*words)
        seen[" ".join(words)] = done.stdout + done.stderr
    return seen


def leaks(secrets: Mapping[str, str], seen: Mapping[str, str]) -> set[str]:
    """Which secret is where it can be read."""
    assert sum(len(text) for text in seen.values()) > SHOWN_MIN
    return {
        f"{name} in {where}"
        for where, text in seen.items()
        for name, secret in secrets.items()
        if secret in text
    }
