from __future__ import annotations

from datetime import date
from uuid import UUID

import pytest

from ledger.grants.imports.errors import BadImport
from ledger.grants.imports.faults import FAULTS_MAX, SENTENCES, Fault
from ledger.grants.imports.model import LINES_MAX, FileLine
from ledger.grants.imports.rows import BYTES_MAX, parse_file
from ledger.kernel.ids import format_id
from ledger.kernel.units import Points
from ledger.members.model import IdentityKey

TODAY = date(2026, 3, 2)
ANNA = UUID(int=0xA)
MEMBER = format_id("mem", ANNA)
HEADER = "provider,issuer,subject,points,granted_on,activates_on,expires_on,reference,reason\n"
GOOD = "lms,https://old.example,1042,1200,2025-01-31,2026-04-01,2027-06-30,A-17,Winter course\n"


def _read(text: str | bytes) -> tuple[FileLine, ...]:
    return parse_file(text.encode() if isinstance(text, str) else text, TODAY)


def _faults(text: str | bytes) -> list[tuple[int, str]]:
    with pytest.raises(BadImport) as refused:
        _read(text)
    return [(fault.line, fault.kind) for fault in refused.value.faults]


def test_every_column_is_read() -> None:
    (line,) = _read(HEADER + GOOD)
    assert line == FileLine(
        number=2,
        who=IdentityKey("lms", "https://old.example", "1042"),
        points=Points(1_200),
        granted_on=date(2025, 1, 31),
        activates_on=date(2026, 4, 1),
        expires_on=date(2027, 6, 30),
        reference="A-17",
        reason="Winter course",
    )


@pytest.mark.parametrize(
    "text",
    [
        f"member,points\n{MEMBER},5\n",
        f"\ufeffmember;points\r\n{MEMBER};5\r\n\r\n;\r\n",
        f" Points , MEMBER \n 5 , {MEMBER} \n",
        f'"member","points"\n"{MEMBER}","5"\n',
    ],
)
def test_commas_semicolons_marks_blanks_and_quotes_are_read(text: str) -> None:
    (line,) = _read(text)
    assert (line.who, line.points) == (ANNA, Points(5))


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        *(
            (cell, "points")
            for cell in (
                *("", "0", "-5", "+5", "5.0", "5,5", "1e3", "٣", "05", "10000001", "1" * 99),
                *(" 1 2", "0x10", "=1+1"),
            )
        ),
    ],
)
def test_points_are_whole_and_positive(cell: str, kind: str) -> None:
    assert _faults(f'member,points\n{MEMBER},"{cell}"\n') == [(2, kind)]


@pytest.mark.parametrize(
    ("column", "cell", "kind"),
    [
        ("granted_on", "2026-03-03", "granted_ahead"),
        ("granted_on", "31.12.2025", "date"),
        ("granted_on", "2025-02-30", "date"),
        ("granted_on", "2025-W01-1", "date"),
        ("expires_on", "2026-03-02", "expired"),
        ("expires_on", "1999-01-01", "expired"),
        ("reference", "=HYPERLINK(1)", "formula"),
        ("reason", "@SUM(A1)", "formula"),
        ("reason", "+7", "formula"),
        ("reason", "a\u202eb", "text"),
        ("reason", "x" * 201, "text"),
        ("reference", "x" * 201, "text"),
    ],
)
def test_dates_and_words_are_checked(column: str, cell: str, kind: str) -> None:
    assert _faults(f"member,points,{column}\n{MEMBER},5,{cell}\n") == [(2, kind)]


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("points", "10000000"),
        ("granted_on", TODAY.isoformat()),
        ("expires_on", "2026-03-03"),
        ("reference", "x" * 200),
        ("reason", "x" * 200),
        ("subject", "anna@host"),
        ("subject", "1.2"),
    ],
)
def test_what_is_just_within_its_bounds_is_read(column: str, cell: str) -> None:
    cells = {"provider": "lms", "issuer": "i", "subject": "1", "points": "5"} | {column: cell}
    (line,) = _read(f"{','.join(cells)}\n{','.join(cells.values())}\n")
    assert line.points == Points(int(cells["points"]))
    assert line.who == IdentityKey("lms", "i", cells["subject"])
    assert (line.reference or line.reason) == ("x" * 200 if "x" in cell else "")


def test_points_live_for_a_while() -> None:
    text = f"member,points,activates_on,expires_on\n{MEMBER},5,2026-05-01,2026-05-01\n"
    assert _faults(text) == [(2, "dead")]


@pytest.mark.parametrize(
    ("who", "kind"),
    [
        (("", "", "", ""), "who"),
        ((MEMBER, "lms", "i", "1"), "who"),
        (("mem_1", "", "", ""), "member"),
        (("", "lms", "", "1"), "identity"),
        (("", "l" * 33, "i", "1"), "identity"),
        (("", "lms", "i", "anna@example.org"), "mail"),
        (("", "lms", "i", "=1"), "formula"),
    ],
)
def test_a_line_names_one_person(who: tuple[str, ...], kind: str) -> None:
    text = f"member,provider,issuer,subject,points\n{','.join(who)},5\n"
    assert _faults(text) == [(2, kind)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", [(1, "column_missing"), (1, "who")]),
        (b"member,points\n", [(0, "no_lines")]),
        (b"member,points,iban,points\nx,1,2,3\n", [(1, "unknown_column"), (1, "column_twice")]),
        (b"PK\x03\x04rest", [(0, "is_archive")]),
        (b"\x1f\x8brest", [(0, "is_archive")]),
        (b"member,points\nmem\0,5\n", [(2, "has_nul")]),
        (b"member,points\n\xff\xfe,5\n", [(2, "not_utf8")]),
        (b'member,points\n"x\n', [(2, "not_csv")]),
        (b"member,points\na\nb,1,2\n", [(2, "columns"), (3, "columns")]),
        (b"x" * (BYTES_MAX + 1), [(0, "too_large")]),
        (b"x" * BYTES_MAX, [(1, "not_csv")]),
        (b"provider,issuer,subject\n", [(1, "column_missing")]),
        (b"member,points;reason\n", [(1, "unknown_column"), (1, "column_missing")]),
    ],
)
def test_what_is_no_such_file_is_refused(content: bytes, expected: list[tuple[int, str]]) -> None:
    assert _faults(content) == expected


def test_every_fault_is_told_up_to_a_bound() -> None:
    text = HEADER + GOOD.replace("1200", "1.5").replace("2027-06-30", "soon") + ",,,,,,,,=1\n"
    assert _faults(text) == [
        *((2, kind) for kind in ("points", "date")),
        *((3, kind) for kind in ("who", "points", "formula")),
    ]
    assert len(_faults("member,points\n" + "x,0\n" * 1_000)) == FAULTS_MAX


def test_a_person_twice_needs_a_reference_for_each() -> None:
    again = GOOD.replace("1200", "5")
    assert _faults(HEADER + GOOD + again) == [(3, "twice")]
    assert len(_read(HEADER + GOOD + again.replace("A-17", "A-18"))) == 2


def test_a_file_has_so_many_lines_at_most() -> None:
    line = "lms,i,{},5\n"
    text = "provider,issuer,subject,points\n" + "".join(
        line.format(number) for number in range(LINES_MAX + 2)
    )
    assert _faults(text) == [(0, "too_many_lines")]


def test_each_sentence_is_said_in_both_languages() -> None:
    for kind, sentences in SENTENCES.items():
        assert set(sentences) == {"en", "ru"}
        told = Fault(7, kind, "“x”").to_json()
        assert str(told["en"]).startswith("line 7: ")
        assert str(told["ru"]).startswith("строка 7: ")


def test_the_message_says_how_many_more() -> None:
    with pytest.raises(BadImport) as refused:
        _read("member,points\n" + "x,0\n" * 5)
    assert refused.value.message.endswith("and 5 more.")
