"""Keys that sign typed transactions; each role has a key of its own.

A signer is given the whole transaction by name, never a digest, so that one behind a service can
compare each field with its allow-list. Here are keys held by this process: in memory, and in
encrypted files (Web3 Secret Storage). Production keeps keys elsewhere, behind the same protocol.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from eth_account import Account
from eth_account.signers.local import LocalAccount

from ledger.kernel.errors import ErrorKind, VkladError
from oracle.chain.typed_data import TypedData
from oracle.contracts.abi import Address
from oracle.sender.model import SenderRole
from oracle.sender.ports import SignedBytes, TypedTransaction

DEPLOYMENT: Final = Address("")
"""Where a transaction goes that makes a contract: nowhere."""
_SCRYPT_ROUNDS: Final = 2**12
"""Enough for a generated password of 256 bits; a person's would need far more."""


class KeyMissing(VkladError):
    """There is no key for a role, or its file cannot be opened with this password."""

    code = "key_missing"
    kind = ErrorKind.UNAVAILABLE


class LocalSigner:
    """Keys in memory."""

    def __init__(self, keys: Mapping[SenderRole, LocalAccount]) -> None:
        """The key of each role that may sign here."""
        self._keys = dict(keys)

    def address(self, role: SenderRole) -> Address:
        """The account of a role.

        Raises:
            KeyMissing: this signer has no key for it.
        """
        return Address(self._key(role).address)

    def sign(self, transaction: TypedTransaction) -> SignedBytes:
        """Sign an EIP-1559 transaction; the same input gives the same bytes (RFC 6979).

        Raises:
            KeyMissing: this signer has no key for the role.
        """
        signed = self._key(transaction.role).sign_transaction(unsigned(transaction))
        return SignedBytes(bytes(signed.hash), bytes(signed.raw_transaction))

    def sign_message(self, role: SenderRole, message: TypedData) -> bytes:
        """Sign a typed message (EIP-712), 65 bytes.

        Raises:
            KeyMissing: this signer has no key for the role.
        """
        return bytes(self._key(role).sign_message(message.signable()).signature)

    def _key(self, role: SenderRole) -> LocalAccount:
        if role not in self._keys:
            raise KeyMissing(f"This process has no key for the {role}.", role=role)
        return self._keys[role]


def unsigned(transaction: TypedTransaction) -> dict[str, Any]:
    """The fields as eth-account and remote signers name them; `DEPLOYMENT` has no `to`."""
    fields: dict[str, Any] = {
        "type": 2,
        "chainId": transaction.chain_id,
        "nonce": transaction.nonce,
        "value": transaction.value_wei,
        "data": transaction.calldata,
        "gas": transaction.gas_limit,
        "maxFeePerGas": transaction.fees.max_fee_wei,
        "maxPriorityFeePerGas": transaction.fees.priority_fee_wei,
    }
    return fields | ({} if transaction.to == DEPLOYMENT else {"to": transaction.to})


def write_key(folder: Path, role: SenderRole, password: str, key: LocalAccount) -> None:
    """Keep a key in an encrypted file of its own; an existing one is never overwritten.

    Raises:
        FileExistsError: the role already has a file.
    """
    _write(_path(folder, role), password, key)


def write_next_key(folder: Path, role: SenderRole, password: str, key: LocalAccount) -> None:
    """Keep the key that a role is to have, beside the one it has.

    Raises:
        FileExistsError: one waits already.
    """
    _write(_next_path(folder, role), password, key)


def next_account(folder: Path, role: SenderRole, password: str) -> Address:
    """Whose key waits for a role.

    Raises:
        KeyMissing: none does, or the password is another.
    """
    return Address(_read_key(_next_path(folder, role), role, password).address)


def use_next_key(folder: Path, role: SenderRole) -> Path | None:
    """Give a role the key that waits for it; where the one before is kept, if there was one.

    At no moment is the role without a key: else a process would derive one of the words.
    """
    present, retired = _path(folder, role), None
    if present.exists():
        account = json.loads(present.read_text())["address"].removeprefix("0x")
        retired = folder / f"{role.value}.0x{account}.json"
        retired.unlink(missing_ok=True)
        retired.hardlink_to(present)
    _next_path(folder, role).replace(present)
    return retired


def open_keystore(folder: Path, password: str, roles: tuple[SenderRole, ...]) -> LocalSigner:
    """The keys of some roles out of their files.

    Raises:
        KeyMissing: a file is not there, or the password is another.
    """
    return LocalSigner({role: _read_key(_path(folder, role), role, password) for role in roles})


def has_key(folder: Path, role: SenderRole) -> bool:
    """Whether a role has a key file."""
    return _path(folder, role).exists()


def _write(path: Path, password: str, key: LocalAccount) -> None:
    """Whole or not at all, and nobody else's for no moment, whatever the umask is."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    encrypted = Account.encrypt(bytes(key.key), password, kdf="scrypt", iterations=_SCRYPT_ROUNDS)
    made = path.with_name(f".{path.name}.{key.address}")
    descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(encrypted, file)
        file.flush()
        os.fsync(file.fileno())
    try:
        path.hardlink_to(made)
    finally:
        made.unlink()


def _read_key(path: Path, role: SenderRole, password: str) -> LocalAccount:
    try:
        key = Account.decrypt(json.loads(path.read_text()), password)
    except FileNotFoundError as absent:
        raise KeyMissing(f"No key for the {role} at {path}.", role=role) from absent
    except ValueError as wrong:
        raise KeyMissing(f"The key of the {role} does not open: {wrong}", role=role) from wrong
    account: LocalAccount = Account.from_key(key)
    return account


def _path(folder: Path, role: SenderRole) -> Path:
    return folder / f"{role.value}.json"


def _next_path(folder: Path, role: SenderRole) -> Path:
    return folder / f"{role.value}.next.json"
