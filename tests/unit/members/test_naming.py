"""Who is named by `provider:subject`."""

from __future__ import annotations

import pytest

from ledger.members.model import BadIdentity, IdentityKey
from ledger.members.naming import read_identity

ISSUERS = {"lms": "https://lms.example"}


def test_a_provider_is_read_under_its_issuer_and_a_subject_keeps_its_colons() -> None:
    assert read_identity("lms:10:42", ISSUERS) == IdentityKey("lms", ISSUERS["lms"], "10:42")
    anyone = {"*": "https://other.example", **ISSUERS}
    assert read_identity("forum:7", anyone).issuer == "https://other.example"
    assert read_identity("lms:7", anyone).issuer == ISSUERS["lms"]


@pytest.mark.parametrize(
    "text", ["", "lms", "lms:", ":7", "forum:7", "LMS:7", "*:7", "lms:a\nb", f"lms:{'x' * 2000}"]
)
def test_what_names_nobody(text: str) -> None:
    with pytest.raises(BadIdentity):
        read_identity(text, {**ISSUERS, "LMS": "https://lms.example"})


@pytest.mark.parametrize(("text", "part"), [("lms", "provider"), ("lms:", "subject")])
def test_it_is_told_which_part_is_missing(text: str, part: str) -> None:
    with pytest.raises(BadIdentity) as refused:
        read_identity(text, ISSUERS)
    assert refused.value.part == part
