"""How long points live and when they vest, as programme files say it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from ledger.programme.faults import ProgrammeInvalid
from ledger.programme.load import load_programme
from ledger.programme.model import BridgeTerms
from ledger.programme.model_life import Active, EndOf, OnDay, Term, Validity, Vesting

BASE = """\
programme: small
version: "1"
zone: UTC
rules:
  - {id: done, on: a.done, to: actor, points: 10}
  - {id: made, on: b.made, to: actor, points: 5, category: work}
"""
PERIODIC = BASE.replace("zone: UTC", "zone: UTC\nperiod: week")


def faults_of(text: str) -> list[tuple[str, str]]:
    with pytest.raises(ProgrammeInvalid) as caught:
        load_programme(text)
    return [(fault.field, fault.wrong) for fault in caught.value.found]


@pytest.mark.parametrize(
    ("text", "validity"),
    [
        ("{months: 3}", Term(months=3)),
        ("{end_of: month}", EndOf("month")),
        ("{end_of: year, after: {months: 6}}", EndOf("year", Term(months=6))),
        ('{on: "09-01"}', OnDay(9, 1)),
        ('{on: "02-29"}', OnDay(2, 29)),
        ('{on: "2027-09-01"}', OnDay(9, 1, 2027)),
    ],
)
def test_every_form_of_validity(text: str, validity: Validity) -> None:
    of_all = load_programme(f"{BASE}validity: {text}\n")
    assert of_all.validity == validity
    assert of_all.validity_of("done") == validity
    own = load_programme(BASE.replace("points: 10", f"points: 10, validity: {text}"))
    assert own.validity is None
    assert (own.validity_of("done"), own.validity_of("made")) == (validity, None)


@pytest.mark.parametrize(
    ("text", "field", "said"),
    [
        ("validity: {end_of: week}", "validity.end_of", "'month' or 'year'"),
        ("validity: {end_of: month, after: {}}", "validity.after", "no time"),
        ('validity: {on: "13-01"}', "validity.on", "no day 13-01"),
        ('validity: {on: "2027-02-29"}', "validity.on", "no day 2027-02-29"),
        ('validity: {on: "1.9."}', "validity.on", "is not"),
        ('validity: {on: "09-01", months: 3}', "validity.months", "no such field"),
    ],
)
def test_what_is_no_validity(text: str, field: str, said: str) -> None:
    ((at, wrong),) = faults_of(f"{BASE}{text}\n")
    assert at == field
    assert said in wrong


def test_a_period_has_one_life() -> None:
    text = PERIODIC.replace("points: 10", "points: 10, validity: {months: 3}")
    ((at, wrong),) = faults_of(text)
    assert at == "rules[0].validity"
    assert "one award" in wrong


def test_every_form_has_a_hash_of_its_own() -> None:
    forms = ["{months: 12}", "{end_of: year}", "{end_of: month}", '{on: "01-01"}']
    forms += ["{end_of: year, after: {months: 12}}", '{on: "2027-01-01"}']
    texts = [f"{BASE}validity: {form}\n" for form in forms]
    texts += [BASE, BASE.replace("points: 10", "points: 10, validity: {months: 12}")]
    assert len({load_programme(text).hash_text for text in texts}) == len(texts)


def test_a_rule_vests_as_it_says_or_as_a_kind_it_names() -> None:
    text = BASE.replace("points: 10", "points: 10, vesting: review").replace(
        "points: 5,",
        "points: 5, vesting: {months: 1, condition: {active: {within_days: 30}}},",
    )
    programme = load_programme(f"{text}vesting: {{review: {{days: 30, days_max: 90}}}}\n")
    first, second = programme.rules
    assert first.vesting == Vesting(days=30)
    assert second.vesting == Vesting(months=1, condition=Active("beneficiary", 30))
    assert programme.vesting == {"review": Vesting(days=30, days_max=90)}


@pytest.mark.parametrize(
    ("vesting", "field", "said"),
    [
        ("project", "rules[0].vesting", "no vesting 'project'"),
        ("{}", "rules[0].vesting", "no time"),
        ("{days: 30, days_max: 60}", "rules[0].vesting.days_max", "kinds under"),
        ("{days: 30, condition: {}}", "rules[0].vesting.condition", "one of"),
        (
            "{days: 30, condition: {active: {within_days: 3}, happened: {type: a}}}",
            "rules[0].vesting.condition",
            "one of",
        ),
        (
            "{days: 30, condition: {happened: {type: a, who: guest}}}",
            "rules[0].vesting.condition.happened.who",
            "",
        ),
    ],
)
def test_what_is_no_vesting(vesting: str, field: str, said: str) -> None:
    found = faults_of(BASE.replace("points: 10", f"points: 10, vesting: {vesting}"))
    assert {at for at, _ in found} == {field}
    assert said in found[0][1]


@pytest.mark.parametrize(
    ("kinds", "field"),
    [
        ("{a: {condition: {active: {within_days: 3}}}}", "vesting.a.condition"),
        ("{a: {days: 60, days_max: 30}}", "vesting.a.days_max"),
        ("{a: {months: 1, days_max: 90}}", "vesting.a.days_max"),
    ],
)
def test_what_is_no_kind_of_vesting(kinds: str, field: str) -> None:
    ((at, _),) = faults_of(f"{BASE}vesting: {kinds}\n")
    assert at == field


def test_rules_of_periods_do_not_vest() -> None:
    ((at, wrong),) = faults_of(PERIODIC.replace("points: 10", "points: 10, vesting: {days: 3}"))
    assert at == "rules[0].vesting"
    assert "one award" in wrong


EMISSION = 'emission: {start: "2026-01-01", yearly: 3650, pools: {rewards: 100}}'


def test_emission_and_budgets_are_taken() -> None:
    text = (
        f"{BASE}emission:\n  start: '2026-01-01'\n  yearly: 3650\n  halve_every_years: 4\n"
        "  pools: {treasury: 20, rewards: 79.5, team: 0.5}\n"
        "budgets:\n  - {id: work, of: {category: work}, points: 10, per: month}\n"
        "  - {id: all, of: {rules: [made, done]}, points: 10, per: lifetime}\n"
    )
    programme = load_programme(text)
    emission = programme.emission
    assert emission is not None
    assert (emission.yearly, emission.halve_every_years) == (3650, 4)
    assert [pool for pool, _ in emission.pools] == ["treasury", "rewards", "team"]
    assert [budget.per for budget in programme.budgets] == ["month", "lifetime"]
    assert programme.budgets[1].of.rules == ("done", "made")
    turned = text.replace("treasury: 20, rewards: 79.5", "rewards: 79.5, treasury: 20")
    assert load_programme(turned).hash_text != programme.hash_text, "the last takes the rest"


@pytest.mark.parametrize(
    ("old", "new", "field", "said"),
    [
        ("rewards: 100", "rewards: 99", "emission.pools", "99 per cent"),
        ("rewards: 100", "treasury: 100", "emission.pools", "`rewards`"),
        ("rewards: 100", "rewards: 50, bank: 50", "emission.pools.bank", ""),
        ("2026-01-01", "2026-02-30", "emission.start", "no day"),
        ("yearly: 3650", "yearly: 364", "emission.yearly", "365"),
        ("yearly: 3650", "yearly: 3650, remainder: first", "emission.remainder", "'last'"),
    ],
)
def test_what_is_no_emission(old: str, new: str, field: str, said: str) -> None:
    found = faults_of(f"{BASE}{EMISSION.replace(old, new)}\n")
    assert found[0][0] == field
    assert said in found[0][1]


@pytest.mark.parametrize(
    ("budget", "field", "said"),
    [
        ("of: {category: x}", "budgets[0].of.category", "known: work"),
        ("of: {rules: [x]}", "budgets[0].of.rules[0]", "no rule"),
        ("of: everything", "budgets[0].of", "programme"),
    ],
)
def test_what_is_no_budget(budget: str, field: str, said: str) -> None:
    text = f"{BASE}budgets: [{{id: a, {budget}, points: 1, per: month}}]\n"
    ((at, wrong),) = faults_of(text)
    assert at == field
    assert said in wrong


def test_a_budget_is_named_once_and_of_a_period_s_whole_programme() -> None:
    two = "budgets: [{id: a, of: programme, points: 1, per: year}, {id: a, of: programme, "
    ((at, _),) = faults_of(f"{BASE}{two}points: 1, per: month}}]\n")
    assert at == "budgets[1].id"
    part = "budgets: [{id: a, of: {category: work}, points: 1, per: year}]\n"
    ((at, wrong),) = faults_of(PERIODIC + part)
    assert at == "budgets[0].of"
    assert "one budget or none" in wrong


INACTIVITY = (
    "inactivity: {check: quarter, to: revoked, steps: [{days: 90, share: 5}, {days: 180, "
    "share: 7.5}]}"
)


def test_inactivity_is_taken() -> None:
    inactivity = load_programme(f"{BASE}{INACTIVITY}\n").inactivity
    assert inactivity is not None
    assert (inactivity.to_rewards, inactivity.warning_days) == (False, 14)
    assert [inactivity.share(days) for days in (89, 90, 180)] == [0, 5, Fraction(15, 2)]


@pytest.mark.parametrize(
    ("old", "new", "field", "said"),
    [
        ("check: quarter", "check: month", "inactivity.check", "'quarter'"),
        ("to: revoked", "to: rewards", "inactivity.to", "no rewards pool"),
        ("days: 180", "days: 90", "inactivity.steps[1].days", "more days"),
        ("share: 5}", "share: 101}", "inactivity.steps[0].share", "100"),
        ("to: revoked", "to: revoked, warning_days: 81", "inactivity.warning_days", "80"),
        ("days: 90", "days: 14", "inactivity.warning_days", "before having been away"),
    ],
)
def test_what_is_no_inactivity(old: str, new: str, field: str, said: str) -> None:
    ((at, wrong),) = faults_of(f"{BASE}{INACTIVITY.replace(old, new)}\n")
    assert at == field
    assert said in wrong


def test_the_bridge_s_limits_are_taken_and_change_the_hash_only_where_stated() -> None:
    plain = load_programme(f"{BASE}bridge: {{returned_validity: {{months: 6}}}}\n")
    stated = load_programme(
        f"{BASE}bridge: {{returned_validity: {{months: 6}}, refund_window_days: 0, "
        "points_max: 9}\n"
    )
    assert plain.bridge == BridgeTerms(Term(months=6), None)
    assert stated.bridge == BridgeTerms(Term(months=6), None, 0, None, 9)
    assert plain.hash_text != stated.hash_text
    ((at, _),) = faults_of(f"{BASE}bridge: {{points_min: 10, points_max: 9}}\n")
    assert at == "bridge.points_max"
