"""Programme files: what is taken, and what is said about what is not."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest

from ledger.programme.expressions import Expression
from ledger.programme.faults import Fault, ProgrammeInvalid
from ledger.programme.load import load_programme
from ledger.programme.model import (
    AttributeMultiplier,
    BridgeTerms,
    DayStreakMultiplier,
    Period,
    Rounding,
)
from ledger.programme.model_life import Term
from ledger.programme.service import read_programme
from ledger.redemption.terms import parse_terms
from tests.scoring_cases import DAILY, WEEKLY

SMALL = """\
programme: small
version: "1"
zone: UTC
attributes:
  level: {field: level, values: [1, 2], default: 1}
multipliers:
  level: {by: attribute, attribute: level, table: {1: 1, 2: 1.5}}
  days: {by: day_streak, condition: day.opened, types: [a.done], table: {1: 1, 2: 2}}
  weeks: {by: week_streak, table: {1: 1, 2: 2}}
rules:
  - id: done
    on: a.done
    to: actor
    points: 10
"""


def faults_of(text: str) -> list[Fault]:
    with pytest.raises(ProgrammeInvalid) as caught:
        load_programme(text)
    assert caught.value.found
    assert caught.value.code == "programme_invalid"
    return list(caught.value.found)


def one_fault(text: str) -> Fault:
    found = faults_of(text)
    assert len(found) == 1, found
    return found[0]


def test_the_examples_are_taken() -> None:
    weekly, daily = load_programme(WEEKLY), load_programme(DAILY)
    assert (weekly.period, weekly.zone, len(weekly.rules)) == (Period.WEEK, "UTC", 7)
    assert (daily.period, daily.zone, len(daily.rules)) == (Period.AT_ONCE, "Europe/Moscow", 6)
    qualification = daily.multipliers["qualification"]
    assert isinstance(qualification, AttributeMultiplier)
    assert qualification.table[2] == Fraction(13, 10)
    streak = daily.multipliers["streak"]
    assert isinstance(streak, DayStreakMultiplier)
    assert streak.table[1] == Fraction(107, 100)
    assert len(streak.types) == 11
    assert daily.validity == Term(months=12)
    assert daily.bridge == BridgeTerms(Term(months=6), 10_000)


def test_the_redemption_section_is_what_redeeming_reads() -> None:
    section = load_programme(DAILY).redemption
    assert section is not None
    assert parse_terms(section).rates == {"USD": Fraction(1)}
    more = SMALL + (
        "redemption:\n"
        "  rates: {USD: 1, RUB: 2.5, EUR: 5/2}\n"
        "  max_share: 33.3\n"
        "  max_discount_share: 50\n"
        "  min_cash: {USD: 500}\n"
        '  products: ["course:*"]\n'
        "  excluded_products: [course:gift]\n"
        "  refused_with: [student]\n"
        "  member_limit: {points: 5000, per: month}\n"
    )
    section = load_programme(more).redemption
    assert section is not None
    terms = parse_terms(json.loads(json.dumps(section)))
    assert terms.rates["RUB"] == terms.rates["EUR"] == Fraction(5, 2)
    assert terms.max_share == Fraction(333, 1000)
    assert len(terms.member_limits) == 1
    assert terms.member_limits[0].points.amount == 5000


def test_redemption_with_dated_rates_products_and_several_limits() -> None:
    more = SMALL + (
        "redemption:\n"
        "  rates:\n"
        "    - {from: 2026-01-01, rates: {USD: 1}}\n"
        "    - {from: 2026-07-01, rates: {USD: 2}}\n"
        "  products:\n"
        '    - {product: "mentor:*", rates: {USD: 0.5}, max_share: 12.5}\n'
        "    - book\n"
        "  max_share_with: {annual: 20}\n"
        "  min_points: 10\n"
        "  max_points: 500\n"
        "  member_limit: [{points: 100, per: day}, {points: 500, per: month}]\n"
        "  code_days: 14\n"
    )
    section = load_programme(more).redemption
    assert section is not None
    terms = parse_terms(json.loads(json.dumps(section)))
    assert [row.rates["USD"] for row in terms.rate_rows] == [1, 2]
    assert terms.share_of("mentor:x") == Fraction(1, 8)
    assert [limit.points.amount for limit in terms.member_limits] == [100, 500]
    assert terms.max_share_with == {"annual": Fraction(1, 5)}


ONE_PRODUCT = "rates: {{USD: 1}}\n  products: [{{product: a, rates: [{row}]}}]"


@pytest.mark.parametrize(
    ("section", "field", "said"),
    [
        ("rates: [{from: 2026-13-01, rates: {USD: 1}}]", "rates[0].from", "no day"),
        ("rates: [{from: soon, rates: {USD: 1}}]", "rates[0].from", "of the form"),
        ("rates: [{from: 2026-01-01, rates: {USD: 0}}]", "rates[0].rates.USD", "above zero"),
        ("rates: []", "rates", "at least 1"),
        (
            "rates: [{from: 2026-02-01, rates: {USD: 1}}, {from: 2026-01-01, rates: {USD: 1}}]",
            "rates[1].from",
            "later",
        ),
        (
            "rates: {USD: 1}\n  products: [{product: a, rates: {EUR: 1}}]",
            "products[0].rates.EUR",
            "no common rate",
        ),
        (
            ONE_PRODUCT.format(row="{from: 2026-01-01, rates: {EUR: 1}}"),
            "products[0].rates[0].rates.EUR",
            "no common rate",
        ),
        (
            ONE_PRODUCT.format(row="{from: 2026-13-01, rates: {USD: 1}}"),
            "products[0].rates[0].from",
            "no day",
        ),
        ("rates: {USD: 1}\n  min_points: 5\n  max_points: 4", "min_points", "no order takes"),
    ],
)
def test_faults_of_a_redemption_section(section: str, field: str, said: str) -> None:
    fault = one_fault(SMALL + f"redemption:\n  {section}\n")
    assert fault.field == f"redemption.{field}"
    assert said in fault.wrong


def test_defaults() -> None:
    small = load_programme(SMALL)
    assert small.rounding is Rounding.HALF_UP
    assert small.period is Period.AT_ONCE
    assert (small.cap, small.validity, small.redemption, small.bridge) == (None,) * 4


@pytest.mark.parametrize("points", ["2.3", '"2.3"', '"23/10"', "2.30", "23/10"])
def test_numbers_are_exact_however_they_are_written(points: str) -> None:
    rule = load_programme(SMALL.replace("points: 10", f"points: {points}")).rules[0]
    assert rule.points == Fraction(23, 10)


@pytest.mark.parametrize(
    "points",
    ["1e3", "010", "1_000", "0x10", ".5", "5.", "-1", "1/0", "true", "", "[1]", "1:30", ".inf"],
)
def test_numbers_that_are_not_plain_are_refused(points: str) -> None:
    fault = one_fault(SMALL.replace("points: 10", f"points: {points}"))
    assert (fault.line, fault.field) == (14, "rules[0].points")
    assert fault.example == "points: 2.3"


def test_a_new_programme_has_no_multiplier_that_nothing_names() -> None:
    text = SMALL.replace("points: 10", "points: 10\n    multipliers: [level]")
    assert read_programme(text).multipliers.keys() == {"level", "days", "weeks"}  # kept before
    with pytest.raises(ProgrammeInvalid) as caught:
        load_programme(text, is_new=True)
    days, weeks = caught.value.found
    assert (days.line, days.field, days.example) == (8, "multipliers.days", "multipliers: [days]")
    assert "no rule names it" in days.wrong
    assert (weeks.line, weeks.field) == (9, "multipliers.weeks")
    with pytest.raises(ProgrammeInvalid) as caught:
        load_programme(SMALL.replace("zone: UTC", "zone: UTC\nperiod: week"), is_new=True)
    level = caught.value.found[0]
    assert (level.field, level.example) == ("multipliers.level", "period_multipliers: [level]")


@pytest.mark.parametrize(
    ("old", "new", "field", "said"),
    [
        ("programme: small", "programme: Small", "programme", "a name"),
        ('version: "1"', "version: 1", "version", "string"),
        ('version: "1"\n', "", "version", "must be stated"),
        ("zone: UTC", "zone: Mars/Base", "zone", "not a known time zone"),
        ("zone: UTC", "zone: ../../etc/passwd", "zone", "not a known time zone"),
        ("zone: UTC", "zone: UTC\nperiods: week", "periods", "did you mean 'period'"),
        ("zone: UTC", "zone: UTC\nrounding: bankers", "rounding", "it should be"),
        ("default: 1", "default: 3", "attributes.level.default", "not one of the values"),
        ("values: [1, 2]", "values: [1, 2, 2]", "attributes.level.values", "twice"),
        ("values: [1, 2]", "values: [1, 2, 3]", "multipliers.level.table", "no row"),
        ("{1: 1, 2: 1.5}", "{1: 1, 2: 1.5, 9: 2}", "multipliers.level.table[9]", "never 9"),
        ("{1: 1, 2: 1.5}", "{1: 1, 2: x}", "multipliers.level.table[2]", "exact number"),
        ("attribute: level", "attribute: lvl", "multipliers.level.attribute", "no attribute 'lvl'"),
        ("by: week_streak", "by: month_streak", "multipliers.weeks.by", "no kind there is"),
        ("types: [a.done]", "types: [day.opened]", "multipliers.days.types", "condition"),
        (
            "[a.done], table: {1: 1, 2: 2}",
            "[a.done], table: {1: 1, 3: 2}",
            "multipliers.days.table",
            "gaps",
        ),
        ("[a.done], table: {1: 1, 2: 2}", "[a.done], table: {}", "multipliers.days.table", "gaps"),
        ("on: a.done", "on: []", "rules[0].on", "at least 1"),
        ("on: a.done", "on: activity.retracted", "rules[0].on", "earns nothing"),
        ("on: a.done", "on: [a.done, a.done]", "rules[0].on", "twice"),
        ("on: a.done", 'on: "a done"', "rules[0].on", "an event type"),
        ("to: actor", "to: owner", "rules[0].to", "actor or a field"),
        ("    to: actor\n", "", "rules[0].to", "must be stated"),
        ("to: actor", "to: data.owner\n    owner: data.owner", "rules[0].owner", "`to` names"),
        ("points: 10", "points: 0", "rules[0].points", "more than zero"),
        ("points: 10", "points: 1\n    limit: {per: day, count: 0}", "rules[0].limit.count", "1"),
        ("points: 10", "points: 1\n    limit: 5", "rules[0].limit", "dictionary"),
        ("points: 10", "points: 1\n    limit: []", "rules[0].limit", "at least 1"),
        ("points: 10", "points: 1\n    limit: {per: year, count: 1}", "rules[0].limit.per", "week"),
        (
            "points: 10",
            "points: 1\n    limit: [{per: day, count: 1}, {per: day, count: 2}]",
            "rules[0].limit",
            "same span",
        ),
        ("points: 10", "points: 1\n    once_per: [id]", "rules[0].once_per[0]", "type, source or"),
        ("points: 10", "points: 1\n    once_per: [type, type]", "rules[0].once_per", "twice"),
        ("points: 10", "points: 1\n    multipliers: [lvl]", "rules[0].multipliers[0]", "'lvl'"),
        (
            "points: 10",
            "points: 1\n    multipliers: [weeks]",
            "rules[0].multipliers[0]",
            "not executed",
        ),
        (
            "points: 10",
            "points: 1\n    multipliers: [level, level]",
            "rules[0].multipliers",
            "twice",
        ),
        ("points: 10", "points: 1\n    when: event.", "rules[0].when", "not CEL"),
        ("points: 10", "points: 1\n    title: Do it", "rules[0].title", "dictionary"),
        ("points: 10", "points: 1\n    title: {en: Do it}", "rules[0].title.ru", "must be stated"),
        ("points: 10", "points: 1\n    limits: 5", "rules[0].limits", "did you mean 'limit'"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(old: str, new: str, field: str, said: str) -> None:
    assert old in SMALL
    fault = one_fault(SMALL.replace(old, new))
    assert fault.field == field
    assert said in fault.wrong
    assert fault.example
    line = SMALL.replace(old, new).splitlines()[fault.line - 1]
    assert (
        field.rsplit(".", 1)[-1].split("[", maxsplit=1)[0] in line
        or said == "must be stated"
        or "table" in line
    )


@pytest.mark.parametrize(
    ("tail", "field"),
    [
        ("inactivity_decay: 5", "inactivity_decay"),
        ("budget: {}", "budget"),
        ("referrals: {}", "referrals"),
        ("rounding: half_even", "rounding"),
        ("period: year", "period"),
        ("    expiry: {days: 30}", "rules[0].expiry"),
        ("    budget: referral", "rules[0].budget"),
    ],
)
def test_what_is_not_executed_is_refused_by_name(tail: str, field: str) -> None:
    fault = one_fault(f"{SMALL}{tail}\n")
    assert fault.field == field
    assert "is not executed by this version" in fault.wrong
    assert fault.line == len(SMALL.splitlines()) + 1


@pytest.mark.parametrize("points", ["data.minutes * 2", '"max(1, data.n)"', "10/data.n", "2 * 3"])
def test_expressions_of_points_are_taken(points: str) -> None:
    rule = load_programme(SMALL.replace("points: 10", f"points: {points}")).rules[0]
    assert isinstance(rule.points, Expression)


@pytest.mark.parametrize(
    ("points", "said"),
    [
        ("data.minutes * *", "is no expression of points: '*' is not expected there"),
        ("sqrt(data.n)", "'sqrt' is neither a field"),
        ("event.data.n + 1", "'event.data.n' is neither a field"),
        ("2 * -3", "more than zero"),
        ("2 - 2", "more than zero"),
        ("2 / (1 - 1)", "divides by zero"),
        ("{expression: data.n}", "an exact number is written"),
    ],
)
def test_expressions_that_are_wrong(points: str, said: str) -> None:
    fault = one_fault(SMALL.replace("points: 10", f"points: {points}"))
    assert fault.field == "rules[0].points"
    assert said in fault.wrong


@pytest.mark.parametrize(
    ("tail", "field", "said"),
    [
        ("period_multipliers: [level]", "period_multipliers", "no period"),
        ("cap: {per: day}", "cap", "either"),
        ("cap: {per: day, points: 5, attribute: level, table: {1: 1, 2: 2}}", "cap", "either"),
        ("cap: {per: day, points: 5, table: {1: 1}}", "cap.table", "needs `attribute`"),
        ("cap: {per: day, attribute: level, table: {1: 1}}", "cap.table", "no row"),
        ("cap: {per: day, attribute: mood, table: {1: 1}}", "cap.attribute", "no attribute"),
        ("cap: {per: day, points: 5.5}", "cap.points", "integer"),
        ("cap: {per: week, points: 5}", "cap.per", "under `caps`"),
        ("cap: {per: day, points: 5, of: programme}", "cap.of", "no such field"),
        ("caps: {id: a}", "caps", "list"),
        ("caps: [{id: a, of: day, per: day, points: 5}]", "caps[0].of", "it is `programme`"),
        ("caps: [{id: a, of: {}, per: day, points: 5}]", "caps[0].of", "it is `programme`"),
        ("caps: [{id: a, of: {rules: []}, per: day, points: 5}]", "caps[0].of.rules", "least 1"),
        ("caps: [{id: a, of: {rules: [x]}, per: day, points: 5}]", "caps[0].of.rules[0]", "'x'"),
        ("caps: [{id: a, of: {rule: x}, per: day, points: 5}]", "caps[0].of.rule", "'rules'"),
        (
            "caps: [{id: a, of: {category: x}, per: day, points: 5}]",
            "caps[0].of.category",
            "no rule is of the category 'x' (known: no rule states one)",
        ),
        ("caps: [{id: a, of: programme, per: year, points: 5}]", "caps[0].per", "'lifetime'"),
        ("caps: [{id: a, of: programme, per: day}]", "caps[0]", "either"),
        (
            "caps: [{id: a, of: programme, per: day, attribute: level, table: {1: 1}}]",
            "caps[0].table",
            "no row",
        ),
        (
            "caps: [{id: a, of: programme, per: day, points: 1, over: drop}]",
            "caps[0].over",
            "'refuse'",
        ),
        (
            (
                "caps: [{id: a, of: programme, per: day, points: 1}, "
                "{id: a, of: programme, per: week, points: 1}]"
            ),
            "caps[1].id",
            "two caps",
        ),
        (
            "cap: {per: day, points: 5}\ncaps: [{id: cap, of: programme, per: day, points: 1}]",
            "caps[0].id",
            "two caps",
        ),
        ("validity: {}", "validity", "no time"),
        ("validity: {weeks: 3}", "validity.weeks", "no such field"),
        ("bridge: {returned_validity: {days: 0}}", "bridge.returned_validity", "no time"),
        ("redemption: {rates: {}}", "redemption.rates", "at least 1"),
        ("redemption: {rates: {USD: 0}}", "redemption.rates.USD", "above zero"),
        ("redemption: {rates: {usd: 1}}", "redemption.rates.usd", "three capital"),
        ("redemption: {rates: {USD: 1}, max_share: 101}", "redemption.max_share", "100"),
        ("redemption: {rates: {USD: 1}, min_cash: {EUR: 1}}", "redemption.min_cash.EUR", "no rate"),
        (
            "redemption: {rates: {USD: 1}, quote_hours: 1}",
            "redemption.quote_hours",
            "quote_minutes",
        ),
    ],
)
def test_sections_of_a_programme_at_once(tail: str, field: str, said: str) -> None:
    fault = one_fault(f"{SMALL}{tail}\n")
    assert fault.field == field
    assert said in fault.wrong


@pytest.mark.parametrize(
    ("old", "new", "field", "said"),
    [
        (
            "points: 10",
            "points: 1\n    multipliers: [level]",
            "rules[0].multipliers",
            "period's sum",
        ),
        ("zone: UTC", "zone: UTC\ncap: {per: day, points: 5}", "cap", "not shorter"),
        (
            "zone: UTC",
            "zone: UTC\ncaps: [{id: a, of: programme, per: day, points: 5}]",
            "caps[0].per",
            "not shorter",
        ),
        ("zone: UTC", "zone: UTC\nperiod_multipliers: [days]", "period_multipliers[0]", "not exec"),
        ("zone: UTC", "zone: UTC\nperiod_multipliers: [x]", "period_multipliers[0]", "'x'"),
        ("id: done", "id: small", "rules[0].id", "programme's name"),
    ],
)
def test_a_weekly_programme(old: str, new: str, field: str, said: str) -> None:
    fault = one_fault(SMALL.replace(old, new) + "period: week\n")
    assert fault.field == field
    assert said in fault.wrong


def test_values_of_one_attribute_are_of_one_kind() -> None:
    mixed, no_row = faults_of(SMALL.replace("values: [1, 2]", "values: [1, 2, two]"))
    assert (mixed.field, no_row.field) == ("attributes.level.values", "multipliers.level.table")
    assert "mixed" in mixed.wrong


def test_rule_ids_are_unique() -> None:
    again = SMALL.split("rules:\n")[1]
    fault = one_fault(SMALL + again)
    assert (fault.line, fault.field) == (15, "rules[1].id")


def test_every_fault_is_found_at_once_in_order_of_lines() -> None:
    text = (
        SMALL.replace("zone: UTC", "zone: UTC\nreferrals: 5")
        .replace("on: a.done", "on: []")
        .replace("points: 10", "points: ten")
    )
    found = faults_of(text)
    assert [fault.field for fault in found] == ["referrals", "rules[0].on", "rules[0].points"]
    assert [fault.line for fault in found] == sorted(fault.line for fault in found)


def test_a_fault_reads_as_a_sentence_with_its_place() -> None:
    fault = one_fault(SMALL.replace("points: 10", "points: ten"))
    assert str(fault) == (
        "14:5: rules[0].points: 'ten' is not an exact number such as 2, 2.3 or 7/3. "
        "Right would be: points: 2.3"
    )


def test_operands_carry_the_faults() -> None:
    with pytest.raises(ProgrammeInvalid) as caught:
        load_programme(SMALL.replace("points: 10", "points: ten"))
    operands: Any = caught.value.operands
    assert operands["faults"][0]["line"] == 14
