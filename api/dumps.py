"""A dump of the database, restored aside for a while, so that it can be looked at as if live.

Taken with `pg_dump -Fc`. Plain dumps are scripts for psql, which may run programs; those of the
custom format are restored by a role that owns nothing but the temporary database.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from api.supervisor.postgres import DATABASE, MIGRATOR, UNSAFE_BUT_QUICK, PostgresServer
from api.supervisor.process import start, wait_healthy
from api.supervisor.state import StateFolder
from ledger.kernel.errors import ErrorKind, VkladError
from ledger.kernel.transaction import Database, connect

RESTORE_TIMEOUT_S: Final = 3_600
_CUSTOM: Final = b"PGDMP"


class DumpUnreadable(VkladError):
    """A file that is no dump of ours, or that cannot be restored."""

    code = "dump_unreadable"
    kind = ErrorKind.INVALID


@contextmanager
def restored(dump: Path) -> Iterator[Database]:
    """The dump's database on a server of its own, gone with it when the block ends.

    Raises:
        DumpUnreadable: not of the custom format, or pg_restore refuses it.
    """
    with dump.open("rb") as file:
        if file.read(len(_CUSTOM)) != _CUSTOM:
            raise DumpUnreadable(f"{dump} is no dump made by: pg_dump -Fc", file=str(dump))
    with tempfile.TemporaryDirectory(prefix="vklad-dump-") as folder:
        state = StateFolder(Path(folder))
        state.prepare()
        server = PostgresServer.of(state)
        server.initialise()
        process = start(server.program(**UNSAFE_BUT_QUICK))
        try:
            wait_healthy(process, server.healthy, 60)
            server.create_roles()
            _restore(server, dump)
            database = connect(server.url(MIGRATOR), pool_size=1)
            try:
                yield database
            finally:
                database.engine.dispose()
        finally:
            process.stop()
            server.remove()


def _restore(server: PostgresServer, dump: Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own argument list, no shell
        [
            str(server.binaries / "pg_restore"),
            *("--no-owner", "--no-privileges", "--exit-on-error", "--dbname", DATABASE),
            *("--host", str(server.socket_folder), "--username", MIGRATOR, str(dump.resolve())),
        ],
        env={"PGPASSWORD": server.password(MIGRATOR), "LC_ALL": "C", "TZ": "UTC"},
        capture_output=True,
        text=True,
        timeout=RESTORE_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        raise DumpUnreadable(
            f"{dump} cannot be restored: {done.stderr.strip()[-500:]}", file=str(dump)
        )
