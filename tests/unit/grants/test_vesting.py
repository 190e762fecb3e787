"""The terms of grants of a kind, by the reference programme's figures; old hashes stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from ledger.grants.errors import UnknownVesting, VestingAboutWhom, VestingDaysOutOfBounds
from ledger.grants.model import Grant, GrantLine, GrantState, content_digest
from ledger.grants.vesting import AskedVesting, GrantVesting, terms_of
from ledger.kernel.ids import format_id
from ledger.kernel.units import Points
from ledger.lots.waiting import Vesting as WaitsFor
from ledger.programme.load import load_programme
from ledger.programme.model_life import BENEFICIARY
from tests.scoring_cases import WEEKLY

PROGRAMME = load_programme(WEEKLY)
GUEST = UUID(int=7)
PAID = datetime(2026, 3, 2, 9, tzinfo=UTC)
GRANT = Grant(
    grant_id=UUID(int=1),
    budget_id=UUID(int=2),
    created_by=UUID(int=3),
    created_at=PAID,
    activates_at=None,
    expires_at=None,
    lines=(GrantLine(UUID(int=4), Points(10)),),
    points=Points(10),
    reason="why",
    reason_digest=bytes(32),
    content_digest=b"",
    persons_needed=2,
    payable_from=None,
    state=GrantState.PROPOSED,
    closed_by=None,
    closed_at=None,
    approvals=(),
)
HASHED_BEFORE_THERE_WERE_KINDS = "0b42e4607be8a24109ea93f6fe46a75dedf75551dba29791f0d9392765f07a03"


@pytest.mark.parametrize(
    ("asked", "days"),
    [
        (AskedVesting("learning"), 0),
        (AskedVesting("peer-review"), 30),
        (AskedVesting("peer-review", 30), 30),
        (AskedVesting("mentoring"), 30),
        (AskedVesting("projects"), 60),
        (AskedVesting("projects", 60), 60),
        (AskedVesting("projects", 75), 75),
        (AskedVesting("projects", 90), 90),
        (AskedVesting("referral", about=GUEST), 90),
    ],
)
def test_each_kind_waits_its_days(asked: AskedVesting, days: int) -> None:
    terms = terms_of(PROGRAMME, asked)
    assert terms.matures(PAID) == PAID + timedelta(days=days)
    assert GrantVesting.of_stated(terms.stated()) == terms


def test_a_referral_asks_whether_the_named_guest_is_active() -> None:
    terms = terms_of(PROGRAMME, AskedVesting("referral", about=GUEST))
    asks = {"active": {"who": format_id("mem", GUEST), "within_days": 30}}
    assert (terms.waits_for, terms.about) == (WaitsFor(asks, to_rewards=True), GUEST)
    assert terms_of(PROGRAMME, AskedVesting("projects")).about is None


def test_a_condition_about_whom_the_grant_pays_names_nobody_else() -> None:
    kind = PROGRAMME.vesting["referral"]
    assert kind.condition is not None
    own = replace(kind, condition=replace(kind.condition, who=BENEFICIARY))
    terms = terms_of(replace(PROGRAMME, vesting={"own": own}), AskedVesting("own"))
    asks = {"active": {"who": BENEFICIARY, "within_days": 30}}
    assert (terms.waits_for, terms.about) == (WaitsFor(asks, to_rewards=True), None)


def test_terms_are_read_back_and_what_was_altered_is_other() -> None:
    terms = GrantVesting("gift", "UTC", months=2, days=5, waits_for=None)
    assert GrantVesting.of_stated(terms.stated()) == terms
    altered = terms.stated() | {"months": "2", "days": None}
    assert GrantVesting.of_stated(altered) == replace(terms, months=0, days=0)


@pytest.mark.parametrize("days", [0, 59, 91])
def test_other_days_than_the_kind_lets_be_set_are_refused(days: int) -> None:
    with pytest.raises(VestingDaysOutOfBounds, match="60 to 90 days"):
        terms_of(PROGRAMME, AskedVesting("projects", days))


@pytest.mark.parametrize("days", [29, 31])
def test_a_kind_without_a_maximum_has_its_own_days_alone(days: int) -> None:
    with pytest.raises(VestingDaysOutOfBounds, match="30 to 30 days"):
        terms_of(PROGRAMME, AskedVesting("mentoring", days))


def test_a_kind_that_the_programme_does_not_have_is_refused() -> None:
    with pytest.raises(UnknownVesting, match="known: learning, peer-review"):
        terms_of(PROGRAMME, AskedVesting("project"))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (AskedVesting("referral"), "needs member"),
        (AskedVesting("projects", about=GUEST), "takes no member"),
    ],
)
def test_whom_the_condition_is_about_is_named_just_where_it_is_asked(
    asked: AskedVesting, said: str
) -> None:
    with pytest.raises(VestingAboutWhom, match=said):
        terms_of(PROGRAMME, asked)


def test_a_grant_without_a_kind_hashes_as_it_always_did() -> None:
    assert content_digest(GRANT).hex() == HASHED_BEFORE_THERE_WERE_KINDS


def test_every_term_is_part_of_what_is_approved() -> None:
    terms = terms_of(PROGRAMME, AskedVesting("referral", about=GUEST))
    waits = terms.waits_for
    assert waits is not None
    others = (
        None,
        terms,
        replace(terms, kind="gift"),
        replace(terms, zone="Europe/Moscow"),
        replace(terms, months=1),
        replace(terms, days=60),
        replace(terms, waits_for=None),
        replace(terms, waits_for=replace(waits, to_rewards=False)),
        replace(terms, waits_for=replace(waits, condition={})),
    )
    hashes = {content_digest(replace(GRANT, vesting=each)) for each in others}
    assert len(hashes) == len(others)
