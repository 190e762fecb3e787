"""The judge: a scorer so plain that it can be checked against the reference text by reading.

It shares no code with the product. It reads a programme as the bare text values of its YAML file,
keeps every number a ``Fraction``, and answers each question ("was this event counted?") by looking
through the whole history again. It is slow on purpose; nothing in it is remembered between
questions except the answers themselves (``functools.cache``), which changes no number.

The steps carry the numbers of "Order and pipeline" in the reference text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import cel
import yaml

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FOREVER_AGO = Fraction(-(10**15))


def read_programme(text: str) -> dict[str, Any]:
    """The file as nested dicts, lists and strings: every scalar stays the text it was."""
    return yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 - BaseLoader makes only text


@cache
def seconds(text: str) -> Fraction:
    """An RFC 3339 time as exact seconds since 1970."""
    whole, fraction, offset = re.fullmatch(
        r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:\d\d)", text
    ).groups()
    moment = datetime.fromisoformat(whole.upper() + offset.upper().replace("Z", "+00:00"))
    return Fraction((moment - EPOCH) // timedelta(seconds=1)) + Fraction(f"0{fraction or ''}")


@dataclass(frozen=True, eq=False)
class Event:
    """One line of the input."""

    source: str
    id: str
    type: str
    subject: str | None
    time: str
    data: dict[str, Any]

    @property
    def at(self) -> Fraction:
        return seconds(self.time)

    @property
    def key(self) -> tuple[str, str]:
        return self.source, self.id

    @property
    def order(self) -> tuple[Fraction, str, str]:
        return self.at, self.source, self.id


@dataclass(frozen=True)
class Version:
    """A programme and the time (exact seconds) from which it is in force."""

    programme: dict[str, Any]
    effective_at: Fraction = FOREVER_AGO


Awards = dict[tuple[str, str, object], tuple[int, int]]
"""(member, rule, event key or period name) → (points, excess)."""


def naive_score(
    versions: list[Version],
    lines: list[dict[str, Any]],
    *,
    until: str | None = None,
    resolve: dict[str, str] | None = None,
) -> Awards:
    """Score the lines in the order they were received."""
    return _Naive(versions, lines, until, resolve).awards()


def naive_totals(awards: Awards) -> dict[str, tuple[int, int]]:
    """Member → (points, excess), over all awards."""
    totals: dict[str, tuple[int, int]] = {}
    for (member, _, _), (points, excess) in awards.items():
        before = totals.get(member, (0, 0))
        totals[member] = before[0] + points, before[1] + excess
    return totals


def _field(event: Event, path: str) -> object:
    """The value of ``source``, ``type`` or ``data.a.b``; None if it is not there."""
    if path in {"source", "type", "id", "subject"}:
        return getattr(event, path)
    value: object = event.data
    for name in path.split(".")[1:]:
        if not isinstance(value, dict) or name not in value:
            return None
        value = value[name]
    return value


class _NoNumber(Exception):
    """A field that holds no number."""


class _Fields:
    """``data`` in an expression: ``data.a.b`` is the exact number there."""

    def __init__(self, held: object) -> None:
        self.held = held

    def __getattr__(self, name: str) -> object:
        value = self.held.get(name) if isinstance(self.held, dict) else None
        if isinstance(value, dict):
            return _Fields(value)
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            raise _NoNumber(name)
        number = Fraction(repr(value) if isinstance(value, float) else value)
        if abs(number) > 10**12 or (number * 10**12).denominator > 1:
            raise _NoNumber(name)
        return number


def _same_value_text(value: object) -> str:
    """One text for equal JSON values: 1 and 1.0 are equal, 1 and true are not."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, list):
        return "[" + ",".join(map(_same_value_text, value)) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{k!r}:{_same_value_text(value[k])}" for k in sorted(value)) + "}"
    return json.dumps(value)


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _round(value: Fraction, rounding: str) -> int:
    if rounding == "half_up":
        return int((value + Fraction(1, 2)) // 1)
    assert rounding == "down", rounding
    return int(value // 1)


class _Naive:
    def __init__(
        self,
        versions: list[Version],
        lines: list[dict[str, Any]],
        until: str | None,
        resolve: dict[str, str] | None,
    ) -> None:
        self.versions = versions
        self.resolve = resolve
        self.until = None if until is None else seconds(until)
        received = [
            Event(
                line["source"],
                line["id"],
                line["type"],
                line.get("subject"),
                line["time"],
                line.get("data") or {},
            )
            for line in lines
        ]
        # 1: the first received of a (source, id) wins.
        first: dict[tuple[str, str], Event] = {}
        for event in received:
            first.setdefault(event.key, event)
        # 2: a retraction removes its target from the beginning, but never another retraction.
        gone = {
            (event.source, event.data.get("id"))
            for event in first.values()
            if event.type == "activity.retracted"
        }
        self.known = sorted(
            (e for e in first.values() if e.type == "activity.retracted" or e.key not in gone),
            key=lambda event: event.order,
        )
        # 8: what happened at or after ``until`` has not happened.
        self.events = [e for e in self.known if self.until is None or e.at < self.until]
        self.place = {event.key: place for place, event in enumerate(self.events)}
        for name in (
            "version",
            "reached",
            "past_once_per",
            "counted",
            "day",
            "_quarantined",
            "closes_at",
        ):
            setattr(self, name, cache(getattr(self, name)))

    # Who and when.

    def member(self, identity: object) -> str | None:
        if not isinstance(identity, str) or not identity:
            return None
        return identity if self.resolve is None else self.resolve.get(identity)

    def members(self) -> list[str]:
        found = set()
        for event in self.events:
            found.add(self.member(event.subject))
            for version in self.versions:
                for rule in version.programme["rules"]:
                    if rule["to"] != "actor":
                        found.add(self.member(_field(event, rule["to"])))
        return sorted(found - {None})

    def local_day(self, at: Fraction, zone: str) -> date:
        moment = EPOCH + timedelta(seconds=int(at // 1))
        return moment.astimezone(ZoneInfo(zone)).date()

    def zone(self) -> str:
        zones = {version.programme["zone"] for version in self.versions}
        assert len(zones) == 1, "versions share their zone"
        return zones.pop()

    def day(self, event: Event) -> date:
        return self.local_day(event.at, self.zone())

    def first_day(self, day: date) -> date:
        """The first day of the period in which a day lies."""
        if self.period() == "week":
            return day - timedelta(days=day.weekday())
        return day.replace(day=1) if self.period() == "month" else day

    def first_day_after(self, first: date) -> date:
        """The first day of the next period."""
        days = {"day": 1, "week": 7, "month": 31}[self.period()]
        return self.first_day(first + timedelta(days=days))

    def closes_at(self, first: date) -> Fraction:
        """The first second of the period after the one that begins on ``first``."""
        return self.first_second(self.first_day_after(first))

    def first_second(self, target: date) -> Fraction:
        """The first second of a local day, or of what comes instead of it, by looking."""
        start = datetime(target.year, target.month, target.day, tzinfo=UTC)
        at = Fraction(int((start - EPOCH).total_seconds()) - 30 * 3600)
        for step in (3600, 60, 1):
            while self.local_day(at, self.zone()) < target:
                at += step
            at -= step
        return at + 1

    def begins(self, event: Event) -> date:
        """The first day of the period in which an event happened."""
        return self.first_day(self.day(event))

    def period(self) -> str:
        kinds = {version.programme.get("period", "at_once") for version in self.versions}
        assert len(kinds) == 1, "versions share their period"
        return kinds.pop()

    def in_force_at(self, at: Fraction) -> dict[str, Any] | None:
        found = None
        for version in self.versions:
            if version.effective_at <= at:
                found = version.programme
        return found

    def version(self, event: Event) -> dict[str, Any] | None:
        at = event.at if self.period() == "at_once" else self.closes_at(self.begins(event))
        return self.in_force_at(at)

    # 3: attributes.

    def attribute(
        self, programme: dict[str, Any], member: str, name: str, at: Fraction, *, included: bool
    ) -> str:
        stated = programme["attributes"][name]
        value = stated["default"]
        for event in self.known:
            if event.type != f"member.{name}.changed" or self.member(event.subject) != member:
                continue
            if event.at < at or (included and event.at == at):
                new = event.data.get(stated["field"])
                for possible in stated["values"]:
                    whole = re.fullmatch(r"-?\d+", possible) is not None
                    same = (
                        isinstance(new, int | float)
                        and not isinstance(new, bool)
                        and new == int(possible)
                        if whole
                        else new == possible
                    )
                    if same:
                        value = possible
        return value

    # 4: the pipeline.

    def rules(self, event: Event) -> list[dict[str, Any]]:
        programme = self.version(event)
        if programme is None:
            return []
        return [rule for rule in programme["rules"] if event.type in _listed(rule["on"])]

    def condition(self, rule: dict[str, Any], event: Event) -> object:
        if "when" not in rule:
            return True
        moment = EPOCH + timedelta(microseconds=int(event.at * 10**6 // 1))
        shown = {
            "type": event.type,
            "source": event.source,
            "time": moment,
            "data": event.data,
        }
        try:
            return cel.evaluate(rule["when"], {"event": shown})
        except (ValueError, TypeError, RuntimeError, ArithmeticError, LookupError) as error:
            return error

    def _quarantined(self, event: Event) -> bool:
        for rule in self.rules(event):
            answer = self.condition(rule, event)
            if not isinstance(answer, bool):
                return True
            if answer and self.points(rule, event) is None:
                return True
        return False

    def points(self, rule: dict[str, Any], event: Event) -> Fraction | None:
        """What a rule states for an event, exactly; None if its expression has no answer."""
        text = rule["points"]
        if re.fullmatch(r"[\d.]+(/\d+)?", text):
            return Fraction(text)
        # Every number becomes a Fraction; then Python's own arithmetic and precedence hold.
        exact = re.sub(r"(?<![\w.])\d+(\.\d+)?", r'Fraction("\g<0>")', text)
        names = {
            "Fraction": Fraction,
            "data": _Fields(event.data),
            "min": min,
            "max": max,
            "floor": lambda number: Fraction(math.floor(number)),
            "ceil": lambda number: Fraction(math.ceil(number)),
            "half_up": lambda number: Fraction(math.floor(number + Fraction(1, 2))),
        }
        try:
            value = eval(exact, {"__builtins__": {}}, names)  # noqa: S307 - our own test programmes
        except (ZeroDivisionError, TypeError, _NoNumber):
            return None
        return value if abs(value) <= 10**12 else None

    def is_own_act(self, event: Event) -> bool:
        fields = {r["to"] for r in self.rules(event)} | {
            r["owner"] for r in self.rules(event) if "owner" in r
        }
        actor = self.member(event.subject)
        return actor is not None and any(
            self.member(_field(event, field)) == actor for field in fields - {"actor"}
        )

    def reached(self, event: Event, rule_id: str) -> tuple[dict[str, Any], str] | None:
        """The rule and the beneficiary, if the event gets as far as ``once_per``."""
        rule = next((rule for rule in self.rules(event) if rule["id"] == rule_id), None)
        if rule is None or self._quarantined(event) or self.condition(rule, event) is not True:
            return None
        to = event.subject if rule["to"] == "actor" else _field(event, rule["to"])
        beneficiary = self.member(to)
        if beneficiary is None or self.is_own_act(event):
            return None
        return rule, beneficiary

    def earlier(self, event: Event) -> list[Event]:
        return self.events[: self.place[event.key]]

    def past_once_per(self, event: Event, rule_id: str) -> bool:
        found = self.reached(event, rule_id)
        if found is None:
            return False
        rule, beneficiary = found
        if "once_per" not in rule:
            return True
        key = self.once_key(event, rule["once_per"])
        if key is None:
            return True
        for other in self.earlier(event):
            before = self.reached(other, rule_id)
            if before is None or before[1] != beneficiary:
                continue
            same = self.once_key(other, rule["once_per"]) == key
            if same and self.past_once_per(other, rule_id):
                return False
        return True

    def once_key(self, event: Event, fields: str | list[str]) -> list[str] | None:
        values = [_field(event, field) for field in _listed(fields)]
        return None if None in values else [_same_value_text(value) for value in values]

    def counted(self, event: Event, rule_id: str) -> bool:
        if not self.past_once_per(event, rule_id):
            return False
        rule, beneficiary = self.reached(event, rule_id)
        if "limit" not in rule:
            return True
        limits = rule["limit"] if isinstance(rule["limit"], list) else [rule["limit"]]
        for limit in limits:
            per = limit["per"]
            used = 0
            for other in self.earlier(event):
                same = self.span(per, self.day(other)) == self.span(per, self.day(event))
                if same and self.counted(other, rule_id):
                    used += self.reached(other, rule_id)[1] == beneficiary
            if used >= int(limit["count"]):
                return False
        return True

    def earned(self, member: str) -> list[tuple[Event, dict[str, Any]]]:
        """What got past its limit for this member and is worth something, in order."""
        return [
            (event, rule)
            for event in self.events
            for rule in self.rules(event)
            if self.counted(event, rule["id"]) and self.reached(event, rule["id"])[1] == member
            if self.points(rule, event) > 0
        ]

    # Multipliers.

    def table_row(self, table: dict[str, str], length: int) -> Fraction:
        if length == 0:
            return Fraction(1)
        return Fraction(table[str(min(length, max(map(int, table))))])

    def is_active_day(self, streak: dict[str, Any], member: str, day: date) -> bool:
        types = {
            event.type
            for event in self.events
            if self.member(event.subject) == member and self.day(event) == day
        }
        return streak["condition"] in types and any(kind in types for kind in streak["types"])

    def day_streak(
        self, programme: dict[str, Any], streak: dict[str, Any], member: str, day: date
    ) -> int:
        days = {self.day(event) for event in self.events}
        active = sorted(each for each in days if self.is_active_day(streak, member, each))
        return self.streak(programme, streak, member, active, day, timedelta(days=1))

    def streak(
        self,
        programme: dict[str, Any],
        streak: dict[str, Any],
        member: str,
        active: list[date],
        at: date,
        step: timedelta,
    ) -> int:
        """The length of a streak at ``at``, walking through all that is active up to there.

        A step is a day, or a week named by its Monday.
        """
        if at not in active:
            return 0
        freezes = streak.get("freezes", {"count": "0", "per": "lifetime"})
        used: list[object] = []
        length, last = 0, None
        for first in active:
            if first > at:
                break
            if last is not None:
                gap = [last + step * number for number in range(1, (first - last) // step)]
                missed = [each for each in gap if step.days > 1 or self.exists(each)]
                costs = [
                    self.span(freezes["per"], each + step - timedelta(days=1))
                    for each in missed
                    if not self.is_excused(programme, freezes, member, each)
                ]
                enough = all((used + costs).count(span) <= int(freezes["count"]) for span in costs)
                if enough and len(gap) * step <= timedelta(days=1100):
                    used += costs
                else:
                    length = 0
            length, last = length + 1, first
        return length

    def is_excused(
        self, programme: dict[str, Any], freezes: dict[str, Any], member: str, day: date
    ) -> bool:
        if "excused_by" not in freezes:
            return False
        excuse = freezes["excused_by"]
        value = self.attribute(
            programme, member, excuse["attribute"], self.first_second(day), included=True
        )
        return value in _listed(excuse["values"])

    def exists(self, day: date) -> bool:
        """False for a day that a change of zone left out (Samoa's 30 December 2011)."""
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        start = Fraction(int((noon - EPOCH).total_seconds()))
        hours = range(-28, 29)
        return any(self.local_day(start + 3600 * hour, self.zone()) == day for hour in hours)

    def week_streak(
        self, programme: dict[str, Any], streak: dict[str, Any], member: str, monday: date
    ) -> int:
        earned = {self.begins(event) for event, _, weight in self.weights(member) if weight > 0}
        return self.streak(programme, streak, member, sorted(earned), monday, timedelta(days=7))

    # Caps.

    def span(self, per: str, day: date) -> object:
        """What the days of one day, ISO week, month or lifetime have in common."""
        return {
            "day": day,
            "week": day.isocalendar()[:2],
            "month": (day.year, day.month),
            "lifetime": "ever",
        }[per]

    def caps(self, programme: dict[str, Any]) -> list[dict[str, Any]]:
        daily = [{"of": "programme", **programme["cap"]}] if "cap" in programme else []
        return daily + programme.get("caps", [])

    def is_of(self, cap: dict[str, Any], rule: dict[str, Any]) -> bool:
        of = cap["of"]
        if of == "programme":
            return True
        if "rules" in of:
            return rule["id"] in of["rules"]
        return rule.get("category") == of["category"]

    def let_through(
        self, amount: Fraction, cap: dict[str, Any], before: Fraction, level: Callable[[str], str]
    ) -> Fraction:
        """What a cap leaves of an amount, when ``before`` has been awarded under it."""
        most = cap["points"] if "points" in cap else cap["table"][level(cap["attribute"])]
        left = max(Fraction(0), Fraction(most) - before)
        if amount <= left:
            return amount
        return Fraction(0) if cap.get("over") == "refuse" else left

    def weights(self, member: str) -> list[tuple[Event, dict[str, Any], Fraction]]:
        """What is earned towards periods: weights as caps of rules and categories leave them."""
        found: list[tuple[Event, dict[str, Any], Fraction]] = []
        for event, rule in self.earned(member):
            programme = self.version(event)
            weight = self.points(rule, event)
            for cap in self.caps(programme):
                if cap["of"] == "programme" or not self.is_of(cap, rule):
                    continue
                span = self.span(cap["per"], self.day(event))
                before = sum(
                    counted
                    for other, by, counted in found
                    if self.is_of(cap, by) and self.span(cap["per"], self.day(other)) == span
                )
                weight = self.let_through(
                    weight,
                    cap,
                    Fraction(before),
                    lambda name, programme=programme, at=event.at: self.attribute(
                        programme, member, name, at, included=True
                    ),
                )
            found.append((event, rule, weight))
        return found

    # Awards.

    def awards(self) -> Awards:
        found: Awards = {}
        for member in self.members():
            is_at_once = self.period() == "at_once"
            found |= self.at_once_of(member) if is_at_once else self.periods_of(member)
        return found

    def at_once_of(self, member: str) -> Awards:
        found: Awards = {}
        awarded: list[tuple[Event, dict[str, Any], int]] = []
        for event, rule in self.earned(member):
            programme = self.version(event)
            value = self.points(rule, event)
            for name in rule.get("multipliers", []):
                multiplier = programme["multipliers"][name]
                if multiplier["by"] == "attribute":
                    level = self.attribute(
                        programme, member, multiplier["attribute"], event.at, included=True
                    )
                    value *= Fraction(multiplier["table"][level])
                else:
                    length = self.day_streak(programme, multiplier, member, self.day(event))
                    value *= self.table_row(multiplier["table"], length)
            whole = _round(value, programme.get("rounding", "half_up"))
            points = whole
            for cap in self.caps(programme):
                if not self.is_of(cap, rule):
                    continue
                span = self.span(cap["per"], self.day(event))
                before = sum(
                    other_points
                    for other, by, other_points in awarded
                    if self.is_of(cap, by) and self.span(cap["per"], self.day(other)) == span
                )
                points = self.let_through(
                    points,
                    cap,
                    before,
                    lambda name, programme=programme, at=event.at: self.attribute(
                        programme, member, name, at, included=True
                    ),
                )
            points = int(points)
            awarded.append((event, rule, points))
            found[member, rule["id"], event.key] = points, whole - points
        return found

    def periods_of(self, member: str) -> Awards:
        found: Awards = {}
        earned = self.weights(member)
        awarded: list[tuple[date, int]] = []
        for first in sorted({self.begins(event) for event, _, _ in earned}):
            close = self.closes_at(first)
            if self.until is not None and close > self.until:
                continue
            programme = self.in_force_at(close)
            value = sum(
                (weight for event, _, weight in earned if self.begins(event) == first),
                Fraction(0),
            )
            for name in programme.get("period_multipliers", []):
                multiplier = programme["multipliers"][name]
                if multiplier["by"] == "attribute":
                    level = self.attribute(
                        programme, member, multiplier["attribute"], close, included=False
                    )
                    value *= Fraction(multiplier["table"][level])
                elif multiplier["by"] == "day_streak":
                    length = self.day_streak(programme, multiplier, member, first)
                    value *= self.table_row(multiplier["table"], length)
                else:
                    length = self.week_streak(programme, multiplier, member, first)
                    value *= self.table_row(multiplier["table"], length)
            whole = _round(value, programme.get("rounding", "half_up"))
            points = whole
            last_day = self.first_day_after(first) - timedelta(days=1)
            for cap in self.caps(programme):
                if cap["of"] != "programme":
                    continue
                span = self.span(cap["per"], last_day)
                before = sum(other for day, other in awarded if self.span(cap["per"], day) == span)
                points = self.let_through(
                    points,
                    cap,
                    before,
                    lambda name, programme=programme, close=close: self.attribute(
                        programme, member, name, close, included=False
                    ),
                )
            points = int(points)
            awarded.append((last_day, points))
            form = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}[self.period()]
            name = first.strftime(form)
            found[member, programme["programme"], name] = points, whole - points
        return found
