"""The memorandum over HTTP: what everybody reads, what members do, what outsiders leave."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.audit.acts_store import acts
from api.http.app import create_app
from api.http.principal import optional_principal
from api.i18n.catalogue import refuse_missing
from api.memoranda import consent_digest
from governance.memorandum import drafts, voices
from governance.recount import memorandum as recount
from ledger.kernel.transaction import execute
from tests.integration.pages.conftest import MEMBER_HEADER, ROLES_HEADER, fake_principal
from tests.support.http import client_of
from tests.support.memorandum import Assembly
from tests.support.polls import Device

PATH = "/v1/memorandum"
ALWAYS = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


@pytest.fixture
def app(assembly: Assembly) -> FastAPI:
    app = create_app(assembly.composition, on_missing=refuse_missing)
    app.dependency_overrides[optional_principal] = fake_principal
    return app


def _as(app: FastAPI, member_id: UUID, key: str = "k") -> TestClient:
    headers = {MEMBER_HEADER: str(member_id), ROLES_HEADER: "member", "idempotency-key": key}
    return client_of(app, **headers)


def _shipped() -> dict[str, Any]:
    wording = drafts.founding()
    return {
        "title": wording.title.document(),
        "summary": wording.summary.document(),
        "sections": [each.document() for each in wording.sections],
        "questions": [each.document() for each in wording.questions],
    }


def _in_force(app: FastAPI, assembly: Assembly) -> dict[str, Any]:
    """The shipped draft, published over HTTP by two admins."""
    world = assembly.world
    made = _as(app, world.first_admin, "propose").post(f"{PATH}/versions", json=_shipped())
    assert made.status_code == 201, made.text
    approval = {"approval_digest": made.json()["approval_digest"]}
    path = f"{PATH}/versions/{made.json()['id']}/publish"
    own = _as(app, world.first_admin, "own").post(path, json=approval)
    assert (own.status_code, own.json()["code"]) == (403, "memorandum_needs_another_person")
    done = _as(app, world.second_admin, "publish").post(path, json=approval)
    assert (done.status_code, done.json()["state"]) == (200, "published"), done.text
    found: dict[str, Any] = done.json()
    return found


def _now(assembly: Assembly) -> str:
    return assembly.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")


def test_versions(app: FastAPI, assembly: Assembly) -> None:
    anybody, world = client_of(app), assembly.world
    nothing = anybody.get(PATH).json()
    assert nothing == {"in_force": None, "proposed": [], "register": None, "interested": 0}
    assert anybody.get(f"{PATH}/export").status_code == 404
    refused = _as(app, world.linked["ann"]).post(f"{PATH}/versions", json=_shipped())
    assert (refused.status_code, refused.json()["code"]) == (403, "not_an_admin")
    first = _in_force(app, assembly)
    changed = _shipped()
    changed["sections"][1]["passage"]["en"] = "We promise less."
    second = _as(app, world.second_admin, "two").post(f"{PATH}/versions", json=changed).json()
    told = anybody.get(PATH).json()
    assert told["in_force"]["content"] == drafts.founding_text().hashed().hex()
    assert [each["number"] for each in told["proposed"]] == [2]
    found = anybody.get(f"{PATH}/versions/{second['id']}/differences?since={first['id']}").json()
    assert [each["section"] for each in found["data"] if each["change"] != "same"] == [
        "what-we-promise"
    ]
    closed = _as(app, world.first_admin, "no").post(f"{PATH}/versions/{second['id']}/close")
    assert closed.json()["state"] == "rejected"
    listed = anybody.get(f"{PATH}/versions?limit=1").json()
    assert [each["state"] for each in listed["data"]] == ["rejected"]
    rest = anybody.get(f"{PATH}/versions?limit=1&cursor={listed['next_cursor']}").json()
    assert [each["id"] for each in rest["data"]] == [first["id"]]
    assert anybody.get(f"{PATH}/versions/{first['id']}").json()["signatures"]["standing"] == 0
    with assembly.database.read() as work:
        told_acts = [each.act for each in acts(work, *ALWAYS) if each.act.startswith("memorandum")]
    assert sorted(told_acts) == [
        *["memorandum.decided"] * 2,
        *["memorandum.proposed"] * 2,
    ]


def test_a_member_signs_and_withdraws(app: FastAPI, assembly: Assembly) -> None:
    version, anybody, device = _in_force(app, assembly), client_of(app), Device()
    ann = assembly.world.linked["ann"]
    early = _as(app, ann).get(f"{PATH}/receipt")
    assert (early.status_code, early.json()["code"]) == (409, "memorandum_not_signed")

    def enter(act: str, key: str, **changes: Any) -> Any:
        part = _as(app, ann).post(f"{PATH}/versions/{version['id']}/signer").json()
        said = {
            "act": act,
            "language": "ru",
            "turn": part["next_turn"],
            "signed_at": _now(assembly),
        }
        signed = {**said, **{name: part[name] for name in ("content", "member", "number")}}
        message = recount.canonical({**signed, "register": part["register"]})
        signature = device.sign(b"vklad.memorandum.entry.v1\n" + message).hex()
        by = {"by": "device", "public_key": device.key.hex(), "signature": signature}
        body = {**said, "version": version["id"], "signed": by, **changes}
        return _as(app, ann, key).post(f"{PATH}/entries", json=body)

    wrong = enter("sign", "wrong", language="en")
    assert (wrong.status_code, wrong.json()["code"]) == (422, "bad_memorandum_signature")
    for changes in ({"signed_at": "2026-03-02T09:00:00.5Z"}, {"signed_at": "2026-13-02T09:00:00Z"}):
        assert enter("sign", "bad", **changes).status_code == 422
    signed = enter("sign", "sign")
    assert signed.status_code == 201, signed.text
    recount.check_seal(signed.json()["head"], signed.json()["seal"], None, "it")
    again = enter("sign", "again")
    assert (again.status_code, again.json()["code"]) == (409, "memorandum_signed_already")
    kept = anybody.get(f"{PATH}/head").json()
    assert enter("withdraw", "back").status_code == 201
    listed = anybody.get(f"{PATH}/register?after=1").json()["data"]
    assert [each["act"] for each in listed] == ["withdraw"]
    receipt = recount.parse(_as(app, ann).get(f"{PATH}/receipt").content)
    export = recount.parse(anybody.get(f"{PATH}/export").content)
    said = recount.check_export(export, [receipt], [kept], known=kept["seal"]["key"])
    assert said[-1] == "Your 2 entries are in the register."
    own = anybody.get(f"{PATH}/verifier.py").text
    assert own == Path(recount.__file__).read_text("utf-8")
    message = {"act": "sign", "version": version["id"], "language": "ru", "turn": 3}
    off = _as(app, ann).post(
        f"{PATH}/entry-messages", json={**message, "signed_at": _now(assembly)}
    )
    assert (off.status_code, off.json()["code"]) == (409, "wallet_needed")


def test_outsiders_speak(app: FastAPI, assembly: Assembly) -> None:
    version, anybody, device = _in_force(app, assembly), client_of(app), Device()
    register = anybody.get(PATH).json()["register"]
    consent = consent_digest(assembly.composition.catalogue, "en")

    def say(path: str, statement: dict[str, Any], **body: Any) -> Any:
        said_at = _now(assembly)
        whole = {**statement, "register": register, "said_at": said_at}
        message = b"vklad.memorandum.outsider.v1\n" + recount.canonical(whole)
        by = {"public_key": device.key.hex(), "signature": device.sign(message).hex()}
        return anybody.post(f"{PATH}/outsiders/{path}", json={**by, "said_at": said_at, **body})

    comment = {"name": "Zoe", "said": "<script>alert(1)</script>", "section": "who-we-are"}
    written = say(
        "comments",
        {"act": "comment", "content": version["content"], **comment},
        version=version["id"],
        language="en",
        **comment,
    )
    assert written.status_code == 201, written.text
    (shown,) = anybody.get(f"{PATH}/versions/{version['id']}/comments").json()["data"]
    assert (shown["by"], shown["name"], shown["id"]) == ("outsider", "Zoe", written.json()["id"])
    page = anybody.get("/memorandum").text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    left = {"name": "Zoe", "contact": "zoe@example.org"}
    statement = {"act": "interest", "consent": consent.hex(), **left}
    assert say("interest", statement, language="en", **left).status_code == 201
    other = say("interest", {**statement, "consent": "00" * 32}, language="en", **left)
    assert (other.status_code, other.json()["code"]) == (422, "bad_memorandum_signature")
    answers = {"agree": 1, "come-for": 0}
    said = {"act": "answer", "answers": answers, "version": version["id"]}
    given = say("answers", said, version=version["id"], language="en", answers=answers)
    assert given.status_code == 201, given.text
    told = anybody.get(f"{PATH}/versions/{version['id']}/answers").json()
    assert (told["browsers"], told["questions"][0]["chosen"]) == (1, [0, 1, 0, 0])
    assert anybody.get(PATH).json()["interested"] == 1

    world = assembly.world
    assert anybody.get(f"{PATH}/interests").status_code == 401
    assert _as(app, world.linked["ann"]).get(f"{PATH}/interests").status_code == 403
    (listed,) = _as(app, world.first_admin).get(f"{PATH}/interests").json()["data"]
    assert listed["contact"] == "zoe@example.org"
    name = written.json()["id"]
    hide = _as(app, world.first_admin, "hide").post(
        f"{PATH}/comments/{name}/hide", json={"reason": "Advertising"}
    )
    assert hide.json() == {"hidden": True}
    back = say(f"comments/{name}/withdraw", {"act": "withdraw", "comment": name})
    assert back.json() == {"withdrawn": True}
    gone = _as(app, world.first_admin, "del").post(f"{PATH}/interests/{listed['id']}/delete")
    assert gone.json() == {"deleted": True}
    assert say("forget", {"act": "forget"}).json() == {"deleted": 2}
    ours = _as(app, world.linked["ann"], "c").post(
        f"{PATH}/versions/{version['id']}/comments",
        json={"section": "who-we-are", "language": "en", "said": "Hello"},
    )
    assert ours.status_code == 201
    mine = f"{PATH}/comments/{ours.json()['id']}/withdraw"
    assert _as(app, world.linked["bob"], "x").post(mine).status_code == 404
    assert _as(app, world.linked["ann"], "w").post(mine).json() == {"withdrawn": True}


def test_the_table_of_who_is_interested_holds_no_formula(app: FastAPI, assembly: Assembly) -> None:
    execute(assembly.database, voices.register_interest, assembly.interest("=1+1", "+7 900"))
    admin = str(assembly.world.first_admin)
    page = client_of(app, **{MEMBER_HEADER: admin, ROLES_HEADER: "member,admin"})
    table = page.get("/admin/memorandum/interests.csv").text
    assert table.splitlines()[1].endswith(",en,'=1+1,'+7 900")
