"""The stream of a calendar: its lines, folding and escaping, as RFC 5545 has them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from governance.calendar.ical import LINE_OCTETS_MAX, Entry, calendar, escaped, folded, utc
from governance.calendar.model import Moment, MomentKind, Subject

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]))


def moment(**changes: object) -> Moment:
    plain: dict[str, object] = {
        "subject": Subject.POLL,
        "scope": "",
        "subject_id": "pol_1",
        "kind": MomentKind.OPENS,
        "at": AT,
        "title": "Tea?",
        "said_at": AT - timedelta(days=1),
    }
    return Moment(**(plain | changes))  # type: ignore[arg-type]


def unfolded(stream: str) -> list[str]:
    """The lines as a reader of the format has them (RFC 5545, 3.1)."""
    assert stream.endswith("\r\n")
    lines = stream.removesuffix("\r\n").replace("\r\n ", "").split("\r\n")
    assert not any("\n" in line or "\r" in line for line in lines)
    return lines


def read(text: str) -> str:
    """A text value back (RFC 5545, 3.3.11)."""
    found, rest = "", iter(text)
    for each in rest:
        escaped_one = next(rest) if each == "\\" else None
        found += each if escaped_one is None else {"n": "\n"}.get(escaped_one, escaped_one)
    return found


def test_a_whole_calendar() -> None:
    entry = Entry(
        moment(), "Poll opens: Tea?", "Green; black, or none", "https://a.example/polls/1"
    )
    assert unfolded(calendar("Votes", [entry])) == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Vklad//Governance calendar//EN",
        "CALSCALE:GREGORIAN",
        "NAME:Votes",
        "X-WR-CALNAME:Votes",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "BEGIN:VEVENT",
        "UID:poll-pol_1-opens@vklad",
        "DTSTAMP:20260301T090000Z",
        "LAST-MODIFIED:20260301T090000Z",
        "DTSTART:20260302T090000Z",
        "SEQUENCE:0",
        "STATUS:CONFIRMED",
        "TRANSP:TRANSPARENT",
        "SUMMARY:Poll opens: Tea?",
        "DESCRIPTION:Green\\; black\\, or none",
        "URL:https://a.example/polls/1",
        "END:VEVENT",
        "END:VCALENDAR",
    ]


def test_what_is_off_says_so_under_the_same_name() -> None:
    lines = unfolded(calendar("Votes", [Entry(moment(is_off=True, changes=2), "", "", "")]))
    assert {"UID:poll-pol_1-opens@vklad", "SEQUENCE:2", "STATUS:CANCELLED"} <= set(lines)


def test_times_are_in_utc_and_cut_to_the_second() -> None:
    moscow = timezone(timedelta(hours=3))
    assert utc(datetime(2026, 3, 2, 1, 2, 3, 999_999, tzinfo=moscow)) == "20260301T220203Z"


def test_special_characters_are_escaped_and_control_characters_left_out() -> None:
    assert escaped("a\\b;c,d\ne\r\x00\x7f\x85f\u00a0g") == "a\\\\b\\;c\\,d\\nef\u00a0g"


def test_a_line_of_75_octets_is_whole_and_of_76_is_folded() -> None:
    assert folded("x" * LINE_OCTETS_MAX) == "x" * 75
    assert folded("x" * 76) == "x" * 75 + "\r\n x"
    assert folded("x" * (75 + 74)) == "x" * 75 + "\r\n " + "x" * 74
    assert folded("x" * 150) == "x" * 75 + "\r\n " + "x" * 74 + "\r\n x"
    assert folded("я" * 38) == "я" * 37 + "\r\n я"


@given(ANY_TEXT)
def test_a_text_comes_back_as_it_was_but_for_control_characters(text: str) -> None:
    kept = "".join(
        each for each in text if each == "\n" or not (each < " " or "\x7f" <= each <= "\x9f")
    )
    assert read(escaped(text)) == kept


@given(ANY_TEXT)
def test_no_line_is_too_long_and_none_breaks_a_character(text: str) -> None:
    stream = calendar(text, [Entry(moment(title=text), text, text, "")])
    for line in stream.encode().split(b"\r\n"):
        assert len(line) <= LINE_OCTETS_MAX
        line.decode()
    assert f"SUMMARY:{escaped(text)}" in unfolded(stream)
