"""A machine reads figures and stages with a key that is for this, and with no other."""

from __future__ import annotations

from api import funnel
from api.auth.keys import CreateKey, create_key
from api.http.app import create_app
from api.i18n.catalogue import refuse_missing
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database, execute
from tests.support.http import TestParts, client_of
from tests.world import World

PATHS = ("/v1/funnel", "/v1/funnel.csv", "/v1/funnel/events")


def test_a_key_of_its_own_scope(database: Database) -> None:
    anna = World.make(database).link("anna")
    execute(database, funnel.refresh, None)
    app = create_app(TestParts(database), on_missing=refuse_missing)
    for scope, status in (("funnel:read", 200), ("journal:read", 403)):
        key = execute(database, create_key, CreateKey("crm", frozenset({scope})))
        machine = client_of(app, authorization=f"Bearer {key.text}")
        answers = {path: machine.get(path) for path in PATHS}
        assert {each.status_code for each in answers.values()} == {status}
        if status == 200:
            (told,) = answers["/v1/funnel/events"].json()["data"]
            assert (told["member"], told["stage"]) == (format_id("mem", anna), "sign_up")
            assert answers["/v1/funnel"].json()["everybody"]["steps"][1]["reached"] == 1
