"""The embedded PostgreSQL: who may reach it, what survives, and where it goes under root."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import psycopg
import pytest

from api.supervisor import postgres as pg
from api.supervisor.process import start, wait_healthy
from api.supervisor.state import StateFolder


@pytest.fixture
def folder() -> Iterator[Path]:
    """Other users may pass through it."""
    path = Path(tempfile.mkdtemp(prefix="vklad-test-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


@contextmanager
def running(server: pg.PostgresServer) -> Iterator[psutil.Process]:
    process = start(server.program())
    try:
        wait_healthy(process, server.healthy, 60)
        yield psutil.Process(process.pid)
    finally:
        process.stop()


def _connect(server: pg.PostgresServer, role: str, password: str | None = None) -> None:
    url = server.url(role).replace("+psycopg", "")
    with psycopg.connect(url, password=password or server.state.secret(f"postgres.{role}")):
        pass


def test_it_is_reached_by_socket_and_password_alone_and_writes_to_disk(folder: Path) -> None:
    state = StateFolder(folder / "state")
    state.prepare()
    server = pg.PostgresServer.of(state)
    assert server.initialise()
    assert not server.initialise()
    with running(server) as process:
        server.create_roles()
        server.create_roles()
        assert process.net_connections("inet") == []
        assert server.socket_folder.stat().st_mode & 0o777 == 0o700
        assert server.data_folder.stat().st_mode & 0o777 == 0o700
        assert process.uids().effective != 0
        for role in (pg.MIGRATOR, pg.APPLICATION, pg.WATCHER):
            _connect(server, role)
            with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
                _connect(server, role, "guess")
        with psycopg.connect(server.url(pg.APPLICATION).replace("+psycopg", "")) as connection:
            for setting in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
                shown = connection.execute(f"SHOW {setting}".encode()).fetchone()
                assert shown == ("on",), setting


def test_a_lock_file_is_removed_only_if_nobody_works_there(folder: Path) -> None:
    state = StateFolder(folder / "state")
    state.prepare()
    server = pg.PostgresServer.of(state)
    server.initialise()
    lock_file = server.data_folder / "postmaster.pid"
    server.forget_dead_server()
    with running(server):
        server.forget_dead_server()
        assert lock_file.exists()
    lock_file.write_text("1\n")
    server.forget_dead_server()
    assert not lock_file.exists()


def test_under_root_a_closed_checkout_has_its_data_in_the_systems_folder(folder: Path) -> None:
    state = StateFolder(folder / "state")
    state.prepare()
    folder.chmod(0o700)
    server = pg.PostgresServer.of(state)
    assert pg.PostgresServer.of(state) == server
    home = server.data_folder.parent
    if os.geteuid() != 0:
        assert (home, server.account) == (state.path, None)
        return
    assert home.is_relative_to("/var/lib/vklad")
    try:
        server.initialise()
        with running(server) as process:
            assert process.username() == "nobody"
    finally:
        shutil.rmtree(home)
