"""What is taken home: an auditor's export, and the proof of an entry."""

from __future__ import annotations

import re
from pathlib import Path

from fastapi import FastAPI

from ledger.journal import service as journal
from ledger.kernel.transaction import Database, execute
from ledger.log import service as log
from ledger.log.verifier import verify
from tests.integration.log.test_log import clawback
from tests.integration.pages.conftest import Reader
from tests.support.bridge import World
from tests.support.http import client_of
from tests.support.log import MemorySigner


def test_an_auditor_takes_a_period_home(
    app: FastAPI, database: Database, olga: Reader, maria: Reader, tmp_path: Path
) -> None:
    execute(database, journal.post, [clawback(number) for number in range(5)])
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


def test_each_entry_of_the_history_has_its_proof(
    bridged: FastAPI, world: World, tmp_path: Path
) -> None:
    reader = Reader(bridged, world.member(200), "member")
    log.publish(world.database, MemorySigner())
    page = reader.get("/history")
    assert "A file by which anybody can check" in page.text
    (path,) = re.findall(r'href="(/v1/log/proofs/ent_\w+)" download', page.text)
    (tmp_path / "proof.json").write_bytes(reader.get(path).content)
    assert verify(tmp_path / "proof.json", [], [], None)
    assert "доказательство" in reader.words("/history", "ru")
