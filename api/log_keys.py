"""The key that signs the log's heads: an encrypted file of its own beside the chain's keys.

No other key signs heads, and this one signs nothing else. A rotated key's file is kept.

.vklad/keys/log.pem              the key in use (PKCS 8, encrypted)
.vklad/keys/log-<8 letters>.pem  keys before it
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from api.supervisor.state import StateFolder
from ledger.kernel.errors import ErrorKind, VkladError

_NAME: Final = "log.pem"


class LogKeyUnreadable(VkladError):
    """The file of the log's key is damaged, or sealed with another password."""

    code = "log_key_unreadable"
    kind = ErrorKind.UNAVAILABLE


class LogKeyFile:
    """A ``LogSigner`` over one key."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private

    @property
    def key(self) -> bytes:
        """The public key, 32 bytes."""
        return self._private.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """Ed25519, 64 bytes."""
        return self._private.sign(message)


def open_log_signer(state: StateFolder) -> LogKeyFile:
    """The installation's key; made the first time it is asked for.

    Raises:
        LogKeyUnreadable: its file cannot be opened.
    """
    path, password = _place(state)
    if not path.exists():
        # Another process may be first: whose file is there in the end counts for both.
        with contextlib.suppress(FileExistsError):
            _write(path, Ed25519PrivateKey.generate(), password)
    return _read(path, password)


def prepare_successor(state: StateFolder) -> LogKeyFile:
    """A new key, in a file that :func:`put_in_use` makes the installation's.

    Raises:
        LogKeyUnreadable: one was prepared before and cannot be opened.
    """
    path, password = _place(state)
    waiting = path.with_name("log-next.pem")
    if not waiting.exists():
        _write(waiting, Ed25519PrivateKey.generate(), password)
    return _read(waiting, password)


def put_in_use(state: StateFolder) -> None:
    """Make the prepared key the one in use; the file of the one before it stays."""
    path, password = _place(state)
    old = _read(path, password)
    path.rename(path.with_name(f"log-{old.key.hex()[:8]}.pem"))
    path.with_name("log-next.pem").rename(path)


def _place(state: StateFolder) -> tuple[Path, bytes]:
    folder = state.path / "keys"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / _NAME, state.secret("keystore_password").encode()


def _write(path: Path, private: Ed25519PrivateKey, password: bytes) -> None:
    """Whole or not at all: a hard link fails where a file is already."""
    pem = private.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password)
    )
    made = path.with_name(f".{path.name}.{private.public_key().public_bytes_raw().hex()[:8]}")
    made.touch(mode=0o600)
    made.write_bytes(pem)
    try:
        path.hardlink_to(made)
    finally:
        made.unlink()


def _read(path: Path, password: bytes) -> LogKeyFile:
    try:
        private = load_pem_private_key(path.read_bytes(), password)
    except (ValueError, TypeError, OSError) as wrong:
        raise LogKeyUnreadable(f"{path} cannot be opened: {wrong}", file=str(path)) from wrong
    if not isinstance(private, Ed25519PrivateKey):
        raise LogKeyUnreadable(f"{path} holds a key of another kind.", file=str(path))
    return LogKeyFile(private)
