"""What docs/programme.md works out of points that wait, are shared out, decay or are given."""

from __future__ import annotations

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from ledger.emission.model import points_of_day, split
from ledger.inactivity.model import days_away, decays, warned_from
from ledger.kernel.units import Money, Points
from ledger.programme.load import load_programme
from ledger.programme.model import Programme
from ledger.referral.model import Payment, Side, shares
from ledger.referral.terms import life_of as life_of_pass
from ledger.referral.terms import terms_of, terms_when_rewarded
from ledger.settlement.model import life_of
from ledger.thanks.model import ThanksTooLarge, Used, decide
from tests.unit.programme.test_documented import PAGE, whole


def of(name: str) -> Programme:
    return load_programme(whole(name), is_new=True)


def says(*texts: str) -> None:
    """The page has these figures, so that page and test change together."""
    plain = " ".join(PAGE.split())
    assert [text for text in texts if text not in plain] == []


@pytest.mark.parametrize(
    ("rule", "earned", "matures"),
    [
        ("review-given", date(2026, 3, 2), date(2026, 4, 1)),
        ("mentoring", date(2026, 1, 31), date(2026, 2, 28)),
        ("guest", date(2026, 3, 2), date(2026, 5, 31)),
    ],
)
def test_vesting_matures_when_the_page_says(rule: str, earned: date, matures: date) -> None:
    moment = datetime(earned.year, earned.month, earned.day, 10, tzinfo=UTC)
    life = life_of(of("vesting"), rule, moment, moment)
    assert life.activates_at == moment.replace(month=matures.month, day=matures.day)
    says("reviewed on 2 March", "from 1 April", "held on 31 January", "on 28 February", "31 May")


def test_conditions_of_vesting_look_back_as_far_as_the_page_says() -> None:
    programme, moment = of("vesting"), datetime(2026, 1, 31, 10, tzinfo=UTC)
    stated = {}
    for rule in ("review-given", "mentoring", "guest"):
        found = life_of(programme, rule, moment, moment).waits_for
        stated[rule] = None if found is None else found.condition
    assert stated == {
        "review-given": None,
        "mentoring": {
            "happened": {"type": "lms.course.completed", "who": "data.owner", "within_days": 25}
        },
        "guest": {"active": {"who": "beneficiary", "within_days": 30}},
    }
    project = programme.vesting["project"]
    assert (project.days, project.days_max) == (60, 90)
    says("completed a course after it and before 25 February")


def test_a_day_of_the_emission_is_shared_out_as_the_page_says() -> None:
    emission = of("emission").emission
    assert emission is not None
    day = points_of_day(emission, date(2026, 3, 2))
    assert (day, split(emission, day)) == (
        2_739_726,
        [
            ("rewards", 1_369_863),
            ("treasury", 547_945),
            ("startup", 410_958),
            ("team", 273_972),
            ("liquidity", 136_988),
        ],
    )
    assert [points_of_day(emission, date(year, 1, 1)) for year in (2025, 2029, 2030, 2034)] == [
        0,
        2_739_726,
        1_369_863,
        684_931,
    ]
    assert points_of_day(emission, date(2028, 2, 29)) == 0
    says("2,739,726", "1,369,863", "547,945", "410,958", "273,972", "136,988")


@pytest.mark.parametrize(
    ("last_act", "days", "left"),
    [
        (date(2026, 1, 2), 89, 1010),
        (date(2026, 1, 1), 90, 960),
        (date(2025, 10, 3), 180, 909),
        (date(2025, 3, 31), 366, 859),
    ],
)
def test_what_decays_is_what_the_page_says(last_act: date, days: int, left: int) -> None:
    inactivity = of("inactivity").inactivity
    assert inactivity is not None
    acted = datetime(last_act.year, last_act.month, last_act.day, tzinfo=UTC)
    assert days_away(acted, date(2026, 4, 1)) == days
    assert 1010 - decays(inactivity.share(days), 1010, 0) == left
    says("1,010 points", "960 after 90 to 179 days, 909 after 180 to 365, 859 after 366")


def test_the_absent_are_warned_in_the_week_that_the_page_names() -> None:
    inactivity = of("inactivity").inactivity
    assert inactivity is not None
    days = [date(2026, 3, day) for day in range(1, 32)]
    april = [
        day.day for day in days if warned_from(day, inactivity.warning_days) == date(2026, 4, 1)
    ]
    assert (april[0], april[-1], len(april)) == (11, 18, 8)
    says("between 11 and 18 March")


def test_thanks_are_bounded_as_the_page_says() -> None:
    terms = of("thanks").thanks
    assert terms is not None
    first = decide(terms, 10, Used(0, 0, 0), None)
    assert (first.counted, first.left) == (10, 40)
    second = decide(terms, 9, Used(1, 10, 10), "pair")
    assert (second.counted, second.left) == (4, 31)
    with pytest.raises(ThanksTooLarge) as refused:
        decide(terms, 2, Used(2, 19, 19), None)
    assert refused.value.operands["left"] == 1
    with pytest.raises(ThanksTooLarge):
        decide(terms, 11, Used(0, 0, 0), None)
    says("10 and then 9", "4 and not 9", "one more this month")


def test_a_guest_pass_thanks_as_the_page_says() -> None:
    programme = of("referral")
    paid_at = datetime(2026, 3, 5, 12, tzinfo=UTC)

    def thanked(paid: int, refunded: int) -> tuple[int, int]:
        usd, back = Money(paid, "USD"), Money(refunded, "USD")
        found = shares(Payment(UUID(int=1), usd, back, paid_at), terms_of(programme, paid_at))
        return found.inviter.amount, found.guest.amount

    assert thanked(1747, 0) == (499, 199)
    assert thanked(1747, 1000) == (213, 85)
    assert thanked(1750, 0) == (500, 200)
    rewarded = datetime(2026, 4, 4, 12, tzinfo=UTC)
    assert life_of_pass(programme, Side.INVITER, rewarded)[0].date() == date(2026, 4, 18)
    assert life_of_pass(programme, Side.GUEST, rewarded)[0] == rewarded
    says("On 4 April", "Bob gets `floor(698 × 200 / 700)` = 199 and Ann 499", "leaves 85 and 213")
    assert terms_of(programme, paid_at).inviter_points == Points(500)


@pytest.mark.parametrize(
    ("rates", "thanked"),
    [
        ("{USD: 2}", (250, 99)),
        ("[{from: 2026-01-01, rates: {USD: 1}}, {from: 2026-04-01, rates: {USD: 2}}]", (250, 99)),
        ("[{from: 2026-01-01, rates: {USD: 1}}, {from: 2026-04-05, rates: {USD: 2}}]", (499, 199)),
        ("{USD: 1, EUR: 2}", (499, 199)),
    ],
)
def test_a_guest_pass_is_bounded_by_the_rate_of_the_reward(
    rates: str, thanked: tuple[int, int]
) -> None:
    text = whole("referral")
    text = text.replace("redemption: {rates: {USD: 1}}", f"redemption: {{rates: {rates}}}")
    then = load_programme(text, is_new=True)
    paid = Payment(
        UUID(int=1), Money(1747, "USD"), Money(0, "USD"), datetime(2026, 3, 5, 12, tzinfo=UTC)
    )
    rewarded_at = datetime(2026, 4, 4, 12, tzinfo=UTC)
    found = shares(paid, terms_when_rewarded(of("referral"), paid, then, rewarded_at))
    assert (found.inviter.amount, found.guest.amount) == thanked
    says(
        "two cents from 1 April on, Ann would get 250 and Bob 99", "after the reward takes nothing"
    )
