"""The demo on a real installation: the whole story, and each sabotage found by its own step."""

from __future__ import annotations

import re

import pytest

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
