"""What is due happens in the order of its own time, whatever the lots are called."""

from __future__ import annotations

import pytest

from ledger.journal.model import EntryKind
from ledger.kernel.units import Points
from ledger.lots.due import apply_due
from ledger.lots.model import Position, Stage
from ledger.lots.sheet import grant, open_sheet
from tests.support.lots import ANNA, AT, DAY, a_lot


@pytest.mark.parametrize("name", ["a", "b", "c", "d", "e", "f"])
def test_what_activates_first_pays_the_debt_first(name: str) -> None:
    sheet = open_sheet(Position(ANNA, (), Points(15)))
    grant(sheet, a_lot(f"short {name}", 10, days=2, wait=1))
    grant(sheet, a_lot(f"long {name}", 10, days=None, wait=5))
    apply_due(sheet, AT + 10 * DAY)
    assert sheet.debt == Points(0)
    assert sheet.total(Stage.AVAILABLE) == Points(5)
    moments = [entry.effective_at for entry in sheet.entries[2:]]
    assert moments == sorted(moments)


def test_of_what_is_due_at_one_instant_activations_come_first() -> None:
    sheet = open_sheet(Position(ANNA, (), Points(0)))
    grant(sheet, a_lot("old", 10, days=2))
    grant(sheet, a_lot("new", 10, days=9, wait=2))
    apply_due(sheet, AT + 2 * DAY)
    kinds = [entry.kind for entry in sheet.entries[2:]]
    assert kinds == [EntryKind.ACTIVATION, EntryKind.EXPIRY]
