"""The demo on a real installation: the whole story, and each sabotage found by its own step."""

from __future__ import annotations

import importlib
import json
import re
from typing import Any

import httpx
import pytest

from api.demo.community import SHOP_FILE
from ledger.kernel.clock import SystemClock
from tests.support.installation import ROOT, Installation, an_installation
from tests.support.secrets_shown import (
    leaks,
    readable_by_others,
    secrets_kept,
    whatever_is_shown,
)

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
STEPS_TO_A_SCHOOL = 3
"""Of the story: people, a source with a secret and a key, an event that is signed with it."""
SHORT = 20
"""Characters of a cookie that is no secret, as a language."""
pytestmark = pytest.mark.chain


@pytest.fixture
def demo(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The demo's story, which knows the doors."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts/lib/demo"))
    return importlib.import_module("story")


def test_the_story_holds_and_the_sabotage_of_the_day_fails_at_its_step(demo: Any) -> None:
    today = SystemClock().now().date().toordinal() % len(NOTICED) + 1
    with an_installation({}) as installation:
        installation.up()
        _holds(installation)
        _fails_at_its_step(installation, today)
        installation.proves_itself()
        _keeps_its_secrets(installation, demo)


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


def _keeps_its_secrets(installation: Installation, demo: Any) -> None:
    """Nothing that opens anything is in a log, a process list, a metric or a command's words."""
    secrets = secrets_kept(installation) | _secrets_given_out(installation, demo)
    _, *of_shop = json.loads((installation.state.path / SHOP_FILE).read_text())
    secrets |= {f"{SHOP_FILE} {number}": value for number, value in enumerate(of_shop)}
    assert len(secrets) > 20
    assert leaks(secrets, whatever_is_shown(installation)) == set()
    assert readable_by_others(installation) == []


def _secrets_given_out(installation: Installation, demo: Any) -> dict[str, str]:
    """Sessions of people, and a school's secret and key: used once rightly and once wrongly."""
    node = demo.Node(installation.chain_url)
    story = demo.Story(installation.base_url, node, SystemClock().now().microsecond, 0)
    given = {}
    try:
        for story.step, step in enumerate(demo.STEPS[:STEPS_TO_A_SCHOOL], start=1):
            step(story)
        for name, person in story.people.items():
            given[f"{name}'s form token"] = person.csrf
            values = {each.name: str(each.value) for each in person.http.cookies.jar}
            secret = {key: value for key, value in values.items() if len(value) > SHORT}
            assert secret, "a session is a cookie"
            given |= {f"{name}'s cookie {key}": value for key, value in secret.items()}
    finally:
        for person in story.people.values():
            person.http.close()
    school = story.seen["school"]
    given |= {"a source's secret": school.secret, "an API key": school.api_key}
    bearer = {"Authorization": f"Bearer {school.api_key}"}
    refused = httpx.get(f"{installation.base_url}/v1/sources", headers=bearer, timeout=30)
    assert refused.status_code == 403
    return given
