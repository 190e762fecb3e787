from __future__ import annotations

from ledger.kernel.canonical import Json
from ledger.lots.waiting import Vesting


def test_an_entry_states_where_the_points_go_if_the_condition_fails() -> None:
    condition: Json = {"attribute": "student", "is": "yes"}
    assert Vesting(condition).stated() == {"condition": condition, "to": "revoked"}
    assert Vesting(condition, to_rewards=True).stated() == {"condition": condition, "to": "rewards"}
