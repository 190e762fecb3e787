"""Work awards out again from raw facts and the programme file alone; no code of the product.

    python scripts/lib/recompute_award.py PROGRAMME.yaml FACTS.jsonl MEMBER [RULE CAUSE]

FACTS are CloudEvents, one JSON a line, in the order received; MEMBER an identity in them, several
joined by a comma if one person has several. CAUSE is an event's id or a period such as 2026-W10.
Reads rules with points, once_per, daily limits and multipliers, and a daily cap; refuses more.
Each award: rule, cause, points, excess, and the factors that multiply to its exact value.
"""
# ruff: noqa: ANN001, ANN201, ANN202, ANN204, D102, D103

import json
import math
import re
import sys
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cache, partial
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

KNOWN = {"id", "title", "on", "to", "owner", "points"}
KNOWN |= {"once_per", "limit", "multipliers", "category"}


@cache
def at(text):
    """An RFC 3339 time as exact seconds since 1970."""
    whole, part, zone = re.fullmatch(r"([^.Zz+]+?)(\.\d+)?([Zz]|[+-]\d\d:\d\d)", text).groups()
    moment = datetime.fromisoformat(whole + zone.upper().replace("Z", "+00:00"))
    return int(moment.timestamp()) + Fraction("0" + (part or ""))


def found(event, path):
    for step in path.split("."):
        event = event.get(step) if isinstance(event, dict) else None
    return event


class Recompute:
    """``awards``: (rule, cause) → (points, excess, factors)."""

    def __init__(self, text, facts, identities):
        self.programme = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - makes only text
        self.me, self.awards, self.owned_by = set(identities), {}, {}
        self.zone = ZoneInfo(self.programme["zone"])
        for rule in self.programme["rules"]:
            assert not set(rule) - KNOWN, "states what this script does not read"
            rule["on"] = [rule["on"]] if isinstance(rule["on"], str) else rule["on"]
            owner = rule.get("owner") or rule["to"]
            for each in rule["on"] if owner != "actor" else ():
                self.owned_by.setdefault(each, set()).add(owner)
        first = {(f["source"], f["id"]): f for f in reversed(facts)}  # The first received stays.
        retracting = [f for f in first.values() if f["type"] == "activity.retracted"]
        gone = {(f["source"], found(f, "data.id")) for f in retracting}
        kept = [f for key, f in first.items() if key not in gone and f not in retracting]
        self.facts = sorted(kept, key=lambda f: (at(f["time"]), f["source"], f["id"]))
        self.mine = {(self.day(f), f["type"]) for f in self.facts if f.get("subject") in self.me}
        self.weekly() if self.programme.get("period") == "week" else self.at_once()

    def day(self, fact):
        return datetime.fromtimestamp(at(fact["time"]) // 1, UTC).astimezone(self.zone).date()

    def value_at(self, name, moment, *, inclusive):
        """What an attribute was at a moment; inclusive: a change at that very moment counts."""
        attribute = self.programme["attributes"][name]
        value = attribute["default"]
        for fact in self.facts:
            early = at(fact["time"]) < moment or (inclusive and at(fact["time"]) == moment)
            if early and fact["type"] == f"member.{name}.changed" and fact["subject"] in self.me:
                stated = found(fact, f"data.{attribute['field']}")
                stated = int(stated) if isinstance(stated, float) and stated % 1 == 0 else stated
                value = str(stated) if str(stated) in attribute["values"] else value
        return value

    def counted(self):
        """(fact, rule) that count for this person: beneficiary, own acts, once_per, limits."""
        used, once = {}, set()
        for fact in self.facts:
            actor, owners = fact.get("subject") in self.me, self.owned_by.get(fact["type"], ())
            own = actor and any(found(fact, path) in self.me for path in owners)
            for rule in self.programme["rules"]:
                mine = actor if rule["to"] == "actor" else found(fact, rule["to"]) in self.me
                act = rule["id"], *(found(fact, p) for p in rule.get("once_per", ["source", "id"]))
                if fact["type"] in rule["on"] and mine and not own and act not in once:
                    once |= {act} if None not in act else set()
                    key = rule["id"], self.day(fact)
                    used[key] = used.get(key, 0) + 1
                    if "limit" not in rule or used[key] <= int(rule["limit"]["count"]):
                        yield fact, rule

    def factor(self, name, moment, length, *, inclusive):
        """The factor of a multiplier: by attribute at a moment, or by the length of a streak."""
        stated = self.programme["multipliers"][name]
        if stated["by"] == "attribute":
            value = self.value_at(stated["attribute"], moment, inclusive=inclusive)
            return Fraction(stated["table"][value])
        row = min(length(stated), len(stated["table"]))
        return Fraction(stated["table"][str(row)]) if row else Fraction(1)

    def at_once(self):
        """Base x multipliers, rounded half up, trimmed by what is left of the day's cap."""
        awarded, cap = {}, self.programme["cap"]
        for fact, rule in self.counted():
            moment, day = at(fact["time"]), self.day(fact)
            length = partial(self.days_in_a_row, day)
            names = rule.get("multipliers", [])
            factors = [self.factor(name, moment, length, inclusive=True) for name in names]
            factors = [Fraction(rule["points"]), *factors]
            rounded = math.floor(math.prod(factors) + Fraction(1, 2))
            value = "table" in cap and self.value_at(cap["attribute"], moment, inclusive=True)
            most = int(cap["table"][value] if value else cap["points"])
            points = min(rounded, max(0, most - awarded.get(day, 0)))
            awarded[day] = awarded.get(day, 0) + points
            self.awards[rule["id"], fact["id"]] = points, rounded - points, factors

    def days_in_a_row(self, day, streak):
        mine, length = self.mine, 0
        while (day, streak["condition"]) in mine and any((day, t) in mine for t in streak["types"]):
            length, day = length + 1, day - timedelta(days=1)
        return length

    def weekly(self):
        """Weights of a week x multipliers, rounded half up once, when it closes."""
        weeks = {}
        for fact, rule in self.counted():
            year, week, _ = self.day(fact).isocalendar()
            weeks.setdefault(date.fromisocalendar(year, week, 1), []).append(rule["points"])
        for monday, weights in weeks.items():
            close = datetime.combine(monday + timedelta(days=7), datetime.min.time(), self.zone)

            def length(_, monday=monday):
                return next(n for n in range(1, 10**4) if monday - timedelta(7 * n) not in weeks)

            when, names = int(close.timestamp()), self.programme["period_multipliers"]
            factors = [self.factor(name, when, length, inclusive=False) for name in names]
            factors = [sum(map(Fraction, weights)), *factors]
            points = math.floor(math.prod(factors) + Fraction(1, 2))
            self.awards[self.programme["programme"], f"{monday:%G-W%V}"] = points, 0, factors


if __name__ == "__main__":
    programme, facts = (Path(name).read_text("utf-8") for name in sys.argv[1:3])
    stated = [json.loads(line) for line in facts.splitlines() if line.strip()]
    for cause, worth in Recompute(programme, stated, sys.argv[3].split(",")).awards.items():
        if sys.argv[4:] in ([], list(cause)):
            print(*cause, *worth[:2], " x ".join(map(str, worth[2])), sep="\t")
