"""Random lives of a community, lived in the real database, against the judge.

Whenever scoring is done, what is in the database is what the naive scorer says of the events so
far; at the end the ledger verifies, and a second database that learns all at once agrees.
"""

from __future__ import annotations

import json
from functools import partial

from hypothesis import event as note
from hypothesis import given, settings
from starlette.testclient import TestClient

from api.cli.ledger import CHECKS
from api.http.app import create_app
from api.i18n.catalogue import refuse_missing
from api.supervisor.postgres import PostgresServer
from ledger.verify.service import verify
from tests.integration.scoring.community import Community, fresh
from tests.integration.scoring.random_histories import (
    CLOSES,
    ENDLESS,
    MEMBER_OF,
    VERSIONS,
    Activate,
    Close,
    Life,
    Link,
    Score,
    State,
    at,
    lives,
)
from tests.scoring_cases import DAILY, Event
from tests.support.credentials import issue_key
from tests.support.http import TestParts, client_of
from tests.world import SOURCE_URI

TEXTS = {"daily": DAILY, "weekly": ENDLESS}


def live(community: Community, life: Life) -> None:
    """Every step, and the judge after each scoring."""
    for step in life.steps:
        match step:
            case State(event):
                community.state([event])
            case Link(identity):
                community.link(identity)
            case Close(day):
                community.close(day)
            case Activate(text, day, mode):
                community.activate(VERSIONS[text], at(day), mode)
            case Score():
                community.world.score()
                community.check()


def end(community: Community) -> None:
    """Close what is over, score, and let the whole ledger prove itself."""
    community.close(CLOSES[-1])
    community.world.score()
    community.check()
    report = verify(community.world.database, CHECKS)
    assert report.findings == ()


@settings(max_examples=12)
@given(life=lives())
def test_lived_step_by_step_or_learnt_at_once_it_is_what_the_judge_says(
    postgres_server: PostgresServer, template_database: str, life: Life
) -> None:
    make = partial(fresh, postgres_server, template_database)
    with make() as one, make() as other:
        gradual = Community(one, TEXTS[life.programme], MEMBER_OF)
        live(gradual, life)
        end(gradual)
        at_once = Community(other, TEXTS[life.programme], MEMBER_OF)
        for identity in MEMBER_OF:
            at_once.link(identity)
        at_once.state(life.events)
        at_once.follow(gradual)
        end(at_once)
        note(f"{life.programme}: {'awards' if at_once.awards() else 'nothing earned'}")
        assert gradual.awards() == at_once.awards()


def post(client: TestClient, event: Event) -> int:
    headers = {"Content-Type": "application/cloudevents+json"}
    return int(client.post("/v1/events", content=json.dumps(event), headers=headers).status_code)


@settings(max_examples=4)
@given(life=lives())
def test_stated_over_http_it_is_what_the_judge_says(
    postgres_server: PostgresServer, template_database: str, life: Life
) -> None:
    with fresh(postgres_server, template_database) as database:
        community = Community(database, TEXTS[life.programme], MEMBER_OF)
        community.clock.time = at(CLOSES[-1])
        timed = community.world.database
        admins = (community.world.first_admin, community.world.second_admin)
        key = issue_key(timed, admins, SOURCE_URI, "events:write")
        app = create_app(TestParts(timed), on_missing=refuse_missing)
        client = client_of(app, authorization=f"Bearer {key.text}")
        try:
            for step in life.steps:
                match step:
                    case State(event):
                        assert post(client, event) in {202, 409}
                        community.heard.append(event)
                    case Link(identity):
                        community.link(identity)
                    case Activate(text, day, mode):
                        community.activate(VERSIONS[text], at(day), mode)
                    case Score():
                        community.world.score()
                        community.check()
        finally:
            app.state.intake.close()
        end(community)
