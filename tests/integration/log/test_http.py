"""`/v1/log` for everybody: heads, proofs, consistency, keys, and the program that checks them."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from api.http.app import create_app
from api.i18n.catalogue import refuse_missing
from ledger.journal import service as journal
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Database, execute
from ledger.log import service, verifier
from ledger.log.verifier import check_proof, parse
from tests.integration.log.test_log import clawback
from tests.support.http import TestClient, TestParts, client_of
from tests.support.log import MemorySigner


@pytest.fixture
def signer() -> MemorySigner:
    return MemorySigner()


@pytest.fixture
def client(database: Database) -> Iterator[TestClient]:
    with client_of(create_app(TestParts(database), on_missing=refuse_missing)) as client:
        yield client


def test_heads_proofs_and_paths_are_for_everybody(
    client: TestClient, database: Database, signer: MemorySigner
) -> None:
    assert client.get("/v1/log/head").status_code == 404
    execute(database, journal.post, [clawback(n) for n in range(5)])
    entry = format_id("ent", clawback(2).entry_id)
    assert client.get(f"/v1/log/proofs/{entry}").status_code == 503
    service.publish(database, signer)
    old = client.get(f"/v1/log/proofs/{entry}")
    assert old.headers["content-disposition"] == f'attachment; filename="vklad-proof-{entry}.json"'
    first = parse(client.get("/v1/log/head").content)
    assert check_proof(parse(old.content), [first], [], signer.key.hex())
    execute(database, journal.post, [clawback(n) for n in range(5, 60)])
    service.publish(database, signer)
    newer = parse(client.get("/v1/log/head?since=5").content)
    assert check_proof(parse(old.content), [newer], [])
    path = parse(client.get("/v1/log/consistency?first=5&second=60").content)
    assert check_proof(parse(old.content), [{**newer, "consistency": []}], [path])
    late = parse(client.get(f"/v1/log/proofs/{entry}?since=5").content)
    assert check_proof(late, [first], [])
    page = client.get("/v1/log/heads?limit=1").json()
    assert page["data"][0]["tree_size"] == 60
    rest = client.get(f"/v1/log/heads?limit=1&cursor={page['next_cursor']}").json()
    assert rest["data"][0]["tree_size"] == 5
    assert client.get("/v1/log/keys").json()["data"][0]["key"] == signer.key.hex()


def test_what_is_not_there_is_said(
    client: TestClient, database: Database, signer: MemorySigner
) -> None:
    execute(database, journal.post, [clawback(1)])
    service.publish(database, signer)
    assert client.get(f"/v1/log/proofs/{format_id('ent', UUID(int=3))}").status_code == 404
    assert client.get("/v1/log/proofs/nothing").status_code == 404
    for sizes in ("first=1&second=1", "first=1&second=9", "first=0&second=1", "first=1"):
        assert client.get(f"/v1/log/consistency?{sizes}").status_code == 422
    assert client.get("/v1/log/head?since=9").status_code == 422


def test_the_verifier_is_given_as_it_is_run(client: TestClient) -> None:
    answer = client.get("/v1/log/verifier.py")
    with open(verifier.__file__, encoding="utf-8") as file:  # noqa: PTH123 - as a reader would
        assert answer.text == file.read()


def test_one_address_cannot_ask_without_end(client: TestClient) -> None:
    statuses = {client.get("/v1/log/keys").status_code for _ in range(400)}
    assert statuses == {200, 429}
