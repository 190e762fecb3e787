"""What docs/integrating.md shows of a source fits together; its code is run in `integrating`."""

from __future__ import annotations

from datetime import UTC, datetime

import yaml

from api.linting.linting import lint
from ledger.events.catalogue import may_assert
from ledger.events.model import Source
from ledger.events.sources.model import read_spec
from ledger.kernel.ids import RandomIds
from ledger.redemption.offers import ORDER_SIGNED
from tests.support.pages import page

PAGE = page("integrating.md")
NOW = datetime(2026, 3, 2, 9, 1, tzinfo=UTC)


def test_the_shown_source_may_state_the_shown_event_and_sign_orders() -> None:
    spec = read_spec(yaml.safe_load(PAGE.files["lms.yaml"]))
    source = Source(
        RandomIds().new(NOW), spec.uri, spec.name, spec.profile, spec.state, spec.authority
    )
    assert lint(PAGE.files["event.json"].encode(), NOW, source).faults == []
    assert lint(PAGE.files["wrong.json"].encode(), NOW, source).wrong == 1
    assert may_assert(ORDER_SIGNED, spec.authority)
