"""Settings that hold secrets: what an installation says holds none, whatever of them works.

Errors are where secrets get out: a library names the address that it could not reach.
"""

from __future__ import annotations

import base64
import re
import secrets
import time

import httpx
import pytest
from eth_account.hdaccount import generate_mnemonic
from eth_account.types import Language

from api.chain import KEY_INDEX
from api.supervisor.anvil import CHAIN_ID
from oracle.sender.model import SenderRole
from tests.support.guarding import CONFIRM
from tests.support.installation import Installation, an_installation
from tests.support.refusing import refusing
from tests.support.secrets_shown import (
    key_of_words,
    keys_of_words,
    leaks,
    readable_by_others,
    secrets_kept,
    whatever_is_shown,
)
from tests.support.web3signer import web3signer

WORDS = generate_mnemonic(12, Language.ENGLISH)
SECRETS = {
    name: secrets.token_hex(16)
    for name in (
        "chain_rpc",
        "chain_rpc_of_another",
        "watcher_rpc",
        "signer",
        "signer_path",
        "secret",
        "oidc_client_secret",
    )
}
SIGNING = (SenderRole.POSTER, SenderRole.RELAYER, SenderRole.WATCHER, SenderRole.ANCHORER)
SAID_WITHIN_S = 30
COMMANDS = (
    ("doctor",),
    ("chain", "accounts"),
    ("chain", "new-key", "poster"),
)
pytestmark = [pytest.mark.deep, pytest.mark.chain]


def test_nothing_that_is_said_of_what_fails_holds_a_secret() -> None:
    with (
        refusing() as place,
        an_installation(
            {
                "VKLAD_DEMO": "false",
                "VKLAD_CHAIN_RPC_URL": f"http://us:{SECRETS['chain_rpc']}@{place}/,"
                f"http://127.0.0.1:9/v3/{SECRETS['chain_rpc_of_another']}",
                "VKLAD_WATCHER_RPC_URL": f"http://{place}/v3/{SECRETS['watcher_rpc']}",
                "VKLAD_SIGNER_URL": f"http://us:{SECRETS['signer']}@{place}/"
                f"{SECRETS['signer_path']}/{{role}}",
                "VKLAD_CHAIN_MNEMONIC": WORDS,
                "VKLAD_SECRET": SECRETS["secret"] * 2,
                "VKLAD_OIDC_ISSUER": f"http://{place}",
                "VKLAD_OIDC_CLIENT_ID": "vklad",
                "VKLAD_OIDC_CLIENT_SECRET": SECRETS["oidc_client_secret"],
            }
        ) as installation,
    ):
        installation.up()
        _wait_for_complaints(installation)
        answer = httpx.get(f"{installation.base_url}/sign-in/start", timeout=30)
        assert answer.is_error
        seen = whatever_is_shown(installation, COMMANDS)
        seen["signing in"] = answer.text
        for words in ("doctor", "chain accounts"):
            assert "HTTPError 401" in seen[words], words
        known = SECRETS | keys_of_words(WORDS) | secrets_kept(installation) | {"the words": WORDS}
        assert len(known) > 15
        assert leaks(known, seen) == set()
        assert readable_by_others(installation) == []


def test_nothing_that_is_said_by_the_help_of_a_signer_holds_a_secret() -> None:
    """First all is signed there, by a guardian's commands as well; then nobody answers."""
    password = secrets.token_hex(16)
    with an_installation({}) as installation:
        installation.state.prepare()
        words = installation.state.secret("chain_mnemonic", lambda: WORDS)
        keys = {role: key_of_words(words, role) for role in KEY_INDEX}
        with web3signer(list(keys.values()), CHAIN_ID) as signer:
            installation.environment |= {
                "VKLAD_SIGNER_URL": signer.url.replace("http://", f"http://us:{password}@"),
                "VKLAD_SIGNER_ACCOUNTS": ",".join(f"{r}={k.address}" for r, k in keys.items()),
            }
            installation.up()
            told = [installation.vklad("chain", "accounts"), _pause(installation)]
            assert all(keys[role].address in told[0] for role in SIGNING)
            assert signer.faults == []
            assert {"eth_signTransaction", "eth_signTypedData"} <= set(signer.asked)
        seen = whatever_is_shown(installation, (*COMMANDS, ("chain", "pause")))
        assert "did not answer: ConnectError" in seen["chain accounts"]
        seen |= {f"a command that went well, {n}": text for n, text in enumerate(told)}
        known = secrets_kept(installation) | {"the password": password}
        known["the header"] = base64.b64encode(f"us:{password}".encode()).decode()
        assert leaks(known, seen) == set()
        assert [*installation.state.path.glob("keys/*.json")] == [], "no role's key is on this host"
        assert readable_by_others(installation) == []


def _pause(installation: Installation) -> str:
    """The guardian stops the bridge and says why; all that is said."""
    looked = installation.vklad("chain", "pause")
    (digest,) = CONFIRM.findall(looked)
    done = installation.vklad("chain", "pause", "--confirm", digest, "--wait-s", "60")
    (transaction,) = re.findall(r"vklad chain reason (0x[0-9a-f]{64})", done)
    return looked + done + installation.vklad("chain", "reason", transaction, "To see")


def _wait_for_complaints(installation: Installation) -> None:
    """Both the workers and the watcher have tried the chain, and said that it is of no use."""
    logs = [installation.state.log(name) for name in ("worker", "watcher")]
    for _ in range(SAID_WITHIN_S * 10):
        if all("WARNING" in log.read_text() for log in logs if log.exists()):
            return
        time.sleep(0.1)
    raise AssertionError([log.read_text() for log in logs])
