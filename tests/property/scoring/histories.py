"""Random programmes and histories, small and dense: collisions, ties and edges are the rule.

Times stand round the anchors below, where local days and weeks begin, clocks change or days are
left out, and most are taken from a few of each case, so that acts, levels, versions and the end
meet at one instant; identities, types, ids and values come from a handful each.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from hypothesis import strategies as st

from tests.scoring_cases import Event, Versions

ANCHORS: Final = {
    "UTC": ["2026-03-09T00:00:00", "2027-01-04T00:00:00"],
    "Europe/Moscow": ["2026-03-08T21:00:00", "2014-10-25T22:00:00"],
    "America/New_York": ["2026-03-08T07:00:00", "2026-11-01T06:00:00", "2026-11-02T05:00:00"],
    "America/St_Johns": ["2009-11-01T02:31:00", "2009-11-02T03:30:00"],  # 00:01 back to 23:01
    "America/Sao_Paulo": ["2018-11-04T03:00:00", "2018-02-18T02:00:00"],  # no midnight; two
    "Pacific/Apia": ["2011-12-30T10:00:00"],  # 30 December was left out
    "Africa/Cairo": ["2026-04-23T22:00:00", "2026-10-29T21:00:00"],
}
TYPES: Final = ["a.done", "b.done", "c.done", "day.opened"]
SPANS: Final = ["day", "week", "month", "lifetime"]
PERIODS: Final = ["at_once", "at_once", "week", "day", "month"]
PEOPLE: Final = ["ann", "bob", "cid"]
CONDITIONS: Final = [
    "event.data.n > 1",
    "has(event.data.n) && event.data.n != 2",
    "event.type == 'a.done'",
    "event.source == 's1' || event.data.n == 1",
]
EXPRESSIONS: Final = [
    "data.n * 7/3",
    "10 / data.n",
    "max(data.n, data.m, 0.5) * 10",
    "half_up(data.m / 3) + floor(data.n * 1.5) - ceil(data.m)",
    "-(data.m - 20)",
    "min(25, data.m * data.m)",
]
ONCE: Final = [["data.k"], ["data.n"], ["data.k", "data.n"], ["type"], ["source", "data.k"]]


@dataclass(frozen=True)
class Case:
    """Programmes with the times they came into force, and events in the order received."""

    versions: Versions
    events: list[Event]
    until: str | None
    resolve: dict[str, str] | None


def offsets() -> st.SearchStrategy[timedelta]:
    """Distances from an anchor: seconds and days, sometimes weeks."""
    return st.builds(
        lambda days, seconds: timedelta(days=days, seconds=seconds),
        st.sampled_from([-2, -1, -1, 0, 0, 0, 0, 1, 1, 2, 3, -7, 7, 7, 14]),
        st.sampled_from([-3601, -1800, -30, -1, 0, 0, 1, 30, 60, 1800, 3600, 7200, 40000]),
    )


@st.composite
def times(draw: st.DrawFn, zone: str) -> str:
    """An RFC 3339 time near an anchor, in one spelling or another."""
    anchor = datetime.fromisoformat(draw(st.sampled_from(ANCHORS[zone]))).replace(tzinfo=UTC)
    moment = anchor + draw(offsets())
    fraction = draw(st.sampled_from(["", "", "", ".5", ".500", ".000000001", ".0"]))
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"


@st.composite
def events(draw: st.DrawFn, moments: st.SearchStrategy[str], before: list[Event]) -> Event:
    """An act, a stated level or a retraction of what came before or may come; ids repeat."""
    number = len(before)
    kind = draw(st.sampled_from([*TYPES, *TYPES, "level", "level", "retraction"]))
    content: dict[str, Any] = {}
    source = draw(st.sampled_from(["s1", "s2"]))
    if kind == "level":
        content = {"level": draw(st.sampled_from([1, 2, 3, 3.0, 4, "2", None, True]))}
        kind = "member.level.changed"
    elif kind == "retraction":
        content = {"id": str(draw(st.integers(0, number)))}
        kind = "activity.retracted"
        if before and draw(st.integers(0, 3)) > 0:
            target = draw(st.sampled_from(before))
            source, content = target["source"], {"id": target["id"]}
    else:
        if draw(st.booleans()):
            content["owner"] = draw(st.sampled_from([*PEOPLE, "bob", "bob", ""]))
        if draw(st.booleans()):
            content["n"] = draw(st.sampled_from([0, 1, 1.0, 2, 3, True, "1"]))
        if draw(st.integers(0, 3)) > 0:
            content["m"] = draw(st.sampled_from([0.1, 2.5, 12.25, 7, -1, 30.0, 10**13, {}]))
        if draw(st.booleans()):
            content["k"] = draw(st.sampled_from(["x", "y", None, [1], {"z": 1}]))
    return {
        "source": source,
        "id": str(draw(st.one_of(st.just(number), st.just(number), st.integers(0, number)))),
        "type": kind,
        "subject": draw(st.sampled_from(["ann"] * 6 + [*PEOPLE, None])),
        "time": draw(moments),
        "data": content,
    }


@st.composite
def histories(draw: st.DrawFn, moments: st.SearchStrategy[str], size_max: int = 32) -> list[Event]:
    """Events in the order received."""
    count = draw(st.integers(size_max // 4, size_max))
    received: list[Event] = []
    for _ in range(count):
        received.append(draw(events(moments, received)))
    return received


@st.composite
def rules(draw: st.DrawFn, period: str, rule_id: str) -> dict[str, Any]:
    """A rule in the language's words."""
    rule: dict[str, Any] = {
        "id": rule_id,
        "on": draw(st.lists(st.sampled_from(TYPES), min_size=1, max_size=3, unique=True)),
        "to": draw(st.sampled_from(["actor", "actor", "data.owner"])),
        "points": draw(st.sampled_from([10, "100/3", "12.5", "0.5", "7.25", 40, *EXPRESSIONS])),
    }
    if rule["to"] == "actor" and draw(st.booleans()):
        rule["owner"] = "data.owner"
    if draw(st.booleans()):
        spans = draw(st.lists(st.sampled_from(SPANS), min_size=1, max_size=2, unique=True))
        limits = [{"per": per, "count": draw(st.integers(1, 4))} for per in spans]
        rule["limit"] = limits[0] if len(limits) == 1 else limits
    if draw(st.booleans()):
        rule["category"] = draw(st.sampled_from(["talk", "work"]))
    if draw(st.integers(0, 2)) == 0:
        rule["once_per"] = draw(st.sampled_from(ONCE))
    if draw(st.integers(0, 5)) == 0:
        rule["when"] = draw(st.sampled_from(CONDITIONS))
    if period == "at_once":
        some = st.sampled_from([[], ["days"], ["level"], ["days", "level"], ["level", "days"]])
        rule["multipliers"] = draw(some)
    return rule


@st.composite
def caps(draw: st.DrawFn, programme: dict[str, Any]) -> list[dict[str, Any]]:
    """Caps of a programme whose rules are drawn: small, so that most of them bind."""
    stated = programme["rules"]
    ids = [rule["id"] for rule in stated]
    scopes: list[Any] = ["programme", {"rules": ids[:1]}, {"rules": ids}]
    scopes += [{"category": rule["category"]} for rule in stated if "category" in rule]
    found = []
    for number in range(draw(st.integers(1, 3))):
        cap: dict[str, Any] = {"id": f"c{number}", "of": draw(st.sampled_from(scopes))}
        is_total = cap["of"] == "programme" and programme["period"] != "at_once"
        cap["per"] = draw(
            st.sampled_from(SPANS[SPANS.index(programme["period"]) :] if is_total else SPANS)
        )
        if draw(st.booleans()):
            cap["points"] = draw(st.sampled_from([0, 15, 30, 60, 95]))
        else:
            cap |= {"attribute": "level", "table": {"1": 40, "2": 25, "3": 120}}
        if draw(st.booleans()):
            cap["over"] = draw(st.sampled_from(["trim", "refuse", "refuse"]))
        found.append(cap)
    return found


@st.composite
def freezes(draw: st.DrawFn, spans: list[str]) -> dict[str, Any]:
    """Freezes of a streak, or none; levels excuse."""
    if draw(st.booleans()):
        return {}
    stated: dict[str, Any] = {"count": draw(st.integers(1, 3)), "per": draw(st.sampled_from(spans))}
    if draw(st.booleans()):
        stated["count"] = draw(st.integers(0, 2))
        values = draw(st.sampled_from([2, [2, 3], [1]]))
        stated["excused_by"] = {"attribute": "level", "values": values}
    return {"freezes": stated}


@st.composite
def programmes(draw: st.DrawFn, name: str, zone: str, period: str) -> str:
    """A programme as YAML (JSON is YAML); numbers in quotes stay exact."""
    ids = draw(st.lists(st.sampled_from("ppqr"), min_size=1, max_size=3, unique=True))
    table = {"1": "1", "2": draw(st.sampled_from(["1.5", "0", "4/3"])), "3": "2"}
    programme: dict[str, Any] = {
        "programme": name,
        "version": "1",
        "zone": zone,
        "rounding": draw(st.sampled_from(["half_up", "down"])),
        "period": period,
        "attributes": {
            "level": {
                "field": "level",
                "values": [1, 2, 3],
                "default": draw(st.sampled_from([1, 3])),
            }
        },
        "multipliers": {"level": {"by": "attribute", "attribute": "level", "table": table}},
        "rules": [draw(rules(period, each)) for each in ids],
    }
    streak = {"1": "1", "2": "1.3", "3": "1.7"}
    if period != "at_once":
        fitting = {"week": ["weeks", "level"], "day": ["days", "level"], "month": ["level"]}[period]
        some = st.lists(st.sampled_from(fitting), unique=True)
        programme["period_multipliers"] = draw(some)
    if period == "week":
        weeks = {"by": "week_streak", "table": streak}
        programme["multipliers"]["weeks"] = {**weeks, **draw(freezes(["month", "lifetime"]))}
    if period in {"at_once", "day"}:
        types = draw(st.sampled_from([["a.done"], ["b.done", "c.done"], ["unheard.of", "c.done"]]))
        programme["multipliers"]["days"] = {
            "by": "day_streak",
            "condition": "day.opened",
            "types": types,
            "table": streak,
            **draw(freezes(["week", "month", "lifetime"])),
        }
        cap = draw(st.sampled_from(["none", "fixed", "level"]))
        if cap == "fixed":
            programme["cap"] = {"per": "day", "points": draw(st.sampled_from([0, 30, 95]))}
        elif cap == "level":
            programme["cap"] = {
                "per": "day",
                "attribute": "level",
                "table": {"1": 40, "2": 25, "3": 500},
            }
    if draw(st.integers(0, 2)) > 0:
        programme["caps"] = draw(caps(programme))
    named = {name for each in programme["rules"] for name in each.get("multipliers", ())}
    named.update(programme.get("period_multipliers", ()))
    programme["multipliers"] = {
        name: each for name, each in programme["multipliers"].items() if name in named
    }
    # Keys of tables are whole numbers where the values are, as in a file written by hand.
    text = json.dumps(programme)
    for number in "123":
        text = text.replace(f'"{number}": ', f"{number}: ")
    return text


@st.composite
def cases(draw: st.DrawFn, *, versions_max: int = 3, size_max: int = 32) -> Case:
    """A whole case."""
    zone = draw(st.sampled_from(sorted(ANCHORS)))
    period = draw(st.sampled_from(PERIODS))
    names = st.sampled_from(["one", "two"])
    pool = draw(st.lists(times(zone), min_size=3, max_size=9))
    moments = st.sampled_from(pool) | st.sampled_from(pool) | times(zone)
    count = draw(st.integers(1, versions_max))
    changes = draw(st.integers(0, 2)) == 0
    modes = st.sampled_from(["forward", "forward", "restatement", "top_up"])
    kind = draw(names), zone, period
    kinds: set[tuple[str, str, str]] = set()
    versions: Versions = []
    for number in range(count):
        is_first = number == 0 and draw(st.integers(0, 4)) > 0
        since = None if is_first else draw(moments)
        mode = draw(modes)
        if changes and number:
            zone, period = draw(st.sampled_from(sorted(ANCHORS))), draw(st.sampled_from(PERIODS))
            kind = draw(names), zone, period
        kinds.add(kind)
        if mode == "top_up" and len(kinds) > 1 and {each[2] for each in kinds} != {"at_once"}:
            mode = "restatement"
        versions.append((draw(programmes(*kind)), since, mode))
    linked = st.sampled_from(
        [None, None, {"ann": "A", "bob": "A", "cid": "C"}, {"ann": "A", "bob": "B"}]
    )
    return Case(
        versions,
        draw(histories(moments, size_max)),
        draw(moments) if draw(st.integers(0, 3)) == 0 else None,
        draw(linked),
    )
