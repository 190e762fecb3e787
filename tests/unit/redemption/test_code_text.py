"""What a code looks like, and what is forgiven when one is typed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.redemption.code_text import code_of, digest_of_code

CODE = code_of("a secret of 256 bits")


def test_a_code_has_eighty_bits_in_four_groups() -> None:
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}", CODE)
    assert code_of("a secret of 256 bits") == CODE
    assert len({code_of(str(number)) for number in range(1000)}) == 1000


@given(st.text(max_size=20))
def test_what_is_typed_is_forgiven(secret: str) -> None:
    code = code_of(secret)
    kept = digest_of_code(code)
    assert kept is not None
    assert len(kept) == 32
    for typed in (
        code.lower(),
        code.replace("-", ""),
        code.replace("-", " "),
        code.replace("0", "o").replace("1", "l"),
        code.replace("0", "O").replace("1", "I"),
    ):
        assert digest_of_code(typed) == kept


@pytest.mark.parametrize("typed", ["", "0" * 15, "0" * 17, "U" * 16, "0" * 65, "é" * 16])
def test_what_cannot_be_a_code_has_no_digest(typed: str) -> None:
    assert digest_of_code(typed) is None
