"""Calls are read back as they were written, and nothing else is."""

from __future__ import annotations

import pytest

from oracle.bindings import mandates, points_bridge, vkl_governor, vkl_token
from oracle.bindings.points_bridge import Limits
from oracle.contracts.abi import Address
from oracle.contracts.calls import Argument, ReadCall, read_call

SOMEBODY = Address("0x00000000000000000000000000000000000000AA")


def test_a_call_with_its_arguments() -> None:
    call = mandates.spend(b"treasury".ljust(32, b"\0"), 900, b"\x07" * 32)
    assert read_call("Mandates", call.calldata) == ReadCall(
        "spend",
        (
            Argument("pool", "bytes32", b"treasury".ljust(32, b"\0")),
            Argument("points", "uint64", 900),
            Argument("order", "bytes32", b"\x07" * 32),
        ),
    )


def test_a_struct_is_a_tuple() -> None:
    call = read_call("PointsBridge", points_bridge.set_limits(Limits(1, 2, 3)).calldata)
    assert call is not None
    assert (call.function, call["present"]) == ("setLimits", (1, 2, 3))
    assert call.arguments[0].kind == "(uint64,uint64,uint64)"


def test_functions_of_one_name_are_told_apart_and_a_getter_needs_nothing() -> None:
    call = vkl_token.transfer(SOMEBODY, 5).calldata
    found = read_call("VklToken", call)
    assert found is not None
    assert (found["to"], found["value"]) == (SOMEBODY, 5)
    assert read_call("VklGovernor", vkl_governor.voting_delay().calldata) == ReadCall(
        "votingDelay", ()
    )


@pytest.mark.parametrize(
    "calldata",
    [
        b"",
        b"\x01\x02\x03",
        b"\xff" * 36,
        mandates.spend(bytes(32), 1, bytes(32)).calldata[:-1],
        mandates.spend(bytes(32), 1, bytes(32)).calldata + b"\x00",
        mandates.spend(bytes(32), 1, bytes(32)).calldata[:4] + b"\xff" * 96,
    ],
)
def test_what_is_no_call_of_it(calldata: bytes) -> None:
    assert read_call("Mandates", calldata) is None


def test_a_call_of_another_contract() -> None:
    assert read_call("Anchors", mandates.spend(bytes(32), 1, bytes(32)).calldata) is None
