"""A file of balances is read to the last point, or refused; nothing lies between."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from ledger.grants.imports.errors import BadImport
from ledger.grants.imports.rows import parse_file
from ledger.kernel.units import Points, sum_points

TODAY = date(2026, 3, 2)
AMOUNTS = st.lists(st.integers(1, 10_000_000), min_size=1, max_size=50)


@given(
    AMOUNTS,
    st.sampled_from([",", ";"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig"]),
)
def test_the_sum_is_the_sum_of_the_lines(
    amounts: list[int], delimiter: str, end: str, encoding: str
) -> None:
    rows = [["points", "reference", "provider", "issuer", "subject"]]
    rows += [[str(each), str(n), "lms", "i", str(n % 7)] for n, each in enumerate(amounts)]
    text = "".join(delimiter.join(row) + end for row in rows)
    lines = parse_file(text.encode(encoding), TODAY)
    assert sum_points(line.points for line in lines) == Points(sum(amounts))
    assert [line.number for line in lines] == list(range(2, len(amounts) + 2))


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_with_faults(content: bytes) -> None:
    for attempt in (content, b"provider,issuer,subject,points,reason\n" + content):
        told = _told(attempt)
        assert told is None or (told and all(told))


def _told(content: bytes) -> list[str] | None:
    """What is wrong with a file; nothing if it was read."""
    try:
        parse_file(content, TODAY)
    except BadImport as refused:
        return [fault.text("ru") for fault in refused.faults]
    return None


@given(st.text(max_size=40))
def test_any_cell_is_kept_as_it_is_or_refused(cell: str) -> None:
    quoted = cell.replace('"', '""')
    text = f'provider,issuer,subject,points,reason\nlms,i,1,5,"{quoted}"\n'
    try:
        (line,) = parse_file(text.encode("utf-8", "surrogatepass"), TODAY)
    except BadImport:
        return
    assert line.reason == cell.strip()
    assert not line.reason.startswith(("=", "+", "-", "@"))
    assert line.reason.isprintable()
