"""The demo on a real installation: the whole story, and each sabotage found by its own step."""

from __future__ import annotations

import json
import re

import httpx
import pytest
from eth_account import Account

from api.chain import KEY_INDEX
from api.demo.community import SHOP_FILE
from api.supervisor.process import recorded
from ledger.kernel.clock import SystemClock
from tests.support.installation import Installation, an_installation

NOTICED = {
    1: "no admins: ",
    2: "source_needs_another_person",
    3: "/v1/webhooks/.* answered 401.*bad_signature",
    4: "another_person_needed",
    5: "/v1/quotes answered 422.*order_forged",
    6: "wallet_signature_wrong",
    7: "in vain for tokens of ",
    8: "/v1/delegations answered 422.*signature_not_yours",
    9: "/v1/proposals answered 422.*signature_not_yours",
    10: "/ballots answered 422.*signature_not_yours",
    11: "the proposal is defeated",
    12: "by the old rules",
    13: "/signatures answered 403.*signature_of_another",
    14: "The chain is off: the token's supply is",
    15: r"transfer \d+ (has the hash|is missing)",
}
"""What each step says when what it relies on is damaged: it must be that, and no other mishap."""
pytestmark = pytest.mark.chain


def test_the_story_holds_and_the_sabotage_of_the_day_fails_at_its_step() -> None:
    today = SystemClock().now().date().toordinal() % len(NOTICED) + 1
    with an_installation({}) as installation:
        installation.up()
        _holds(installation)
        _fails_at_its_step(installation, today)
        installation.proves_itself()
        _keeps_its_secrets(installation)


@pytest.mark.deep
def test_every_sabotage_fails_at_its_step() -> None:
    with an_installation({}) as installation:
        installation.up()
        for number in NOTICED:
            _fails_at_its_step(installation, number)
        _holds(installation)
        installation.proves_itself()


def _holds(installation: Installation) -> None:
    whole = installation.demo()
    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert len(re.findall(r"^ ?\d+\. ok ", whole.stdout, re.MULTILINE)) == len(NOTICED)


def _fails_at_its_step(installation: Installation, number: int) -> None:
    told = installation.demo("--sabotage", str(number))
    assert told.returncode == 1, f"{number}:\n{told.stdout}{told.stderr}"
    failed = re.findall(r"^ ?(\d+)\. FAILED ", told.stdout, re.MULTILINE)
    assert failed == [str(number)], told.stdout
    assert re.search(NOTICED[number], told.stdout.splitlines()[-1]), told.stdout


def _keeps_its_secrets(installation: Installation) -> None:
    """Nothing that opens anything is in a log, a process list, a metric or a command's words."""
    secrets = _secrets(installation)
    assert len(secrets) > 10
    seen = _whatever_is_shown(installation)
    assert sum(len(text) for text in seen.values()) > 10_000
    leaks = {
        f"{name} in {where}"
        for where, text in seen.items()
        for name, secret in secrets.items()
        if secret in text
    }
    assert leaks == set()


def _secrets(installation: Installation) -> dict[str, str]:
    folder = installation.state.path
    found = dict(json.loads((folder / "secrets.json").read_text()))
    Account.enable_unaudited_hdwallet_features()
    for role, index in KEY_INDEX.items():
        path = f"m/44'/60'/0'/0/{index}"
        key = Account.from_mnemonic(found["chain_mnemonic"], account_path=path).key
        found[f"key of the {role}"] = bytes(key).hex()
    _, *of_shop = json.loads((folder / SHOP_FILE).read_text())
    found |= {f"{SHOP_FILE} {number}": value for number, value in enumerate(of_shop)}
    found |= {file.name: file.read_text().splitlines()[1] for file in folder.glob("*.pem")}
    for file in (folder / "secrets.json", *folder.glob("keys/*.json"), *folder.glob("*.pem")):
        assert file.stat().st_mode & 0o077 == 0, file
    return found


def _whatever_is_shown(installation: Installation) -> dict[str, str]:
    folder = installation.state.path
    seen = {file.name: file.read_text(errors="replace") for file in folder.glob("logs/*")}
    seen["what up says"] = installation.log.read_text()
    for record in installation.state.records().values():
        process = recorded(record)
        for one in () if process is None else (process, *process.children(recursive=True)):
            seen[f"the process list, {one.pid}"] = " ".join(one.cmdline())
    for path in ("/metrics", "/readyz", "/v1/status", "/openapi.json", "/v1/nothing"):
        seen[path] = httpx.get(installation.base_url + path, timeout=30).text
    for words in (("doctor",), ("chain", "accounts"), ("chain", "guardian")):
        done = installation.tried(*words)
        seen[" ".join(words)] = done.stdout + done.stderr
    return seen
