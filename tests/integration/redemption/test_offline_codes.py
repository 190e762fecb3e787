"""A till without a connection: what it takes along, what it brings back, and what is a conflict."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from ledger.kernel.transaction import execute
from ledger.kernel.units import Points
from ledger.redemption import codes, offline, offline_store, service
from ledger.redemption.code_text import digest_of_code
from ledger.redemption.codes import CancelCode, CodeIssued, IssueCode
from ledger.redemption.errors import CodeListed
from ledger.redemption.offline import BringUses, Counted
from ledger.redemption.offline_text import USE_COLUMNS, read_uses
from ledger.redemption.service import ReleaseRedemption
from ledger.redemption.verify import REDEMPTION_CHECKS
from ledger.verify.service import JOURNAL_CHECKS, verify
from tests.integration.redemption.conftest import OTHER, School
from tests.integration.redemption.test_http import Doors, _is
from tests.world import SOURCE_URI

CHECKS = (*JOURNAL_CHECKS, *REDEMPTION_CHECKS)
Row = tuple[str, str, int, int]
"""Code, order, price, given off."""


@pytest.fixture(autouse=True)
def with_codes(school: School) -> None:
    school.set_terms(code_days=14)
    school.grant(1000)


def issue(school: School, minor: int = 100, **more: Any) -> CodeIssued:
    wanted = IssueCode(school.member, "lms", "USD", minor, **more)
    return execute(school.database, codes.issue, wanted)


def written(*rows: Row) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(USE_COLUMNS)
    for code, order, price, given in rows:
        writer.writerow([code, order, "USD", "course:go", price, given, "2026-03-02T10:00:00Z"])
    return text.getvalue()


def bring(school: School, *rows: Row, source: str = SOURCE_URI) -> list[Counted]:
    command = BringUses(source, tuple(read_uses(written(*rows))))
    return execute(school.database, offline.bring_uses, command)


def said(found: list[Counted]) -> list[tuple[str, str | None]]:
    return [(each.status, each.reason) for each in found]


def conflicts(school: School) -> list[tuple[str, str]]:
    with school.database.read() as work:
        found = offline_store.conflicts(work, source=None, before=None, limit=99)
    assert verify(school.database, CHECKS).findings == ()
    return [(each.order_number, each.reason) for each in reversed(found)]


def test_each_is_counted_once_and_a_conflict_hinders_no_other(school: School) -> None:
    first, second = issue(school), issue(school)
    rows: list[Row] = [
        (first.text, "A-1", 5000, 100),
        (first.text, "A-2", 5000, 100),
        ("0000-0000-0000-0000", "A-3", 5000, 100),
        (second.text.lower(), "A-4", 60, 60),
    ]
    expected = [("used", None), ("conflict", "code_used"), ("conflict", "code_unknown")]
    found = bring(school, *rows)
    assert said(found) == [*expected, ("used", None)]
    assert [each.captured_minor for each in found] == [100, 0, 0, 60]
    assert "A-1" in (found[1].message or "")
    again = bring(school, *rows)
    assert [each.status for each in again] == ["used_before", "conflict", "conflict", "used_before"]
    assert [each.captured_minor for each in again] == [100, 0, 0, 60]
    assert conflicts(school) == [("A-2", "code_used"), ("A-3", "code_unknown")]
    assert school.summary().available == Points(840)


def test_the_same_order_with_other_lines_is_a_conflict(school: School) -> None:
    code = issue(school).text
    bring(school, (code, "A-1", 5000, 100))
    assert said(bring(school, (code, "A-1", 4000, 100))) == [("conflict", "code_used")]


def test_more_given_off_than_the_code_covers_is_counted_and_kept(school: School) -> None:
    (found,) = bring(school, (issue(school).text, "A-1", 5000, 150))
    assert (found.status, found.captured_minor, found.reason) == ("used", 100, "given_more")
    assert conflicts(school) == [("A-1", "given_more")]


def test_what_came_too_late_or_from_another_shop_is_kept(school: School) -> None:
    taken_back = issue(school)
    cancelled = CancelCode(school.member, taken_back.code.code_id)
    execute(school.database, codes.cancel, cancelled)
    over = issue(school, life=timedelta(hours=1))
    school.clock.time += timedelta(hours=2)
    late = issue(school)
    rows: list[Row] = [(taken_back.text, "A-1", 5000, 100), (over.text, "A-2", 5000, 100)]
    assert said(bring(school, *rows)) == [("conflict", "code_expired")] * 2
    foreign = bring(school, (late.text, "B-1", 5000, 100), source=OTHER)
    assert said(foreign) == [("conflict", "code_unknown")]
    assert [order for order, _ in conflicts(school)] == ["A-1", "A-2", "B-1"]


def test_what_a_till_may_honour_is_not_taken_back(school: School) -> None:
    listed = issue(school)
    assert Doors(school).lms.get("/v1/codes/offline").status_code == 200
    later = issue(school, 50)
    with pytest.raises(CodeListed):
        execute(school.database, codes.cancel, CancelCode(school.member, listed.code.code_id))
    execute(school.database, codes.cancel, CancelCode(school.member, later.code.code_id))
    assert said(bring(school, (listed.text, "A-1", 5000, 100))) == [("used", None)]
    assert school.summary().available == Points(900)


def test_a_listed_code_ends_or_its_shop_releases_it(school: School) -> None:
    listed, other = issue(school, life=timedelta(hours=1)), issue(school)
    for _ in range(2):
        execute(school.database, offline.codes_to_take, SOURCE_URI)
    school.clock.forward(hours=2)
    execute(school.database, codes.cancel, CancelCode(school.member, listed.code.code_id))
    release = ReleaseRedemption(school.lms, other.code.redemption_id)
    execute(school.database, service.release, release)
    assert school.summary().available == Points(1000)


def test_the_list_names_no_code_and_only_what_can_be_used(school: School) -> None:
    doors = Doors(school)
    used, left = issue(school), issue(school, 70, products=("course:*", "book"))
    bring(school, (used.text, "A-1", 5000, 100))
    answer = doors.lms.get("/v1/codes/offline")
    assert answer.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    digest = digest_of_code(left.text)
    assert digest is not None
    assert row["digest"] == digest.hex()
    assert (row["discount_minor"], row["currency"], row["order"]) == ("70", "USD", "")
    assert row["products"] == "course:* book"
    assert left.text not in answer.text
    other = doors.machine(OTHER).get("/v1/codes/offline")
    assert list(csv.DictReader(io.StringIO(other.text))) == []
    assert doors.member.get("/v1/codes/offline").status_code == 403


def test_uses_are_brought_back_over_http(school: School) -> None:
    doors = Doors(school)
    code = issue(school)
    body = {"csv": written((code.text, "A-1", 5000, 100), (code.text, "A-2", 5000, 100))}
    answer = doors.post(doors.lms, "/v1/codes/uses", body, key="till-1").json()
    assert (answer["used"], answer["used_before"], answer["conflicts"]) == (1, 0, 1)
    assert answer["data"][1]["code"] == "code_used"
    replayed = doors.post(doors.lms, "/v1/codes/uses", body, key="till-1")
    assert replayed.json() == answer
    assert code.text not in replayed.text
    (kept,) = doors.lms.get("/v1/codes/conflicts").json()["data"]
    assert (kept["order"], kept["code"]) == ("A-2", "code_used")
    assert kept["content"]["given_minor"] == 100
    assert doors.machine(OTHER).get("/v1/codes/conflicts").json()["data"] == []
    assert doors.member.get("/v1/codes/conflicts").status_code == 403
    assert (
        len(doors.person(school.world.first_admin).get("/v1/codes/conflicts").json()["data"]) == 1
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "code,order\n",
        written(("", "A-1", 1, 1)),
        written(("x", "A-1", 1, 1)).replace("T10", " at "),
        written(("x", "A-1", -1, 1)),
        written(("x", "A-1", 1, 1)).replace("course:go", ""),
        written(("x", "A-1", 1, 1), ("x", "A-1", 1, 2)),
        written(("x", "A-1", 1, 1)) + "a,b\n",
        written(*(("x", f"A-{number}", 1, 1) for number in range(201))),
        written(("x", "A-1", 1, 1)) + '"',
    ],
)
def test_a_file_that_is_none_counts_nothing(school: School, text: str) -> None:
    doors = Doors(school)
    _is(doors.post(doors.lms, "/v1/codes/uses", {"csv": text}), 422, "code_uses_unreadable")
    assert conflicts(school) == []
