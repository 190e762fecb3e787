"""Whatever moves points has a name and a reason to be told, in both languages."""

from __future__ import annotations

import pytest

from api.archive.service import ALONE, FIELDS, SECTIONS
from api.i18n.catalogue import load_catalogue
from ledger.journal.model import EntryKind
from ledger.lots.model import HoldPurpose
from ledger.referral.model import ReferralState

CATALOGUE = load_catalogue()
KEYS = (
    *(f"statement.why.{kind.value}" for kind in EntryKind),
    *(f"member.history.kind.{kind.value}" for kind in EntryKind),
    *(f"statement.purpose.{purpose.value}" for purpose in HoldPurpose),
    *(f"archive.section.{name}" for name in (*ALONE, *SECTIONS)),
    *(f"archive.field.{name}" for name in FIELDS),
    *(f"invite.state.{state.value}" for state in ReferralState),
)


@pytest.mark.parametrize("language", CATALOGUE.languages)
def test_every_kind_is_told(language: str) -> None:
    missing = [key for key in KEYS if key not in CATALOGUE.messages[language]]  # type: ignore[index]
    assert missing == []
