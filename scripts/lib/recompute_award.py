"""Work awards out again from raw facts and the programme file alone; no code of the product.

    python scripts/lib/recompute_award.py PROGRAMME.yaml FACTS.jsonl MEMBER [RULE CAUSE]

FACTS are CloudEvents, a line of JSON each, as received; MEMBER a person's identities, joined by
commas; CAUSE an event's id or a period. Prints rule, cause, points, excess, factors; refuses what
READ does not name.
"""
# ruff: noqa: ANN001, ANN002, ANN201, ANN204, D102, D103

import json
import math
import re
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from functools import cache, partial, reduce
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

READ = """zone rounding attributes period period_multipliers rules multipliers cap per points table
id on to owner once_per limit category by attribute condition types count day half_up programme
version title vesting inactivity emission splits validity redemption bridge referral standing levels
voice"""  # From "version" on: decides what becomes of an award, not its worth.


@cache
def at(text):
    """An RFC 3339 time as exact seconds since 1970."""
    whole, part, zone = re.fullmatch(r"([^.Zz+]+?)(\.\d+)?([Zz]|[+-]\d\d:\d\d)", text).groups()
    moment = datetime.fromisoformat(whole + zone.upper().replace("Z", "+00:00"))
    return int(moment.timestamp()) + Fraction("0" + (part or ""))


def found(event, path):
    step = lambda e, name: e.get(name) if isinstance(e, dict) else None  # noqa: E731
    return reduce(step, path.split("."), event)


class Recompute:
    """``awards``: (rule, cause) → (points, excess, factors)."""

    def __init__(self, text, facts, identities):
        self.programme = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - makes only text
        self.me, self.zone = set(identities), ZoneInfo(self.programme["zone"])
        self.awards, self.owned_by = {}, {}
        rules, parts = self.programme["rules"], [self.programme, self.programme.get("cap", {})]
        parts += [*rules, *self.programme.get("multipliers", {}).values()]
        parts += [rule["limit"] for rule in rules if "limit" in rule]
        words = {part.get("per", "day") for part in parts} | {self.programme["rounding"]}
        unread = words.union(*parts) - {*READ.split()}
        assert not unread, f"the programme states {sorted(unread)}, which this script does not read"
        for rule in rules:
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
        used, once = Counter(), set()
        for fact in self.facts:
            actor, owners = fact.get("subject") in self.me, self.owned_by.get(fact["type"], ())
            own = actor and any(found(fact, path) in self.me for path in owners)
            for rule in self.programme["rules"]:
                mine = actor if rule["to"] == "actor" else found(fact, rule["to"]) in self.me
                act = rule["id"], *(found(fact, p) for p in rule.get("once_per", ["source", "id"]))
                if fact["type"] in rule["on"] and mine and not own and act not in once:
                    once |= {act} if None not in act else set()
                    used[key := (rule["id"], self.day(fact))] += 1
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

    def worth(self, base, names, *when, inclusive):
        factors = [Fraction(base), *(self.factor(n, *when, inclusive=inclusive) for n in names)]
        return math.floor(math.prod(factors) + Fraction(1, 2)), factors

    def at_once(self):
        """Base x multipliers, rounded half up, trimmed by what is left of the day's cap."""
        awarded, cap = Counter(), self.programme["cap"]
        for fact, rule in self.counted():
            moment, day = at(fact["time"]), self.day(fact)
            how = rule.get("multipliers", []), moment, partial(self.days_in_a_row, day)
            rounded, factors = self.worth(rule["points"], *how, inclusive=True)
            value = "table" in cap and self.value_at(cap["attribute"], moment, inclusive=True)
            most = int(cap["table"][value] if value else cap["points"])
            points = min(rounded, max(0, most - awarded[day]))
            awarded[day] += points
            self.awards[rule["id"], fact["id"]] = points, rounded - points, factors

    def days_in_a_row(self, day, streak):
        length, must, either = 0, streak["condition"], streak["types"]
        while (day, must) in self.mine and any((day, each) in self.mine for each in either):
            length, day = length + 1, day - timedelta(days=1)
        return length

    def weekly(self):
        """Weights of a week x multipliers, rounded half up once, when it closes."""
        weeks = defaultdict(list)
        for fact, rule in self.counted():
            weeks[self.day(fact) - timedelta(days=self.day(fact).weekday())].append(rule["points"])
        for monday, weights in weeks.items():
            close = datetime.combine(monday + timedelta(days=7), datetime.min.time(), self.zone)
            row = next(n for n in range(1, 10**4) if monday - timedelta(7 * n) not in weeks)
            how = self.programme["period_multipliers"], int(close.timestamp()), lambda _, n=row: n
            points, factors = self.worth(sum(map(Fraction, weights)), *how, inclusive=False)
            self.awards[self.programme["programme"], f"{monday:%G-W%V}"] = points, 0, factors


if __name__ == "__main__":
    programme, facts = (Path(name).read_text("utf-8") for name in sys.argv[1:3])
    stated = [json.loads(line) for line in facts.splitlines() if line.strip()]
    for cause, worth in Recompute(programme, stated, sys.argv[3].split(",")).awards.items():
        if sys.argv[4:] in ([], list(cause)):
            print(*cause, *worth[:2], " x ".join(map(str, worth[2])), sep="\t")
