"""A wallet in the browser (EIP-1193) that really signs; its key never leaves the test."""

from __future__ import annotations

import json
import secrets

from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from eth_account.signers.local import LocalAccount
from playwright.sync_api import Page

PROVIDER = """
window.ethereum = {
  request: async ({ method, params }) => {
    if (method === "eth_requestAccounts" || method === "eth_accounts") {
      return [await window.walletAddress()];
    }
    if (method === "eth_chainId") return "0x7a69";
    if (method === "personal_sign") return window.walletSignText(params[0]);
    if (method === "eth_signTypedData_v4") return window.walletSignTyped(params[1]);
    throw { code: 4200, message: `${method} is not supported.` };
  },
};
"""


class Wallet:
    """A fresh key and what signs with it."""

    def __init__(self) -> None:
        self._key: LocalAccount = Account.from_key(secrets.token_bytes(32))

    @property
    def address(self) -> str:
        """Checksummed."""
        return str(self._key.address)

    def inject(self, page: Page) -> None:
        """Be the wallet of every page that this window opens from now on."""
        page.expose_function("walletAddress", lambda: self.address)
        page.expose_function("walletSignText", self._sign_hex_text)
        page.expose_function("walletSignTyped", lambda text: self._sign_typed(json.loads(text)))
        page.add_init_script(PROVIDER)

    def sign_text(self, text: str) -> str:
        """EIP-191."""
        return "0x" + self._key.sign_message(encode_defunct(text=text)).signature.hex()

    def _sign_hex_text(self, hexadecimal: str) -> str:
        return self.sign_text(bytes.fromhex(hexadecimal.removeprefix("0x")).decode())

    def _sign_typed(self, typed: dict[str, object]) -> str:
        return "0x" + self._key.sign_message(encode_typed_data(full_message=typed)).signature.hex()
