"""The embedded chain: Anvil from the npm project, its state kept in a file.

It listens on loopback alone, on a free port chosen once. It is started without accounts of its own,
for those come from words that everybody knows; ours come from words made on the first run and are
given their balance once it runs, so the words are on no command line. The state file is rewritten
every second: a kill loses at most a second, and the sender sends again. A kill in the midst of that
leaves half a file; see `kept_state`.
"""

from __future__ import annotations

import json
import os
import socket
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from eth_account import Account as Wallet
from eth_account.hdaccount import generate_mnemonic
from eth_account.signers.local import LocalAccount
from eth_account.types import Language

from api.supervisor.ports import LOOPBACK, Place, refuse_taken_port
from api.supervisor.process import Program
from api.supervisor.state import StateFolder, own_folder
from oracle.contracts.toolchain import anvil_binary

HOST: Final = LOOPBACK
CHAIN_ID: Final = 31_337
FUNDED_ACCOUNTS: Final = 10
CHAIN_SETTING: Final = "VKLAD_CHAIN_RPC_URL"
_BALANCE_WEI: Final = 10_000 * 10**18
_STATE_INTERVAL_S: Final = 1
_ANSWER_TIMEOUT_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class AnvilNode:
    """One local chain: where it is kept and where it listens."""

    state: StateFolder
    binary: Path
    port: int

    @classmethod
    def of(cls, state: StateFolder) -> AnvilNode:
        """The chain of an installation, on the port of its last run or a free one.

        Raises:
            ToolMissing: the npm project is not installed, or ships nothing for this machine.
        """
        return cls(state, anvil_binary(), embedded_chain_port(state))

    @property
    def url(self) -> str:
        """Its JSON-RPC endpoint."""
        return f"http://{HOST}:{self.port}"

    @property
    def state_file(self) -> Path:
        """Where an installation's chain is kept."""
        return self.state.path / "chain" / "anvil-state.json"

    def mnemonic(self) -> str:
        """The twelve words from which its funded accounts are derived (BIP 39)."""
        return self.state.secret("chain_mnemonic", lambda: generate_mnemonic(12, Language.ENGLISH))

    def account(self, index: int) -> LocalAccount:
        """The key at ``m/44'/60'/0'/0/index`` (BIP 44)."""
        Wallet.enable_unaudited_hdwallet_features()
        wallet: LocalAccount = Wallet.from_mnemonic(
            self.mnemonic(), account_path=f"m/44'/60'/0'/0/{index}"
        )
        return wallet

    def fund(self, count: int = FUNDED_ACCOUNTS) -> None:
        """Give the first ``count`` accounts their balance if they have none (never mined)."""
        for index in range(count):
            address = self.account(index).address
            if int(str(call(self.url, "eth_getBalance", address, "latest")), 16) == 0:
                call(self.url, "anvil_setBalance", address, hex(_BALANCE_WEI))

    def program(self, name: str = "chain", *, state_file: Path | None = None) -> Program:
        """What to run; blocks are mined on transactions.

        Raises:
            PortTaken: another program listens on the port.
        """
        refuse_taken_port(Place(self.port, CHAIN_SETTING), name)
        kept = state_file or self.state_file
        own_folder(kept.parent)
        return Program(
            name=name,
            argv=(
                str(self.binary),
                *("--host", HOST, "--port", str(self.port)),
                *("--chain-id", str(CHAIN_ID), "--accounts", "0"),
                *("--state", str(kept), "--state-interval", str(_STATE_INTERVAL_S)),
                "--silent",
            ),
            environment={"PATH": os.defpath, "LC_ALL": "C", "HOME": str(self.state.path)},
            directory=kept.parent,
            log_path=self.state.log(name),
            record_path=self.state.record(name),
        )

    def healthy(self) -> bool:
        """Whether it answers with its chain id."""
        return chain_id(self.url) == CHAIN_ID


def embedded_chain_port(state: StateFolder) -> int:
    """The port of the embedded chain: a free one chosen once, then always the same."""
    remembered = state.remembered("chain_port")
    if remembered is None:
        remembered = str(free_port())
        state.remember("chain_port", remembered)
    return int(remembered)


def chain_id(url: str) -> int | None:
    """What the endpoint says its chain is; ``None`` if it does not answer."""
    try:
        return int(str(call(url, "eth_chainId")), 16)
    except (OSError, ValueError):
        return None


def call(url: str, method: str, *parameters: str | int) -> object:
    """One JSON-RPC call to a node; for health and funding alone.

    Raises:
        OSError: no answer.
        ValueError: an answer without a result.
    """
    question = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
    request = urllib.request.Request(  # noqa: S310 - an http URL of our own or of the settings
        url, json.dumps(question).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=_ANSWER_TIMEOUT_S) as answer:  # noqa: S310 - as above
        reply = json.load(answer)
    if not isinstance(reply, dict) or "result" not in reply:
        raise ValueError(f"{method} was refused: {reply}")
    return reply["result"]


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
