"""Standing, levels and voice against the judge, over the awards of random histories."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.clock import Instant
from ledger.kernel.units import Points
from ledger.programme.model import Rounding
from ledger.programme.model_standing import Level, Levels, StandingTerms, VoiceTerms
from ledger.scoring.model import Entitlement
from ledger.scoring.project import project
from ledger.scoring.receipts import EventReceipt
from ledger.standing.model import Merit, level, merit_of, merit_of_award, standing, voice
from tests.naive_standing import Award, naive_level, naive_standing, naive_voice
from tests.property.scoring.histories import Case, cases
from tests.scoring_cases import activations_of, facts_of

CATEGORIES = ("talk", "work")


def entitled(case: Case) -> list[Entitlement]:
    return project(
        facts_of(case.events),
        activations_of(case.versions),
        closed_until=None,
        resolve=case.resolve,
    )


def as_award(each: Entitlement) -> Award:
    """An entitlement as the judge takes it."""
    receipt = each.receipt
    categories = {rule.rule_id: rule.category for rule in receipt.programme.rules}
    at_close = not isinstance(receipt, EventReceipt)
    moment = datetime.fromtimestamp(0, UTC) + timedelta(seconds=each.earned_at.seconds - at_close)
    day = moment.astimezone(ZoneInfo(receipt.programme.zone)).date()
    if isinstance(receipt, EventReceipt):
        return each.points.amount, [(categories[receipt.rule_id], Fraction(1))], day
    weights = [(categories[part.rule_id], part.weight) for part in receipt.contributions]
    return each.points.amount, weights, day


@st.composite
def voices(draw: st.DrawFn) -> VoiceTerms:
    return VoiceTerms(
        draw(st.sampled_from([("talk",), ("work",), CATEGORIES])),
        draw(st.sampled_from([1, 7, 40, 1000])),
        draw(st.sampled_from([Fraction(1, 10), Fraction(1, 8), Fraction(1, 3), Fraction(1)])),
        draw(st.sampled_from(list(Rounding))),
    )


@given(cases(), voices(), st.sampled_from([None, ("talk",), CATEGORIES]))
def test_standing_and_voice_are_the_judges(
    case: Case, terms: VoiceTerms, categories: tuple[str, ...] | None
) -> None:
    found = entitled(case)
    at = Instant.parse("2027-03-15T12:00:00Z")
    for member in {each.beneficiary for each in found}:
        own = [each for each in found if each.beneficiary == member]
        merits = [merit_of(each) for each in own]
        awards = [as_award(each) for each in own]
        counted = standing(merits, None if categories is None else StandingTerms(categories))
        assert counted.points.amount == naive_standing(awards, categories)
        zone = own[0].receipt.programme.zone
        if all(each.receipt.programme.zone == zone for each in own):
            expected = naive_voice(
                awards,
                terms.categories,
                terms.per_month,
                terms.decay,
                date(2027, 3, 15),
                half_up=terms.rounding is Rounding.HALF_UP,
            )
            heard = voice(merits, terms, zone, at)
            assert heard.points.amount == expected
            assert sum((each.left for each in heard.months), Fraction(0)) == heard.exact


@given(cases())
def test_awards_as_stored_give_what_entitlements_give(case: Case) -> None:
    found = entitled(case)
    versions = {each.programme.hash_text: each.programme for each in activations_of(case.versions)}

    def stored(each: Entitlement) -> Merit | None:
        receipt = each.receipt.to_json()
        return merit_of_award(each.points.amount, receipt, each.earned_at, versions.__getitem__)

    def told(merit: Merit | None) -> object:
        assert merit is not None
        return dict(merit.shares), merit.earned_at, merit.last_day

    assert [told(stored(each)) for each in found] == [told(merit_of(each)) for each in found]


@given(cases())
def test_all_standing_is_the_sum_of_all_awards(case: Case) -> None:
    found = entitled(case)
    total = sum(each.points.amount for each in found)
    assert standing([merit_of(each) for each in found], None).points == Points(total)


@given(
    st.integers(0, 50),
    st.lists(st.integers(0, 50), unique=True, min_size=1, max_size=6).map(sorted),
)
def test_levels_are_the_judges(points: int, thresholds: list[int]) -> None:
    levels = Levels(tuple(Level(f"l{each}", each, None) for each in thresholds))
    reached = level(Points(points), levels)
    name, missing = naive_level(points, [(f"l{each}", each) for each in thresholds])
    assert (reached.level.level_id if reached.level else None) == name
    assert reached.missing.amount == missing
    assert (reached.following is None) == (points >= thresholds[-1])
