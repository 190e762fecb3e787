"""Dumps of a test's database, and looking for words in them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from api.supervisor.postgres import MIGRATOR, PostgresServer


def dump(server: PostgresServer, database: str, to: Path, form: str = "custom") -> Path:
    """As an operator takes one."""
    _run(server, "pg_dump", f"--format={form}", "--file", str(to), database)
    return to


def restore(server: PostgresServer, backup: Path, database: str) -> None:
    """Into an empty database, rights included."""
    server.create_database(database)
    _run(server, "pg_restore", "--exit-on-error", "--dbname", database, str(backup))


def tables_with(plain: Path, words: Iterable[str]) -> dict[str, set[str]]:
    """In which tables of a plain dump each word stands, in any case, be it part of another."""
    found: dict[str, set[str]] = {word: set() for word in words}
    table = "elsewhere"
    for line in plain.read_text("utf-8").splitlines():
        begun = re.match(r"COPY public\.(\w+) ", line)
        if begun:
            table = begun[1]
        for word, where in found.items():
            if word.lower() in line.lower():
                where.add(table)
        if line == "\\.":
            table = "elsewhere"
    return found


def _run(server: PostgresServer, binary: str, *arguments: str) -> None:
    subprocess.run(
        [
            str(server.binaries / binary),
            *("--host", str(server.socket_folder), "--username", MIGRATOR, *arguments),
        ],
        env={"PGPASSWORD": server.password(MIGRATOR), "PATH": os.defpath},
        check=True,
        capture_output=True,
        timeout=120,
    )
