"""Secrets of sources at rest: sealed with Fernet (AES-128-CBC and HMAC-SHA256)."""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken

from ledger.kernel.errors import ErrorKind, VkladError


class SecretUnreadable(VkladError):
    """A stored secret that the installation's own secret does not open: that one was changed."""

    code = "secret_unreadable"
    kind = ErrorKind.UNAVAILABLE


class FernetBox:
    """The ``SecretBox`` of an installation, with a key derived from the installation's secret."""

    def __init__(self, secret: bytes) -> None:
        key = hmac.digest(secret, b"vklad.source-secrets", hashlib.sha256)
        self._fernet = Fernet(base64.urlsafe_b64encode(key))

    def seal(self, secret: str) -> bytes:
        """The sealed form; different each time."""
        return self._fernet.encrypt(secret.encode())

    def unseal(self, sealed: bytes) -> str:
        """The secret again.

        Raises:
            SecretUnreadable: sealed with another key, or damaged.
        """
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as error:
            raise SecretUnreadable(
                "A source's secret was sealed under another VKLAD_SECRET. Add a new one."
            ) from error
