"""Addresses of hooks, and when a delivery is tried again."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from api.outgoing.model import ATTEMPTS_MAX, Heard, HookInvalid, check_url, wait_after
from api.outgoing.sending import is_public

ONE = UUID(int=1)


@pytest.mark.parametrize(
    "url", ["https://crm.example/in?key=1", "https://crm.example:8443", "https://[2001:db8::1]/x"]
)
def test_what_is_an_address(url: str) -> None:
    assert check_url(url, allows_private=False) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://crm.example/",
        "ftp://crm.example/",
        "https:///x",
        "https://anna:secret@crm.example/",
        "https://crm.example/#here",
        "https://crm.example/a b",
        "https://crm.example:99999/",
        "https://[broken",
        f"https://crm.example/{'x' * 500}",
        "",
    ],
)
def test_what_is_none(url: str) -> None:
    with pytest.raises(HookInvalid):
        check_url(url, allows_private=False)


def test_plain_http_is_for_private_networks() -> None:
    assert check_url("http://crm.local/", allows_private=True) == "http://crm.local/"


def test_attempts_end_after_three_days_and_never_come_sooner() -> None:
    waits = [wait_after(ONE, attempt) for attempt in range(1, ATTEMPTS_MAX)]
    assert waits[0] is not None
    assert timedelta(seconds=5) <= waits[0] <= timedelta(seconds=6)
    assert waits[8] is not None
    assert timedelta(hours=12) <= waits[8] <= timedelta(hours=14.4)
    together = sum((wait for wait in waits if wait), timedelta())
    assert timedelta(days=2, hours=18) < together < timedelta(days=3, hours=15)
    assert wait_after(ONE, ATTEMPTS_MAX) is None
    assert wait_after(ONE, ATTEMPTS_MAX + 1) is None


def test_what_failed_together_is_not_tried_together() -> None:
    assert len({wait_after(UUID(int=each), 6) for each in range(20)}) > 1


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:4700::1111"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1"),
        *("0.0.0.0", "224.0.0.1", "::1", "fd00::1", "fe80::1", "::ffff:127.0.0.1"),  # noqa: S104 - refused
        "2002:7f00:1::",
    ],
)
def test_private_addresses_however_they_are_written(address: str) -> None:
    assert not is_public(address)


def test_what_was_heard() -> None:
    assert Heard(204).is_delivered
    assert not Heard(302).is_delivered
    assert not Heard(failure="timeout").is_delivered
    assert Heard(410).is_gone
