"""Arrays byte for byte, as ``array_send`` of PostgreSQL writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from ledger.kernel import packed

Y2K = datetime(2000, 1, 1, tzinfo=UTC)
_ONE_DIMENSION, _MAY_BE_NULL, _FROM_ONE = "00000001", "00000001", "00000001"
_NULL = "ffffffff"


def array(element: int, count: int, *parts: str) -> str:
    return "".join((_ONE_DIMENSION, _MAY_BE_NULL, f"{element:08x}{count:08x}", _FROM_ONE, *parts))


def test_whole_numbers() -> None:
    assert packed.int8s([]).packed.hex() == array(20, 0)
    made = packed.int8s([1, -1, 2])
    width = "00000008"
    numbers = (f"{1:016x}", "f" * 16, f"{2:016x}")
    assert made.packed.hex() == array(20, 3, *(width + number for number in numbers))
    assert packed.int2s([7]).packed.hex() == array(21, 1, "00000002", "0007")


def test_texts_and_bytes() -> None:
    made = packed.texts(["ab", ""])
    assert made.packed.hex() == array(25, 2, "00000002", "6162", "00000000")
    assert packed.byteas([b"\xff"]).packed.hex() == array(17, 1, "00000001", "ff")


def test_ids_and_moments_that_may_be_missing() -> None:
    made = packed.uuids([UUID(int=5), None])
    assert made.packed.hex() == array(2950, 2, "00000010", f"{5:032x}", _NULL)
    made = packed.moments([Y2K + timedelta(microseconds=256), None, Y2K - timedelta(seconds=1)])
    later, earlier = f"{256:016x}", f"{2**64 - 10**6:016x}"
    assert made.packed.hex() == array(1184, 3, "00000008", later, _NULL, "00000008", earlier)
