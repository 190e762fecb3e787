"""The doors of projects, stakes and goods: statuses, bodies, keys, and who may do what."""

from __future__ import annotations

import itertools
import re
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from api.auth.sessions import OpenSession, open_session
from api.http.app import create_app
from api.http.principal import CSRF_HEADER, SESSION_COOKIE
from api.i18n.catalogue import refuse_missing
from api.settings import PROJECT_FOLDER
from ledger.kernel.canonical import Json
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import execute
from tests.integration.projects.conftest import Guild
from tests.support.http import ORIGIN, TestParts, client_of


class Doors:
    """One application, and a client for each who knocks."""

    def __init__(self, guild: Guild) -> None:
        guild.people["first"], guild.people["second"] = guild.admins
        self.guild = guild
        self._app = create_app(TestParts(guild.database), on_missing=refuse_missing)
        self._numbers = itertools.count()
        self._known: dict[str, Any] = {}
        self.anybody = client_of(self._app)

    def __getitem__(self, name: str) -> Any:
        if name not in self._known:
            self._known[name] = self._client(self.guild[name])
        return self._known[name]

    def _client(self, member_id: UUID) -> Any:
        opened = execute(self.guild.database, open_session, OpenSession(member_id))
        client = client_of(self._app, **{CSRF_HEADER: opened.session.csrf or "", "Origin": ORIGIN})
        client.cookies.set(SESSION_COOKIE, opened.cookie)
        return client

    def later(self, days: int) -> None:
        """So many days on, when everybody has to sign in anew."""
        self.guild.clock.forward(days=days)
        self._known.clear()

    def post(self, who: str, path: str, body: Json = None, key: str | None = None) -> Response:
        """A keyed POST; a new key each time unless one is given."""
        headers = {"Idempotency-Key": key or f"key-{next(self._numbers)}"}
        found: Response = self[who].post(f"/v1/{path}", json=body, headers=headers)
        return found

    def done(self, who: str, path: str, body: Json = None) -> dict[str, Any]:
        answer = self.post(who, path, body)
        assert answer.status_code in {200, 201}, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def get(self, who: str, path: str) -> dict[str, Any]:
        answer = (self[who] if who else self.anybody).get(f"/v1/{path}")
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
def doors(guild: Guild) -> Doors:
    return Doors(guild)


def _is(answer: Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


PROJECT: Json = {"title": "A garden", "plan": "Dig.", "budget": 300}


def test_a_project_over_http_from_proposal_to_its_rest(doors: Doors, guild: Guild) -> None:
    first = doors.post("anna", "projects", PROJECT, key="one")
    again = doors.post("anna", "projects", PROJECT, key="one")
    assert (first.status_code, first.json()) == (201, again.json())
    project = first.json()
    place, content = f"projects/{project['id']}", {"content": project["content"]}
    _is(doors.post("anna", f"{place}/approve", content), 403, "role_required")
    _is(
        doors.post("first", f"{place}/approve", {"content": "0" * 64}),
        409,
        "project_content_differs",
    )
    assert doors.done("first", f"{place}/approve", content)["state"] == "proposed"
    funded = doors.done("second", f"{place}/approve", content)
    assert (funded["state"], funded["funded_by"]["kind"]) == ("funded", "persons")
    asked: Json = {
        "title": "Beds",
        "text": "Three.",
        "reward": 90,
        "due_at": "2026-04-01T00:00:00Z",
    }
    task = doors.done("anna", f"{place}/tasks", asked)
    _is(
        doors.post("anna", f"{place}/tasks", {"title": "x", "text": "x", "reward": 211}),
        422,
        "project_budget_too_small",
    )
    members = [format_id("mem", guild[name]) for name in ("boris", "daria")]
    shares: Json = {"shares": [{"member": each, "weight": 2 - n} for n, each in enumerate(members)]}
    work = f"tasks/{task['id']}"
    doors.done("anna", f"{work}/assign", shares)
    delivered = doors.done("boris", f"{work}/deliver", {"text": "Look."})
    sent = doors.done("vera", f"{work}/send-back", {"reason": "One is missing."})
    assert sent["state"] == "assigned"
    delivered = doors.done("boris", f"{work}/deliver", {"text": "Look again."})
    accepted = {"content": delivered["delivery"]}
    _is(doors.post("boris", f"{work}/accept", accepted), 403, "role_required")
    assert doors.done("vera", f"{work}/accept", accepted)["state"] == "accepted"
    spare = doors.done("anna", f"{place}/tasks", {"title": "Spare", "text": "x", "reward": 10})
    withdrawn = doors.done("anna", f"tasks/{spare['id']}/withdraw", {"reason": "Not needed."})
    assert withdrawn["state"] == "withdrawn"
    shown = doors.get("", place)
    assert (shown["paid"], shown["promised"], shown["left"]) == (90, 0, 210)
    paid = shown["tasks"][0]["payments"]
    assert [(each["member"], each["points"]) for each in paid] == [
        *((member, points) for member, points in zip(members, (60, 30), strict=True))
    ]
    assert doors.done("anna", f"{place}/close", {"reason": "Done."})["state"] == "closed"
    assert doors.get("", "projects?state=closed")["data"][0]["id"] == project["id"]
    assert doors.get("", "projects?state=funded")["data"] == []
    acts = [each["act"] for each in doors.get("", place)["history"]]
    assert acts[0] == "closed"
    assert acts[-1] == "proposed"
    assert guild.findings() == ()


def test_proposals_end_over_http(doors: Doors) -> None:
    for who, end, state in (("anna", "withdraw", "withdrawn"), ("first", "refuse", "refused")):
        project = doors.done("anna", "projects", PROJECT)
        _is(
            doors.post("boris", f"projects/{project['id']}/withdraw", {"reason": "x"}),
            403,
            "not_the_projects_lead",
        )
        ended = doors.done(who, f"projects/{project['id']}/{end}", {"reason": "Not now."})
        assert ended["state"] == state
    missing = doors.anybody.get(f"/v1/projects/{format_id('prj', UUID(int=9))}")
    _is(missing, 404, "unknown_project")


def test_the_ranking_is_public_and_names_nobody(doors: Doors, guild: Guild) -> None:
    guild.give("boris", 100)
    project = doors.done("anna", "projects", PROJECT)
    stake = doors.done("boris", "stakes", {"project": project["id"], "points": 40})
    doors.later(days=7)
    (mine,) = doors.get("boris", "stakes")["data"]
    assert (mine["id"], mine["weight"], mine["live"]) == (stake["id"], 20, 40)
    shown = doors.get("", "stakes/ranking")
    assert shown["data"] == [{"project": project["id"], "weight": 20, "points": 40, "stakes": 1}]
    assert shown["formula"]["half_life_days"] == 7
    (row,) = shown["stakes"]
    assert set(row) == {"id", "project", "placed_at", "parts"}
    assert (
        datetime.fromisoformat(shown["at"]) - datetime.fromisoformat(row["placed_at"])
    ).days == 7
    release = f"stakes/{stake['id']}/release"
    _is(doors.post("daria", release), 404, "unknown_stake")
    for _ in range(2):
        assert doors.done("boris", release)["state"] == "released"
    assert doors.get("boris", "balances")["available"] == 100
    _is(
        doors.post("boris", "stakes", {"project": project["id"], "points": 101}),
        422,
        "insufficient_points",
    )


CUP: Json = {
    "name": {"en": "A cup", "ru": "Кружка"},
    "text": {"en": "White.", "ru": "Белая."},
    "price": 60,
}


def test_goods_over_http(doors: Doors, guild: Guild) -> None:
    guild.give("boris", 200)
    assert isinstance(CUP, dict)
    _is(doors.post("boris", "goods", CUP | {"stock": 2}), 403, "role_required")
    cup = doors.done("first", "goods", CUP | {"stock": 2})
    assert doors.get("", "goods")["data"] == [cup]
    asked: dict[str, Json] = {"good": cup["id"], "price": 60, "quantity": 2, "note": "Tuesday"}
    order = doors.done("boris", "goods-orders", asked)
    assert (order["state"], order["points"], order["note"]) == ("ordered", 120, "Tuesday")
    _is(doors.post("boris", "goods-orders", asked), 409, "out_of_stock")
    _is(doors.post("boris", "goods-orders", asked | {"price": 50}), 409, "good_price_differs")
    place = f"goods-orders/{order['id']}"
    _is(doors.post("boris", f"{place}/fulfil"), 403, "role_required")
    assert doors.done("first", f"{place}/fulfil")["state"] == "fulfilled"
    assert doors.done("first", f"{place}/refund")["state"] == "refunded"
    other = doors.done("boris", "goods-orders", asked)
    assert doors.done("boris", f"goods-orders/{other['id']}/cancel")["state"] == "cancelled"
    assert [each["id"] for each in doors.get("boris", "goods-orders")["data"]] == [
        other["id"],
        order["id"],
    ]
    assert doors.get("first", "goods-orders/all?state=refunded")["data"][0]["id"] == order["id"]
    assert doors.get("boris", place)["state"] == "refunded"
    assert doors["daria"].get(f"/v1/{place}").status_code == 404
    assert doors.done("first", f"goods/{cup['id']}/stock", {"change": 5})["stock"] == 7
    changed = doors.done("first", f"goods/{cup['id']}/terms", CUP | {"offered": False})
    assert changed["offered"] is False
    assert doors.get("", "goods")["data"] == []
    assert doors.get("first", "goods/all")["data"][0]["stock"] == 7
    _is(doors.post("boris", "goods-orders", asked), 409, "good_not_offered")
    assert guild.findings() == ()


def test_the_documented_recount_is_right(doors: Doors, guild: Guild) -> None:
    text = (PROJECT_FOLDER / "docs" / "governance.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    known: dict[str, Any] = {}
    exec(code, known)  # noqa: S102 - the document's own lines
    projects = [doors.done(name, "projects", PROJECT)["id"] for name in ("anna", "gleb")]
    for number, name in enumerate(("boris", "daria", "gleb", "anna")):
        guild.give(name, 300 + number, days=20 + 20 * number)
        guild.give(name, 100, days=None)
        doors.done(name, "stakes", {"project": projects[number % 2], "points": 350 + number})
        doors.later(days=3 * number)
    for days in (0, 1, 5, 30, 100):
        doors.later(days=days)
        told = doors.get("", "stakes/ranking")
        stated = {each["project"]: each["weight"] for each in told["data"]}
        assert known["ranking"](told) == stated
        assert len(stated) == 2
