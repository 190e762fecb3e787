"""What the watcher finds in a batch."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from ledger.kernel.units import Points
from oracle.bridge.model import pack_records, recipient_digest
from oracle.watcher.model import Claim, CommittedBatch, Evidence, faults, heartbeat_due

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ANN, BOB = "0x" + "aa" * 20, "0x" + "bb" * 20
SALT = b"\x05" * 32
BATCH = CommittedBatch(3, bytes(32), Points(150), 20, 10, Points(400))


def claim(wallet: str, points: int, position: int) -> Claim:
    return Claim(
        claim_id=UUID(int=position),
        member_id=UUID(int=1),
        points=Points(points),
        position=position,
        effective_at=NOW,
        chain="eip155:1:0x",
        recipient_digest=recipient_digest(wallet, SALT),
        salt=SALT,
        wallets=frozenset({wallet}),
    )


CLAIMS = (claim(ANN, 100, 12), claim(BOB, 50, 20))
RECORDS = pack_records([(ANN, Points(100)), (BOB, Points(50))])
GOOD = Evidence(RECORDS, CLAIMS, Points(400))


def test_a_batch_that_is_what_the_journal_says_has_no_faults() -> None:
    assert faults(BATCH, GOOD) == []


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        (replace(GOOD, records=None), "Nobody has records"),
        (replace(GOOD, records=RECORDS + b"\x01"), "not a whole number of records"),
        (replace(GOOD, records=RECORDS[:26]), "1 records for 2 claims"),
        (replace(GOOD, claims=CLAIMS[:1]), "2 records for 1 claims"),
        (replace(GOOD, escrowed_before=Points(399)), "the journal knows of 399"),
        (
            replace(GOOD, records=pack_records([(ANN, Points(101)), (BOB, Points(49))])),
            "mints 101 points where 100 went to escrow",
        ),
        (
            replace(GOOD, records=pack_records([(BOB, Points(100)), (BOB, Points(50))])),
            "not the recipient in the journal's entry at 12",
        ),
        (
            replace(GOOD, claims=(replace(CLAIMS[0], salt=None), CLAIMS[1])),
            "not the recipient in the journal's entry at 12",
        ),
        (
            replace(GOOD, claims=(CLAIMS[0], replace(CLAIMS[1], wallets=frozenset({ANN})))),
            "was not the member's when the points moved at 20",
        ),
    ],
)
def test_each_lie_is_found(evidence: Evidence, words: str) -> None:
    assert any(words in sentence for sentence in faults(BATCH, evidence))


def test_a_total_that_is_not_the_sum_and_a_step_back_are_found() -> None:
    (total,) = faults(replace(BATCH, points=Points(151)), GOOD)
    assert "says 151 points, its records 150" in total
    (back,) = faults(replace(BATCH, previous_ledger_position=21), GOOD)
    assert "goes back in the journal" in back


def test_a_batch_that_claims_more_of_the_journal_than_it_took_is_found() -> None:
    (beyond,) = faults(replace(BATCH, ledger_position=10**9), GOOD)
    assert "its last claim is at 20" in beyond


def test_a_heartbeat_is_due_at_half_its_time() -> None:
    assert not heartbeat_due(now_s=100, alive_until_s=150, lasts_s=100)
    assert heartbeat_due(now_s=101, alive_until_s=150, lasts_s=100)
    assert heartbeat_due(now_s=1, alive_until_s=0, lasts_s=100)
