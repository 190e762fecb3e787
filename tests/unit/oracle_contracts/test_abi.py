from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle.bindings import points_bridge, vkl_governor
from oracle.contracts.abi import (
    MalformedAddress,
    UndecodableAnswer,
    address,
    decode,
    encode,
)

CHECKSUMMED = "0x5FbDB2315678afecb367f032d93F642f64180aa3"


@dataclass(frozen=True)
class MadeUpLog:
    topics: tuple[bytes, ...]
    payload: bytes


def test_addresses_come_in_three_spellings() -> None:
    assert address(CHECKSUMMED) == CHECKSUMMED
    assert address(CHECKSUMMED.lower()) == CHECKSUMMED
    assert address("0x" + CHECKSUMMED[2:].upper()) == CHECKSUMMED


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0x",
        CHECKSUMMED[:-1],
        CHECKSUMMED + "0",
        CHECKSUMMED[2:],
        CHECKSUMMED.replace("F", "f", 1),
        "0x" + "g" * 40,
        "0x" + " f" * 20,
        "0X" + CHECKSUMMED[2:],
    ],
)
def test_what_is_not_an_address_is_refused(text: str) -> None:
    with pytest.raises(MalformedAddress):
        address(text)


@given(
    number=st.integers(0, 2**64 - 1),
    who=st.binary(min_size=20, max_size=20),
    items=st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=40)), max_size=3),
)
def test_values_come_back_as_they_went(
    number: int, who: bytes, items: list[tuple[int, bytes]]
) -> None:
    kinds = ("uint64", "address", "(uint8,bytes)[]", "(address,(bool,string))")
    account = address(f"0x{who.hex()}")
    values = (number, account, tuple(items), (account, (True, "ё")))
    assert decode(kinds, encode(kinds, values)) == values


def test_other_bytes_are_refused() -> None:
    with pytest.raises(UndecodableAnswer):
        decode(("uint256",), b"\1\2")
    with pytest.raises(UndecodableAnswer):
        decode(("address",), b"\xff" * 32)
    with pytest.raises(UndecodableAnswer):
        decode(("string",), encode(("bytes",), (b"\xff\xfe",)))


def test_an_event_is_decoded_in_declared_order() -> None:
    holder = address(CHECKSUMMED)
    log = MadeUpLog(
        topics=(
            points_bridge.Redeemed.TOPIC,
            (9).to_bytes(32, "big"),
            encode(("address",), (holder,)),
            b"\7" * 32,
        ),
        payload=encode(("uint256",), (5 * 10**18,)),
    )
    assert points_bridge.Redeemed.of(log) == points_bridge.Redeemed(
        sequence=9, holder=holder, amount=5 * 10**18, credit_reference=b"\7" * 32
    )
    with pytest.raises(UndecodableAnswer, match="2 indexed values"):
        points_bridge.Redeemed.of(MadeUpLog(log.topics[:3], log.payload))


def test_structs_and_arrays_have_names() -> None:
    limits = points_bridge.Limits(1, 2, 3)
    call = points_bridge.set_limits(limits)
    assert decode(("(uint64,uint64,uint64)",), call.calldata[4:]) == ((1, 2, 3),)
    assert points_bridge.limits().decode_answer(call.calldata[4:]) == limits
    tally = encode(("uint256", "uint256", "uint256"), (1, 2, 3))
    assert vkl_governor.proposal_votes(4).decode_answer(tally) == (1, 2, 3)


def test_errors_are_found_by_selector() -> None:
    known = points_bridge.BucketTooEmptyError
    reverted = known.SELECTOR + encode(("uint64", "uint64"), (7, 3))
    assert points_bridge.ERRORS[reverted[:4]].of(reverted) == known(7, 3)
    assert points_bridge.EVENTS[points_bridge.Paused.TOPIC] is points_bridge.Paused
