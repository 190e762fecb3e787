"""The auditor's export over HTTP: for the role that may read, and for nobody below it."""

from __future__ import annotations

from pathlib import Path

from fastapi import FastAPI

from ledger.journal import service as journal
from ledger.kernel.transaction import Database, execute
from ledger.log.verifier import verify
from tests.integration.log.test_log import emission
from tests.integration.pages.conftest import Reader
from tests.support.http import client_of


def test_an_auditor_takes_a_period_home(
    app: FastAPI, database: Database, olga: Reader, maria: Reader, tmp_path: Path
) -> None:
    execute(database, journal.post, [emission(number) for number in range(5)])
    year = database.clock.now().year
    path = f"/v1/audit/export?period={year}"
    assert client_of(app, **maria._who("en")).get(path).status_code == 403
    client = client_of(app, **olga._who("en"))
    answer = client.get(path)
    assert answer.headers["content-type"] == "application/zip"
    assert f"vklad-audit-{year}.zip" in answer.headers["content-disposition"]
    (tmp_path / "export.zip").write_bytes(answer.content)
    assert "  journal.jsonl: 5 rows" in verify(tmp_path / "export.zip", [], [], None)
    refused = client.get("/v1/audit/export?period=march")
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_period")
