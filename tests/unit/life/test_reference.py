"""Every figure of the reference programme about the life of points, from its file alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from ledger.emission.model import points_of_day, split
from ledger.inactivity.model import days_away, decays, moment_of
from ledger.programme.calendar import Calendar
from ledger.programme.load import load_programme
from ledger.programme.model_life import Active
from ledger.settlement.model import life_of, matures
from tests.scoring_cases import WEEKLY

PROGRAMME = load_programme(WEEKLY)
CALENDAR = Calendar(PROGRAMME.zone)
EARNED = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("kind", "days"),
    [("learning", 0), ("peer-review", 30), ("mentoring", 30), ("projects", 60), ("referral", 90)],
)
def test_vesting_by_kind(kind: str, days: int) -> None:
    assert matures(PROGRAMME.vesting[kind], EARNED, CALENDAR) == EARNED + timedelta(days=days)


def test_projects_may_be_set_up_to_ninety_days() -> None:
    assert PROGRAMME.vesting["projects"].days_max == 90
    assert all(k.days_max is None for n, k in PROGRAMME.vesting.items() if n != "projects")


def test_a_referral_looks_whether_the_invited_member_is_still_active() -> None:
    assert PROGRAMME.vesting["referral"].condition == Active("data.guest", 30)


def test_all_seven_rules_vest_at_once() -> None:
    assert len(PROGRAMME.rules) == 7
    for rule in PROGRAMME.rules:
        life = life_of(PROGRAMME, rule.rule_id, EARNED, EARNED)
        assert (life.activates_at, life.waits_for) == (EARNED, None)
    assert life_of(PROGRAMME, PROGRAMME.name, EARNED, EARNED).activates_at == EARNED


@pytest.mark.parametrize(
    ("days", "per_cent"), [(89, 0), (90, 5), (179, 5), (180, 10), (365, 10), (366, 15)]
)
def test_inactivity_by_days(days: int, per_cent: int) -> None:
    inactivity = PROGRAMME.inactivity
    assert inactivity is not None
    check = date(2026, 7, 1)
    away = days_away(moment_of(check) - timedelta(days=days, hours=23), check)
    assert inactivity.share(away) == per_cent
    assert decays(inactivity.share(away), 1999, 0) == 1999 * per_cent // 100


def test_decay_goes_to_the_rewards_pool_after_a_warning() -> None:
    inactivity = PROGRAMME.inactivity
    assert inactivity is not None
    assert inactivity.to_rewards
    assert inactivity.warning_days == 14


@pytest.mark.parametrize(
    ("year", "a_day"),
    [(0, 2_739_726), (3, 2_739_726), (4, 1_369_863), (7, 1_369_863), (8, 684_931)],
)
def test_emission_of_a_day(year: int, a_day: int) -> None:
    emission = PROGRAMME.emission
    assert emission is not None
    start = emission.start
    assert points_of_day(emission, start.replace(year=start.year + year)) == a_day
    last = start.replace(year=start.year + year + 1) - timedelta(days=1)
    assert points_of_day(emission, last) == a_day


def test_a_leap_year_has_no_extra_day() -> None:
    emission = PROGRAMME.emission
    assert emission is not None
    days = [date(2028, 1, 1) + timedelta(n) for n in range(366)]
    assert sum(points_of_day(emission, day) > 0 for day in days) == 365


def test_the_pools_of_a_day() -> None:
    emission = PROGRAMME.emission
    assert emission is not None
    assert emission.pools == tuple(
        (pool, Fraction(share))
        for pool, share in (
            *(("rewards", 50), ("treasury", 20), ("startup", 15)),
            *(("team", 10), ("liquidity", 5)),
        )
    )
    assert split(emission, 2_739_726) == [
        *(("rewards", 1_369_863), ("treasury", 547_945), ("startup", 410_958)),
        *(("team", 273_972), ("liquidity", 136_988)),
    ]
