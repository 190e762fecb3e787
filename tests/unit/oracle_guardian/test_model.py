"""A guardian's term and acts, at their edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from oracle.contracts.abi import Address
from oracle.guardian.model import (
    BATCH_STATES,
    BRIDGE,
    Act,
    BatchNeverCommitted,
    BatchNotOpen,
    GuardianTermOver,
    NotTheGuardian,
    Office,
    require_open_batch,
    require_power,
)

ENDS = datetime(2027, 3, 2, 9, tzinfo=UTC)
GUARDIAN = Address("0x5FbDB2315678afecb367f032d93F642f64180aa3")
OTHER = Address("0x70997970C51812dc3A010C7d01b50e0d17dc79C8")
OFFICE = Office(BRIDGE, GUARDIAN, ENDS)


def test_the_first_second_without_power_is_the_end_of_the_term() -> None:
    require_power(OFFICE, GUARDIAN, ENDS - timedelta(seconds=1))
    with pytest.raises(GuardianTermOver, match="2027-03-02 09:00 UTC"):
        require_power(OFFICE, GUARDIAN, ENDS)


def test_another_is_no_guardian_whether_or_not_the_term_is_over() -> None:
    for moment in (ENDS - timedelta(days=1), ENDS):
        with pytest.raises(NotTheGuardian, match=GUARDIAN):
            require_power(OFFICE, OTHER, moment)


@pytest.mark.parametrize(
    ("state", "refused"),
    [
        ("none", BatchNeverCommitted),
        ("committed", None),
        ("executed", BatchNotOpen),
        ("vetoed", BatchNotOpen),
        ("expired", BatchNotOpen),
    ],
)
def test_only_what_is_open_is_vetoed(state: str, refused: type[Exception] | None) -> None:
    assert state in BATCH_STATES
    if refused is None:
        require_open_batch(3, state)
    else:
        with pytest.raises(refused, match=r"[Bb]atch 3"):
            require_open_batch(3, state)


def test_a_confirmation_names_one_call_of_one_account_on_one_chain() -> None:
    act = Act("guardian.veto", GUARDIAN, b"\1", ("Veto.",))
    digests = {
        act.digest(1, GUARDIAN),
        act.digest(2, GUARDIAN),
        act.digest(1, OTHER),
        Act("guardian.veto", OTHER, b"\1", ("Veto.",)).digest(1, GUARDIAN),
        Act("guardian.veto", GUARDIAN, b"\2", ("Veto.",)).digest(1, GUARDIAN),
    }
    assert len(digests) == 5
    assert act.digest(1, GUARDIAN) == Act("x", GUARDIAN, b"\1", ()).digest(1, GUARDIAN)
