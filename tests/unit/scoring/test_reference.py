"""The reference text worked by hand, for the naive scorer and the real one alike."""

from __future__ import annotations

import pytest

from tests.scoring_cases import (
    DAILY,
    WEEKLY,
    Event,
    event,
    level,
    retraction,
    score,
    several,
    totals,
)

pytestmark = pytest.mark.parametrize("scorer", ["naive", "real"])

MONDAYS = ["2026-03-02", "2026-03-09", "2026-03-16", "2026-03-23", "2026-03-30"]


def three_active_weeks(member: str) -> list[Event]:
    return [event("lms.section.read", member, f"{day}T10:00:00Z") for day in MONDAYS[:3]]


# Programme A.


def test_published_week_of_a_practitioner(scorer: str) -> None:
    week = [
        *(event("lms.section.read", "ann", f"2026-03-{23 + i}T10:00:00Z") for i in range(5)),
        *(event("lms.exercise.completed", "ann", f"2026-03-{23 + i}T11:00:00Z") for i in range(3)),
        event("club.post.created", "ann", "2026-03-24T12:00:00Z"),
        *several(5, "club.like.given", "ann", "2026-03-25", owner="bob"),
        *(
            event("club.like.given", f"fan{i}", "2026-03-26T10:00:00Z", {"owner": "ann"})
            for i in range(3)
        ),
        *several(2, "club.comment.created", "ann", "2026-03-27", owner="bob"),
    ]
    events = [level("ann", "2026-03-01T00:00:00Z", 3), *three_active_weeks("ann"), *week]
    assert score(scorer, WEEKLY, events)["ann", "weekly", "2026-W13"] == (1584, 0)


def test_level_stated_at_the_very_close_is_too_late(scorer: str) -> None:
    events = [
        *three_active_weeks("ann"),
        event("club.like.given", "ann", "2026-03-24T10:00:00Z", {"owner": "bob"}),
        level("ann", "2026-03-30T00:00:00Z", 3),
    ]
    assert score(scorer, WEEKLY, events)["ann", "weekly", "2026-W13"] == (11, 0)


def test_level_stated_a_billionth_before_the_close_counts(scorer: str) -> None:
    events = [
        event("lms.section.read", "ann", "2026-03-02T10:00:00Z"),
        level("ann", "2026-03-08T23:59:59.999999999Z", 3),
    ]
    assert score(scorer, WEEKLY, events)["ann", "weekly", "2026-W10"] == (75, 0)


def test_three_weeks_and_the_like_retracted(scorer: str) -> None:
    like = event("club.like.given", "bob", "2026-03-10T10:00:00Z", {"owner": "ann"})
    events = [
        event("lms.section.read", "ann", "2026-03-02T10:00:00Z"),
        like,
        event("lms.section.read", "ann", "2026-03-16T10:00:00Z"),
    ]
    awards = score(scorer, WEEKLY, events)
    assert [awards["ann", "weekly", f"2026-W{week}"][0] for week in (10, 11, 12)] == [50, 20, 53]
    assert totals(awards)["ann"] == (123, 0)
    assert totals(score(scorer, WEEKLY, [*events, retraction(like)]))["ann"] == (100, 0)


def test_limits_count_per_day_and_what_they_drop_is_no_excess(scorer: str) -> None:
    events = several(7, "lms.section.read", "ann", "2026-03-02")
    events += several(6, "lms.section.read", "ann", "2026-03-03")
    assert score(scorer, WEEKLY, events) == {("ann", "weekly", "2026-W10"): (500, 0)}


def test_the_sixth_like_still_pays_the_owner(scorer: str) -> None:
    events = several(6, "club.like.given", "ann", "2026-03-02", owner="bob")
    assert totals(score(scorer, WEEKLY, events)) == {"ann": (50, 0), "bob": (120, 0)}


def test_the_owners_eleventh_like_of_the_day_earns_nothing(scorer: str) -> None:
    events = [
        event("club.like.given", f"fan{i:02d}", f"2026-03-02T10:{i:02d}:00Z", {"owner": "ann"})
        for i in range(11)
    ]
    awards = totals(score(scorer, WEEKLY, events))
    assert awards["ann"] == (200, 0)
    assert awards["fan10"] == (10, 0)


def test_acting_on_ones_own_earns_neither_side_nor_an_active_week(scorer: str) -> None:
    events = [
        event("club.like.given", "ann", "2026-03-02T10:00:00Z", {"owner": "ann"}),
        event("club.comment.created", "ann", "2026-03-02T10:00:00Z", {"owner": "ann"}),
        event("lms.section.read", "ann", "2026-03-09T10:00:00Z"),
    ]
    assert score(scorer, WEEKLY, events) == {("ann", "weekly", "2026-W11"): (50, 0)}


def test_own_acts_go_by_member_not_by_identity(scorer: str) -> None:
    events = [event("club.like.given", "lms:1", "2026-03-02T10:00:00Z", {"owner": "forum:9"})]
    linked = {"lms:1": "ann", "forum:9": "ann"}
    assert score(scorer, WEEKLY, events, resolve=linked) == {}
    apart = {"lms:1": "ann", "forum:9": "bob"}
    assert totals(score(scorer, WEEKLY, events, resolve=apart)) == {"ann": (10, 0), "bob": (20, 0)}


def test_an_unlinked_owner_earns_nothing_yet_and_hinders_nobody(scorer: str) -> None:
    events = [event("club.like.given", "lms:1", "2026-03-02T10:00:00Z", {"owner": "forum:9"})]
    assert totals(score(scorer, WEEKLY, events, resolve={"lms:1": "ann"})) == {"ann": (10, 0)}
    assert totals(score(scorer, WEEKLY, events, resolve={"forum:9": "bob"})) == {"bob": (20, 0)}


@pytest.mark.parametrize("owner", [None, "", 7, ["ann"]])
def test_without_an_owner_only_the_owners_rule_is_skipped(scorer: str, owner: object) -> None:
    content = {} if owner is None else {"owner": owner}
    events = [event("club.like.given", "ann", "2026-03-02T10:00:00Z", content)]
    assert totals(score(scorer, WEEKLY, events)) == {"ann": (10, 0)}


def test_a_week_without_a_weight_resets_consistency(scorer: str) -> None:
    days = ["2026-03-02", "2026-03-09", "2026-03-23", "2026-03-30"]
    events = [event("lms.exercise.completed", "ann", f"{day}T10:00:00Z") for day in days]
    awards = score(scorer, WEEKLY, events)
    assert [points for points, _ in awards.values()] == [100, 102, 100, 102]


def test_consistency_holds_its_last_row(scorer: str) -> None:
    days = [*MONDAYS, "2026-04-06", "2026-04-13"]
    events = [event("lms.exercise.completed", "ann", f"{day}T10:00:00Z") for day in days]
    found = [points for points, _ in score(scorer, WEEKLY, events).values()]
    assert found == [100, 102, 105, 110, 120, 120, 120]


def test_a_half_is_rounded_up_once_on_the_weeks_total(scorer: str) -> None:
    # 50 x 1.00, 50 x 1.02, 50 x 1.05 = 52.5, up.
    events = [
        event("lms.section.read", "ann", "2026-03-02T10:00:00Z"),
        event("lms.section.read", "ann", "2026-03-09T10:00:00Z"),
        event("lms.section.read", "ann", "2026-03-16T10:00:00Z"),
    ]
    assert totals(score(scorer, WEEKLY, events))["ann"] == (50 + 51 + 53, 0)


def test_week_ends_with_sunday(scorer: str) -> None:
    events = [
        event("lms.section.read", "ann", "2026-03-08T23:59:59.9999999Z"),
        event("lms.section.read", "ann", "2026-03-09T00:00:00Z"),
    ]
    awards = score(scorer, WEEKLY, events)
    assert awards == {
        ("ann", "weekly", "2026-W10"): (50, 0),
        ("ann", "weekly", "2026-W11"): (51, 0),
    }


def test_last_week_of_a_long_year(scorer: str) -> None:
    events = [event("lms.section.read", "ann", "2027-01-01T10:00:00Z")]
    assert list(score(scorer, WEEKLY, events)) == [("ann", "weekly", "2026-W53")]


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("2026-03-08T23:59:59Z", {}),
        ("2026-03-09T00:00:00Z", {"2026-W10": 50}),
        ("2026-03-10T10:00:00Z", {"2026-W10": 50}),
        ("2026-03-16T00:00:00Z", {"2026-W10": 50, "2026-W11": 51}),
    ],
)
def test_until_closes_weeks_that_end_by_then(
    scorer: str, until: str, expected: dict[str, int]
) -> None:
    events = [
        event("lms.section.read", "ann", "2026-03-02T10:00:00Z"),
        event("lms.section.read", "ann", "2026-03-10T10:00:00Z"),
        event("lms.section.read", "ann", "2026-03-17T10:00:00Z"),
    ]
    awards = score(scorer, WEEKLY, events, until=until)
    assert {period: points for (_, _, period), (points, _) in awards.items()} == expected


def test_until_takes_retractions_of_later_times(scorer: str) -> None:
    read = event("lms.section.read", "ann", "2026-03-02T10:00:00Z")
    events = [read, retraction(read, "2026-06-01T00:00:00Z")]
    assert score(scorer, WEEKLY, events, until="2026-03-09T00:00:00Z") == {}


# Programme B.


def test_nine_template_merges_without_an_opened_day(scorer: str) -> None:
    awards = score(scorer, DAILY, several(9, "template.commit.merged", "ann", "2026-03-02"))
    assert [worth for _, worth in sorted(awards.items(), key=lambda row: row[0][2])] == [
        *[(12, 0)] * 8,
        (4, 8),
    ]


def test_a_cap_used_up_leaves_awards_that_are_all_excess(scorer: str) -> None:
    awards = score(scorer, DAILY, several(11, "template.commit.merged", "ann", "2026-03-02"))
    assert totals(awards)["ann"] == (100, 32)
    assert sorted(awards.values())[:2] == [(0, 12), (0, 12)]


def opened_days(count: int) -> list[Event]:
    events = []
    for day in range(1, count + 1):
        events.append(event("day.opened", "ann", f"2026-03-{day:02d}T05:00:00Z"))
        events.append(event("day.closed", "ann", f"2026-03-{day:02d}T15:00:00Z"))
    return events


def test_seventh_active_day_known_only_after_its_first_event(scorer: str) -> None:
    text = event("text.submitted", "ann", "2026-03-07T06:00:00Z")
    opened = event("day.opened", "ann", "2026-03-07T07:00:00Z")
    key = "ann", "text-submitted", ("lms", text["id"])
    assert score(scorer, DAILY, [*opened_days(6), text])[key] == (2, 0)
    assert score(scorer, DAILY, [*opened_days(6), text, opened])[key] == (3, 0)


@pytest.mark.parametrize(
    ("days", "expected"), [(1, 12), (2, 12), (3, 13), (4, 14), (5, 15), (6, 16), (7, 17), (9, 17)]
)
def test_streak_by_length(scorer: str, days: int, expected: int) -> None:
    # 11.5 times 1.00, 1.07 = 12.305, 1.14 = 13.11, 1.21 = 13.915, 1.28 = 14.72, 1.35 = 15.525,
    # 1.50 = 17.25.
    merged = event("template.commit.merged", "ann", f"2026-03-{days:02d}T10:00:00Z")
    awards = score(scorer, DAILY, [*opened_days(days), merged])
    assert list(awards.values()) == [(expected, 0)]


def test_a_second_day_opened_makes_no_day_active(scorer: str) -> None:
    merged = event("template.commit.merged", "ann", "2026-03-03T10:00:00Z")
    events = [
        *opened_days(1),
        event("day.opened", "ann", "2026-03-02T05:00:00Z"),
        event("day.opened", "ann", "2026-03-02T06:00:00Z"),
        event("day.opened", "ann", "2026-03-03T05:00:00Z"),
        merged,
    ]
    assert list(score(scorer, DAILY, events).values()) == [(12, 0)]


@pytest.mark.parametrize("kind", ["day.closed", "session.started", "reminder.delivered", "ai.chat"])
def test_any_other_type_of_the_table_makes_the_day_active(scorer: str, kind: str) -> None:
    events = []
    for day in range(1, 7):
        events.append(event(kind, "ann", f"2026-03-{day:02d}T05:00:00Z"))
        events.append(event("day.opened", "ann", f"2026-03-{day:02d}T06:00:00Z"))
    merged = event("template.commit.merged", "ann", "2026-03-06T10:00:00Z")
    awards = score(scorer, DAILY, [*events, merged])
    assert awards["ann", "template-merged", ("lms", merged["id"])] == (16, 0)


def test_an_event_past_its_limit_still_makes_the_day_active(scorer: str) -> None:
    # Twelve texts; the last two count for nothing, but one of them is all that day 2 has in it
    # besides the opening once the others are retracted.
    texts = several(12, "text.submitted", "ann", "2026-03-02")
    events = [
        *opened_days(1),
        event("day.opened", "ann", "2026-03-02T05:00:00Z"),
        *texts,
        event("day.opened", "ann", "2026-03-03T05:00:00Z"),
        event("template.commit.merged", "ann", "2026-03-03T10:00:00Z"),
    ]
    awards = score(scorer, DAILY, events)
    assert sum(1 for _, rule, _ in awards if rule == "text-submitted") == 10
    assert awards["ann", "template-merged", ("lms", events[-1]["id"])] == (13, 0)


def test_days_are_moscows(scorer: str) -> None:
    # 20:59:59Z is still 1 March in Moscow, 21:00Z is the 2nd: two days, one cap each.
    events = several(9, "template.commit.merged", "ann", "2026-03-01")
    events.append(event("template.commit.merged", "ann", "2026-03-01T20:59:59.999Z"))
    events.append(event("template.commit.merged", "ann", "2026-03-01T21:00:00Z"))
    assert totals(score(scorer, DAILY, events))["ann"] == (112, 20)


def test_level_holds_from_its_very_instant_whatever_its_source_and_id(scorer: str) -> None:
    chat = event("ai.chat", "ann", "2026-03-02T10:00:00Z", id="a", source="a")
    events = [chat, level("ann", "2026-03-02T10:00:00.000Z", 8, id="z", source="z")]
    assert list(score(scorer, DAILY, events).values()) == [(12, 0)]  # 2.3 x 5 = 11.5, up


def test_of_two_levels_at_one_instant_the_last_in_order_wins(scorer: str) -> None:
    events = [
        level("ann", "2026-03-01T00:00:00Z", 2, id="2", source="b"),
        level("ann", "2026-03-01T00:00:00Z", 8, id="1", source="b"),
        level("ann", "2026-03-01T00:00:00Z", 4, id="9", source="a"),
        event("ai.chat", "ann", "2026-03-02T10:00:00Z"),
    ]
    assert list(score(scorer, DAILY, events).values()) == [(3, 0)]  # 2.3 x 1.3 = 2.99


@pytest.mark.parametrize("value", [0, 9, "3", None, 2.5, True, [3]])
def test_a_level_outside_the_stated_ones_is_ignored(scorer: str, value: object) -> None:
    events = [
        level("ann", "2026-03-01T00:00:00Z", 4),
        level("ann", "2026-03-01T01:00:00Z", value),
        event("ai.chat", "ann", "2026-03-02T10:00:00Z"),
    ]
    assert list(score(scorer, DAILY, events).values()) == [(5, 0)]  # 2.3 x 2.0 = 4.6


def test_json_knows_one_kind_of_number(scorer: str) -> None:
    events = [
        level("ann", "2026-03-01T00:00:00Z", 4.0),
        event("ai.chat", "ann", "2026-03-02T10:00:00Z"),
    ]
    assert list(score(scorer, DAILY, events).values()) == [(5, 0)]


def test_the_cap_is_that_of_the_level_at_the_event(scorer: str) -> None:
    # Level 2 (cap 140): 15 a merge, nine of them 135. Then level 1 (cap 100): nothing is left.
    # Then level 2 again: 5 are left.
    merges = several(9, "template.commit.merged", "ann", "2026-03-02")
    events = [
        level("ann", "2026-03-01T00:00:00Z", 2),
        *merges,
        level("ann", "2026-03-02T11:00:00Z", 1),
        event("template.commit.merged", "ann", "2026-03-02T12:00:00Z", id="low"),
        level("ann", "2026-03-02T13:00:00Z", 2),
        event("template.commit.merged", "ann", "2026-03-02T14:00:00Z", id="high"),
    ]
    awards = score(scorer, DAILY, events)
    assert awards["ann", "template-merged", ("lms", "low")] == (0, 12)
    assert awards["ann", "template-merged", ("lms", "high")] == (5, 10)


def test_an_event_the_cap_trims_to_nothing_has_used_its_limit(scorer: str) -> None:
    # Nine merges use the cap up; ten texts then earn nothing but use their limit, so that after
    # a rise of the cap the eleventh text still earns nothing.
    events = [
        *several(9, "template.commit.merged", "ann", "2026-03-02"),
        *(event("text.submitted", "ann", f"2026-03-02T11:{i:02d}:00Z") for i in range(10)),
        level("ann", "2026-03-02T12:00:00Z", 8),
        event("text.submitted", "ann", "2026-03-02T13:00:00Z", id="eleventh"),
    ]
    awards = score(scorer, DAILY, events)
    assert ("ann", "text-submitted", ("lms", "eleventh")) not in awards
    assert totals(awards)["ann"] == (100, 8 + 10 * 2)


def test_limited_events_leave_the_cap_alone(scorer: str) -> None:
    events = several(7, "ai.chat", "ann", "2026-03-02")
    assert totals(score(scorer, DAILY, events))["ann"] == (10, 0)


# Facts.


def test_the_first_received_of_a_duplicate_wins(scorer: str) -> None:
    events = [
        event("ai.chat", "ann", "2026-03-02T10:00:00Z", id="x"),
        event("template.commit.merged", "ann", "2026-03-01T10:00:00Z", id="x"),
        event("ai.chat", "ann", "2026-03-02T10:00:00Z", id="x", source="other"),
    ]
    assert totals(score(scorer, DAILY, events))["ann"] == (4, 0)


def test_a_retraction_dated_and_received_before_its_target(scorer: str) -> None:
    chat = event("ai.chat", "ann", "2026-03-02T10:00:00Z")
    events = [retraction(chat, "2020-01-01T00:00:00Z"), chat]
    assert score(scorer, DAILY, events) == {}


def test_a_retracted_id_sent_again_stays_retracted(scorer: str) -> None:
    chat = event("ai.chat", "ann", "2026-03-02T10:00:00Z", id="x")
    again = event("ai.chat", "ann", "2026-03-05T10:00:00Z", id="x")
    assert score(scorer, DAILY, [chat, retraction(chat), again]) == {}
    assert score(scorer, DAILY, [retraction(chat), again, chat]) == {}


def test_a_retraction_cannot_be_retracted(scorer: str) -> None:
    chat = event("ai.chat", "ann", "2026-03-02T10:00:00Z")
    first = retraction(chat)
    assert score(scorer, DAILY, [chat, first, retraction(first)]) == {}


def test_a_retraction_reaches_only_its_own_source(scorer: str) -> None:
    chat = event("ai.chat", "ann", "2026-03-02T10:00:00Z")
    assert totals(score(scorer, DAILY, [chat, retraction(chat, source="forum")])) == {"ann": (2, 0)}


def test_a_stated_level_can_be_retracted(scorer: str) -> None:
    up = level("ann", "2026-03-01T00:00:00Z", 8)
    chat = event("ai.chat", "ann", "2026-03-02T10:00:00Z")
    assert totals(score(scorer, DAILY, [up, chat]))["ann"] == (12, 0)
    assert totals(score(scorer, DAILY, [up, chat, retraction(up)]))["ann"] == (2, 0)


def test_a_retracted_event_leaves_the_streak(scorer: str) -> None:
    merged = event("template.commit.merged", "ann", "2026-03-03T10:00:00Z")
    events = [*opened_days(3), merged]
    day_two = next(each for each in events if each["time"].startswith("2026-03-02T15"))
    key = "ann", "template-merged", ("lms", merged["id"])
    assert score(scorer, DAILY, events)[key] == (13, 0)
    assert score(scorer, DAILY, [*events, retraction(day_two)])[key] == (12, 0)


def test_retracting_frees_the_limit_for_the_next(scorer: str) -> None:
    events = several(6, "ai.chat", "ann", "2026-03-02")
    awards = score(scorer, DAILY, [*events, retraction(events[0])])
    assert ("ann", "ai-chat", ("lms", events[5]["id"])) in awards
    assert totals(awards)["ann"] == (10, 0)


def test_ties_go_by_source_then_id_by_code_point(scorer: str) -> None:
    # Five count of six at one instant. Code points: "B" < "a" < "é" < "я" < "𐍈"; UTF-16 would
    # put the last one elsewhere ("\uffee" above a surrogate pair).
    ids = ["𐍈", "\uffee", "я", "é", "a", "B"]
    events = [event("ai.chat", "ann", "2026-03-02T10:00:00Z", id=each) for each in ids]
    awards = score(scorer, DAILY, events)
    assert {cause[1] for _, _, cause in awards} == {"B", "a", "é", "я", "\uffee"}


def test_instants_are_compared_in_utc_at_full_precision(scorer: str) -> None:
    events = several(4, "ai.chat", "ann", "2026-03-02")
    events += [
        event("ai.chat", "ann", "2026-03-02T13:30:00.1000000000000000001+02:00", id="later"),
        event("ai.chat", "ann", "2026-03-02T11:30:00.1Z", id="sooner"),
    ]
    awards = score(scorer, DAILY, events)
    assert ("ann", "ai-chat", ("lms", "sooner")) in awards
    assert ("ann", "ai-chat", ("lms", "later")) not in awards
