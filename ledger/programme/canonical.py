"""The canonical form of a programme and its hash: what it means, not how it is typed.

Parts that came later are in it only where a file states them: older files keep their hashes.

Comments, order of keys, quoting, 2.30 against 2.3 and a default spelled out change nothing. The
order of rules does: it decides which of two awards of one event a cap trims. Numbers are exact
texts (``numbers.exact_text``), tables are lists of rows because JSON keys know no numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

from ledger.kernel.canonical import Json, canonical_json, digest
from ledger.programme.canonical_commerce import commerce_form
from ledger.programme.canonical_life import (
    bridge_limits,
    life_form,
    term_form,
    validity_form,
    vesting_form,
)
from ledger.programme.canonical_standing import standing_form
from ledger.programme.expressions import Expression
from ledger.programme.model import (
    AttributeMultiplier,
    AttributeValue,
    DayStreakMultiplier,
    Multiplier,
    Programme,
    Rule,
    Text,
)
from ledger.programme.model_earning import Cap, Freezes, Per
from ledger.programme.model_unit import POINTS_UNIT
from ledger.programme.numbers import exact_text
from ledger.programme.schema_detectors import detectors_form
from ledger.programme.schema_referral import referral_form
from ledger.programme.schema_thanks import thanks_form
from ledger.programme.schema_time import time_form

_Cell = TypeVar("_Cell")

FORMAT: Final = "vklad-programme-1"
"""Part of every form, so that a later reading of the language cannot collide with this one."""


def canonical_form(programme: Programme) -> dict[str, Json]:
    """The programme as JSON, without its hash."""
    bridge = programme.bridge
    return {
        "format": FORMAT,
        "programme": programme.name,
        "version": programme.version,
        "title": _text(programme.title),
        "zone": programme.zone,
        "rounding": programme.rounding.value,
        "period": programme.period.value,
        "period_multipliers": list(programme.period_multipliers),
        "attributes": {
            name: {
                "field": attribute.field,
                "values": list(attribute.values),
                "default": attribute.default,
                "title": _text(attribute.title),
                "names": [[value, _text(text)] for value, text in _rows(attribute.names)],
            }
            for name, attribute in programme.attributes.items()
        },
        "rules": [_rule(rule) for rule in programme.rules],
        "multipliers": {name: _multiplier(each) for name, each in programme.multipliers.items()},
        "cap": _cap(programme.cap),
        "validity": validity_form(programme.validity),
        "redemption": programme.redemption,
        "bridge": None
        if bridge is None
        else {
            "returned_validity": term_form(bridge.returned_validity),
            "returned_points_per_year": bridge.returned_points_per_year,
            **bridge_limits(bridge),
        },
        **({"caps": [_named_cap(cap) for cap in programme.caps]} if programme.caps else {}),
        **life_form(programme),
        **commerce_form(programme.reductions, programme.splits),
        **standing_form(programme),
        **thanks_form(programme.thanks),
        **detectors_form(programme.detectors),
        **time_form(programme.time),
        **({"unit": programme.unit} if programme.unit != POINTS_UNIT else {}),
        **referral_form(programme.referral),
    }


def canonical_text(programme: Programme) -> str:
    """The canonical form as RFC 8785 text: what the hash is over."""
    return canonical_json(canonical_form(programme)).decode()


def programme_hash(programme: Programme) -> bytes:
    """SHA-256 over the canonical form, 32 bytes; also what the registry on chain holds."""
    return digest(canonical_form(programme))


def _rule(rule: Rule) -> Json:
    of_the_day = next((each.count for each in rule.limits if each.per is Per.DAY), None)
    others: list[Json] = [
        [each.per.value, each.count] for each in rule.limits if each.per is not Per.DAY
    ]
    return {
        "id": rule.rule_id,
        "title": _text(rule.title),
        "on": list(rule.on),
        "when": None if rule.when is None else rule.when.text,
        "to": rule.to,
        "owner": rule.owner,
        "points": {"expression": rule.points.text}
        if isinstance(rule.points, Expression)
        else exact_text(rule.points),
        "limit_per_day": of_the_day,
        **({"limits": others} if others else {}),
        "once_per": list(rule.once_per),
        "multipliers": list(rule.multipliers),
        "category": rule.category,
        **({"validity": validity_form(rule.validity)} if rule.validity else {}),
        **({"vesting": vesting_form(rule.vesting)} if rule.vesting else {}),
    }


def _multiplier(multiplier: Multiplier) -> Json:
    title = _text(multiplier.title)
    if isinstance(multiplier, AttributeMultiplier):
        return {
            "by": "attribute",
            "attribute": multiplier.attribute,
            "table": [[value, exact_text(factor)] for value, factor in _rows(multiplier.table)],
            "title": title,
        }
    table: list[Json] = [exact_text(factor) for factor in multiplier.table]
    if isinstance(multiplier, DayStreakMultiplier):
        return {
            "by": "day_streak",
            "condition": multiplier.condition,
            "types": sorted(multiplier.types),
            "table": table,
            "title": title,
            **_freezes(multiplier.freezes),
        }
    return {
        "by": "week_streak",
        "table": table,
        "title": title,
        **_freezes(multiplier.freezes),
    }


def _freezes(freezes: Freezes | None) -> dict[str, Json]:
    if freezes is None:
        return {}
    return {
        "freezes": {
            "count": freezes.count,
            "per": freezes.per.value,
            "excused_by": {"attribute": freezes.attribute, "values": list(freezes.values)}
            if freezes.attribute
            else None,
        }
    }


def _cap(cap: Cap | None) -> dict[str, Json] | None:
    if cap is None:
        return None
    return {
        "per": cap.per.value,
        "points": cap.points,
        "attribute": cap.attribute,
        "table": [[value, points] for value, points in _rows(cap.table)],
    }


def _named_cap(cap: Cap) -> Json:
    return {
        **(_cap(cap) or {}),
        "id": cap.cap_id,
        "of": {"rules": list(cap.of.rules), "category": cap.of.category},
        "over": cap.over.value,
    }


def _rows(table: Mapping[AttributeValue, _Cell]) -> list[tuple[AttributeValue, _Cell]]:
    """By key; the keys of one table are all numbers or all texts."""
    return sorted(table.items(), key=lambda row: (isinstance(row[0], str), row[0]))


def _text(text: Text | None) -> Json:
    return None if text is None else {"en": text.en, "ru": text.ru}
