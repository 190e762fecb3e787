from __future__ import annotations

import pytest

from ledger.members.model import (
    DISPLAY_NAME_LENGTH_MAX,
    ISSUER_LENGTH_MAX,
    SUBJECT_LENGTH_MAX,
    BadDisplayName,
    BadIdentity,
    IdentityKey,
    check_display_name,
    check_key,
)

LONGEST = IdentityKey("p" * 32, "i" * ISSUER_LENGTH_MAX, "s" * SUBJECT_LENGTH_MAX)


@pytest.mark.parametrize("key", [LONGEST, IdentityKey("p", "i", "s")])
def test_an_identity_is_so_long_at_most(key: IdentityKey) -> None:
    assert check_key(key) == key


@pytest.mark.parametrize("part", ["provider", "issuer", "subject"])
@pytest.mark.parametrize("text", ["", "a\nb", None])
def test_a_part_of_an_identity_that_cannot_be(part: str, text: str | None) -> None:
    longer = f"{getattr(LONGEST, part)}x"
    with pytest.raises(BadIdentity) as refused:
        check_key(LONGEST._replace(**{part: longer if text is None else text}))
    assert refused.value.part == part


@pytest.mark.parametrize("name", [None, "A", "Анна Ё", "x" * DISPLAY_NAME_LENGTH_MAX])
def test_a_name_that_can_be_shown(name: str | None) -> None:
    assert check_display_name(name) == name


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * (DISPLAY_NAME_LENGTH_MAX + 1)])
def test_a_name_that_cannot_be_shown(name: str) -> None:
    with pytest.raises(BadDisplayName):
        check_display_name(name)
