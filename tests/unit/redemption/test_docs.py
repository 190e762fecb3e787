"""The code in docs/redemption.md does what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ledger.kernel.errors import VkladError
from ledger.purchases import errors as purchase_errors
from ledger.redemption import errors, tokens
from ledger.redemption.orders import ORDER_TOKEN_TYPE, read_order
from tests.unit.redemption.conftest import NOW, SOURCE

TEXT = (Path(__file__).parents[3] / "docs" / "redemption.md").read_text(encoding="utf-8")


def test_the_order_in_the_documentation_is_one() -> None:
    block = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)[0]
    names: dict[str, Any] = {
        "now": int(NOW.timestamp()),
        "secret": "a secret of the learning system",
    }
    exec(block, names)  # noqa: S102 - our own documentation
    opened = tokens.open_token(names["order"], token_type=ORDER_TOKEN_TYPE)
    assert opened.key_id == "lms"
    claims = tokens.verify(opened, [b"a secret of the learning system"])
    order = read_order(claims, source=SOURCE, at=NOW)
    assert (order.gross_minor, order.net_minor) == (5000, 4200)


def test_every_code_that_a_caller_meets_is_documented() -> None:
    modules = (errors, purchase_errors)
    classes = [
        each for module in modules for each in vars(module).values() if isinstance(each, type)
    ]
    codes = {each.code for each in classes if issubclass(each, VkladError)} - {VkladError.code}
    inside = {"redemption_terms_malformed", "redemption_not_found", "purchase_not_found"}
    assert {code for code in codes - inside if f"`{code}`" not in TEXT} == set()
