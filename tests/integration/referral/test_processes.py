"""Rewards by several processes at once, one of which is killed; the whole ledger agrees."""

from __future__ import annotations

import subprocess
import sys

import pytest

from api.cli.ledger import CHECKS
from ledger.log.verify import SIGNATURE_CHECK
from ledger.referral.model import ReferralState
from ledger.verify.service import verify
from tests.integration.conftest import TestDatabase
from tests.integration.referral.conftest import PROGRAMME, Club

_WORKER = """
import sys
from datetime import datetime
from ledger.kernel.transaction import connect
from ledger.referral import advancing
from ledger.referral.fingerprints import Fingerprints

class Fixed:
    def now(self):
        return datetime.fromisoformat(sys.argv[2])

print("up", flush=True)
while True:
    advancing.run(connect(sys.argv[1], pool_size=1, clock=Fixed()), Fingerprints(b"k" * 32))
    print("done", flush=True)
"""
GUESTS = 12


@pytest.mark.parametrize("emitting", [False, True])
def test_each_reward_once(club: Club, test_database: TestDatabase, *, emitting: bool) -> None:
    text = PROGRAMME.replace('"1"', '"2"').replace("open_invitations: 5", "open_invitations: 50")
    if emitting:
        text += "  pool: team\n"
        text += 'emission: {start: "2026-03-01", yearly: 3650000, pools: {rewards: 80, team: 20}}\n'
    club.world.activate(text, "2026-03-01T12:00:00Z")
    passes = [club.invited("ann", f"g{number}") for number in range(GUESTS)]
    for number in range(GUESTS):
        club.pays(f"g{number}", order=f"o{number}")
        club.subscribes(f"g{number}")
    club.pass_time(days=30)
    workers = [_start(test_database, club) for _ in range(3)]
    try:
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "up\n"
        workers[0].kill()
        for worker in workers[1:]:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "done\n"
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
            assert worker.stdout is not None
            worker.stdout.close()
    club.run()
    assert {club.again(each).state for each in passes} == {ReferralState.REWARDED}
    assert club.has("ann") == GUESTS * 500
    assert [club.has(f"g{number}") for number in range(GUESTS)] == [200] * GUESTS
    club.refunds("g0", 9_000, order="o0")
    club.run()
    assert club.has("ann") + club.has("g0") == (GUESTS - 1) * 500 + 400
    checks = [check for check in CHECKS if check is not SIGNATURE_CHECK]
    assert verify(club.database, checks).findings == ()


def _start(database: TestDatabase, club: Club) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", _WORKER, database.app_url, club.clock.at.isoformat()]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
