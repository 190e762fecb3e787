"""An origin is taken as browsers write it, and in no second spelling."""

from __future__ import annotations

import pytest

from ledger.events.origins.model import OriginInvalid, read_origin


@pytest.mark.parametrize(
    "text",
    [
        "https://lms.example",
        "https://lms.example:8443",
        "https://xn--80ak6aa92e.example",
        "https://a",
        "http://localhost",
        "http://localhost:8123",
        "http://127.0.0.1:1",
        "https://lms.example:65535",
    ],
)
def test_what_is_an_origin(text: str) -> None:
    assert read_origin(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "*",
        "https://*",
        "https://*.example",
        "https:",
        "lms.example",
        "null",
        "https://lms.example/",
        "https://lms.example/path",
        "https://LMS.example",
        "https://lms.example:443",
        "http://localhost:80",
        "https://lms.example:0",
        "https://lms.example:08443",
        "https://lms.example:65536",
        "https://lms.example:",
        "https://user@lms.example",
        "https://lms.example.",
        "https://-lms.example",
        "https://lms..example",
        "https://lms.example; script-src *",
        "https://lms.example https://other.example",
        "https://lms.example\n",
        "https://лмс.example",
        "http://lms.example",
        "http://127.0.0.1.example",
        "ftp://lms.example",
        f"https://{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 63}",
    ],
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(OriginInvalid):
        read_origin(text)
