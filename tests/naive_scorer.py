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
    """A programme, the time (exact seconds) from which it is in force, and how it was activated."""

    programme: dict[str, Any]
    effective_at: Fraction = FOREVER_AGO
    mode: str = "forward"


@dataclass(frozen=True)
class Stretch:
    """From ``start`` up to ``end`` zone and period stay what they are."""

    zone: str
    period: str
    start: Fraction
    end: Fraction | None


Amount = tuple[Event, dict[str, Any], Fraction, tuple[int, int] | None]
"""A counted event by a rule: what caps left of it and, if awarded at once, (points, excess)."""
Part = tuple[Stretch, date]
"""A period: the stretch in which it lies, and its first day by the calendar."""


Awards = dict[tuple[str, str, object], tuple[int, int]]
"""(member, rule, event key or period name) → (points, excess)."""


def naive_score(
    versions: list[Version],
    lines: list[dict[str, Any]],
    *,
    until: str | None = None,
    resolve: dict[str, str] | None = None,
    closed_until: str | None = None,
) -> Awards:
    """Score the lines in the order they were received; ``versions`` in the order activated.

    ``until``: nothing happened from then on; ``closed_until``: no period is closed that ends later.

    What a top-up would award from its time on counts where it is more than what is awarded without.
    """
    settled = [version for version in versions if version.mode != "top_up"]
    best = _Naive(settled, lines, until, resolve, closed_until).awards()
    for top_up in versions:
        if top_up.mode == "top_up":
            chosen = [v for v in versions if v is top_up or v.mode != "top_up"]
            for key, worth in _Naive(chosen, lines, until, resolve, closed_until).awards().items():
                if key not in best or worth[0] > best[key][0]:
                    best[key] = worth
    return best


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
        closed_until: str | None,
    ) -> None:
        self.versions = versions
        self.closed_until = None if closed_until is None else seconds(closed_until)
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
            "stretch",
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

    def stretch(self, at: Fraction) -> Stretch:
        """The stretch in which a moment lies; before the first version that one's."""
        if not self.versions:
            return Stretch("UTC", "at_once", FOREVER_AGO, None)
        turns = sorted({version.effective_at for version in self.versions})
        kinds = []
        for turn in turns:
            programme = self.in_force_at(turn)
            kinds.append((programme["zone"], programme.get("period", "at_once")))
        place = max([number for number, turn in enumerate(turns) if turn <= at], default=0)
        first = last = place
        while first > 0 and kinds[first - 1] == kinds[place]:
            first -= 1
        while last + 1 < len(turns) and kinds[last + 1] == kinds[place]:
            last += 1
        end = turns[last + 1] if last + 1 < len(turns) else None
        return Stretch(*kinds[place], turns[first], end)

    def is_first(self, stretch: Stretch) -> bool:
        return stretch.start == min(version.effective_at for version in self.versions)

    def day(self, event: Event) -> date:
        return self.local_day(event.at, self.stretch(event.at).zone)

    def first_day(self, period: str, day: date) -> date:
        """The first day of the period in which a day lies."""
        if period == "week":
            return day - timedelta(days=day.weekday())
        return day.replace(day=1) if period == "month" else day

    def first_day_after(self, part: Part) -> date:
        """The first day of the next period."""
        stretch, first = part
        days = {"day": 1, "week": 7, "month": 31}[stretch.period]
        return self.first_day(stretch.period, first + timedelta(days=days))

    def first_second(self, target: date, zone: str) -> Fraction:
        """When a local day begins, by looking."""
        start = datetime(target.year, target.month, target.day, tzinfo=UTC)
        at = Fraction(int((start - EPOCH).total_seconds()) - 40 * 3600)
        for step in (3600, 60, 1):
            while self.local_day(at, zone) < target:
                at += step
            at -= step
        return at + 1

    def closes_at(self, part: Part) -> Fraction:
        """The first second of the next period, or the change of zone or period before it."""
        stretch = part[0]
        natural = self.first_second(self.first_day_after(part), stretch.zone)
        return natural if stretch.end is None else min(natural, stretch.end)

    def is_cut_short(self, part: Part) -> bool:
        stretch = part[0]
        natural = self.first_second(self.first_day_after(part), stretch.zone)
        return stretch.end is not None and stretch.end < natural

    def last_day(self, part: Part) -> date:
        """The day on which the period ends."""
        if not self.is_cut_short(part):
            return self.first_day_after(part) - timedelta(days=1)
        end, zone = part[0].end, part[0].zone
        return self.local_day(end // 1 - 1, zone)

    def part_name(self, part: Part) -> str:
        stretch, first = part
        form = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}[stretch.period]
        name = first.strftime(form)
        if not self.is_first(stretch) and self.first_second(first, stretch.zone) < stretch.start:
            name = f"{self.moment_text(stretch.start)}..{name}"
        if self.is_cut_short(part):
            name = f"{name}..{self.moment_text(stretch.end)}"
        return name

    def moment_text(self, at: Fraction) -> str:
        whole = (EPOCH + timedelta(seconds=int(at // 1))).strftime("%Y-%m-%dT%H:%M:%S")
        rest = f"{int((at - at // 1) * 10**9):09d}".rstrip("0")
        return f"{whole}.{rest}Z" if rest else f"{whole}Z"

    def begins(self, event: Event) -> Part:
        """The period in which an event happened."""
        stretch = self.stretch(event.at)
        return stretch, self.first_day(stretch.period, self.day(event))

    def version_of(self, part: Part) -> dict[str, Any] | None:
        """In force at the close; of a period that a change ends, what was in force as it began."""
        stretch, first = part
        natural = self.first_second(self.first_day_after(part), stretch.zone)
        if stretch.end is None or natural < stretch.end:
            return self.in_force_at(natural)
        return self.in_force_at(max(stretch.start, self.first_second(first, stretch.zone)))

    def in_force_at(self, at: Fraction) -> dict[str, Any] | None:
        found = None
        for version in self.versions:
            if version.effective_at <= at:
                found = version.programme
        return found

    def version(self, event: Event) -> dict[str, Any] | None:
        if self.stretch(event.at).period == "at_once":
            return self.in_force_at(event.at)
        return self.version_of(self.begins(event))

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
            programme, member, excuse["attribute"], self.day_begins(day), included=True
        )
        return value in _listed(excuse["values"])

    def day_begins(self, day: date) -> Fraction:
        """When a local day begins, in the zone in use at noon UTC of that date."""
        return self.first_second(day, self.zone_of(day))

    def zone_of(self, day: date) -> str:
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        return self.stretch(Fraction(int((noon - EPOCH).total_seconds()))).zone

    def exists(self, day: date) -> bool:
        """False for a day that a change of zone left out (Samoa's 30 December 2011)."""
        noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
        start = Fraction(int((noon - EPOCH).total_seconds()))
        zone = self.zone_of(day)
        hours = range(-28, 29)
        return any(self.local_day(start + 3600 * hour, zone) == day for hour in hours)

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

    def capped(
        self,
        amount: Fraction,
        caps: list[dict[str, Any]],
        before: Callable[[dict[str, Any]], Fraction],
        level: Callable[[str], str],
    ) -> Fraction:
        """What caps leave of an amount, one after the other."""
        for cap in caps:
            amount = self.let_through(amount, cap, before(cap), level)
        return amount

    # Awards.

    def awards(self) -> Awards:
        found: Awards = {}
        for member in self.members():
            found |= self.awards_of(member)
        return found

    def awards_of(self, member: str) -> Awards:
        """Stretch by stretch: events in order, then the closes of the stretch in order.

        Weights of a stretch do not depend on its closes, and closes come before what follows.
        """
        amounts: list[Amount] = []
        closed: list[tuple[date, int]] = []
        found: Awards = {}
        earned = self.earned(member)
        stretches = sorted({self.stretch(e.at) for e, _ in earned}, key=lambda each: each.start)
        for stretch in stretches:
            mine = [(e, rule) for e, rule in earned if self.stretch(e.at) == stretch]
            for event, rule in mine:
                self.add_amount(member, event, rule, amounts, closed)
                worth = amounts[-1][3]
                if worth is not None:
                    found[member, rule["id"], event.key] = worth
            if stretch.period != "at_once":
                for first in sorted({self.begins(event)[1] for event, _ in mine}):
                    self.close(member, (stretch, first), amounts, closed, found)
        return found

    def add_amount(
        self,
        member: str,
        event: Event,
        rule: dict[str, Any],
        amounts: list[Amount],
        closed: list[tuple[date, int]],
    ) -> None:
        """What an event comes to: an award at once, or a weight."""
        programme = self.version(event)
        is_at_once = self.stretch(event.at).period == "at_once"
        value = self.points(rule, event)
        for name in rule.get("multipliers", []) if is_at_once else []:
            multiplier = programme["multipliers"][name]
            if multiplier["by"] == "attribute":
                level = self.attribute(
                    programme, member, multiplier["attribute"], event.at, included=True
                )
                value *= Fraction(multiplier["table"][level])
            else:
                length = self.day_streak(programme, multiplier, member, self.day(event))
                value *= self.table_row(multiplier["table"], length)
        if is_at_once:
            value = Fraction(_round(value, programme.get("rounding", "half_up")))
        caps = [
            cap
            for cap in self.caps(programme)
            if self.is_of(cap, rule) and (is_at_once or cap["of"] != "programme")
        ]

        def before(cap: dict[str, Any]) -> Fraction:
            span = self.span(cap["per"], self.day(event))
            return self.used(cap, span, amounts, closed)

        def level_of(name: str) -> str:
            return self.attribute(programme, member, name, event.at, included=True)

        kept = self.capped(value, caps, before, level_of)
        worth = (int(kept), int(value - kept)) if is_at_once else None
        amounts.append((event, rule, kept, worth))

    def used(
        self,
        cap: dict[str, Any],
        span: object,
        amounts: list[Amount],
        closed: list[tuple[date, int]],
    ) -> Fraction:
        """What counts towards a cap: awards at once and weights, of periods what was awarded."""
        total = Fraction(0)
        for event, rule, amount, worth in amounts:
            is_of = self.is_of(cap, rule) and (worth is not None or cap["of"] != "programme")
            if is_of and self.span(cap["per"], self.day(event)) == span:
                total += amount
        if cap["of"] == "programme":
            total += sum(points for day, points in closed if self.span(cap["per"], day) == span)
        return total

    def close(
        self,
        member: str,
        part: Part,
        amounts: list[Amount],
        closed: list[tuple[date, int]],
        found: Awards,
    ) -> None:
        """What a period comes to when it closes."""
        close = self.closes_at(part)
        programme = self.version_of(part)
        value = sum(
            (
                amount
                for event, _, amount, worth in amounts
                if worth is None and self.begins(event) == part
            ),
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
                length = self.day_streak(programme, multiplier, member, part[1])
                value *= self.table_row(multiplier["table"], length)
            else:
                active = self.active_weeks(amounts)
                length = self.streak(
                    programme, multiplier, member, active, part[1], timedelta(days=7)
                )
                value *= self.table_row(multiplier["table"], length)
        whole = Fraction(_round(value, programme.get("rounding", "half_up")))
        caps = [cap for cap in self.caps(programme) if cap["of"] == "programme"]
        last_day = self.last_day(part)

        def before(cap: dict[str, Any]) -> Fraction:
            return self.used(cap, self.span(cap["per"], last_day), amounts, closed)

        def level_of(name: str) -> str:
            return self.attribute(programme, member, name, close, included=False)

        points = int(self.capped(whole, caps, before, level_of))
        closed.append((last_day, points))
        moments = [each for each in (self.until, self.closed_until) if each is not None]
        if all(close <= each for each in moments):
            found[member, programme["programme"], self.part_name(part)] = (
                points,
                int(whole) - points,
            )

    def active_weeks(self, amounts: list[Amount]) -> list[date]:
        """The Mondays of weeks so far with a weight that is above zero."""
        return sorted(
            {
                self.begins(event)[1]
                for event, _, amount, worth in amounts
                if worth is None and amount > 0 and self.stretch(event.at).period == "week"
            }
        )
