"""`vklad doctor`: what is wrong with this machine, and what to do about it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import psutil
import typer
from rich.console import Console
from rich.markup import escape

from api.composition import broker_url, chain_rpc_urls, database_url
from api.erasing import LIST_NAME, remembered
from api.settings import PROJECT_FOLDER, ChainSwitch, Settings, load_settings
from api.supervisor.errors import PartFailed, PortTaken
from api.supervisor.lock import holder
from api.supervisor.ports import Place, refuse_taken_port
from api.supervisor.postgres import PostgresServer
from api.supervisor.process import recorded
from api.supervisor.state import StateFolder
from api.supervisor.valkey import server_binary
from api.tasks.app import reach_broker
from ledger.kernel.errors import VkladError
from ledger.kernel.transaction import Database, connect, ping
from oracle.chain.web3_adapter import Web3Chain
from oracle.contracts import toolchain

PYTHON_MIN: Final = (3, 11)
DISK_FREE_MIN: Final = 2 * 1024**3
MEMORY_FREE_MIN: Final = 1536 * 1024**2
CHAIN_TIMEOUT_S: Final = 3.0
CHROMIUM_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: fine, or what is wrong and what to do."""

    subject: str
    said: str
    remedy: str | None = None
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at."""

    settings: Settings
    state: StateFolder
    up: str | None
    """The process that keeps everything up, if it is."""


def doctor(
    *,
    show_settings: Annotated[
        bool, typer.Option("--settings", help="List every setting and stop.")
    ] = False,
) -> None:
    """Say what is wrong with this machine and what to do; exit status 1 if `up` would fail."""
    console = Console()
    if show_settings:
        for name, field in Settings.model_fields.items():
            console.print(f"[bold]VKLAD_{name.upper()}[/]  {escape(field.description or '')}")
        return
    settings = load_settings()
    state = StateFolder(settings.state_folder)
    patient = Patient(settings, state, holder(state))
    findings = [finding for check in CHECKS for finding in check(patient)]
    for finding in findings:
        mark = "[green]✓[/]" if finding.remedy is None else "[red]✗[/]"
        if finding.remedy is not None and not finding.needed:
            mark = "[yellow]![/]"
        console.print(f"{mark} {finding.subject}: {escape(finding.said)}", highlight=False)
        if finding.remedy is not None:
            console.print(f"    {escape(finding.remedy)}", highlight=False)
    if any(finding.remedy is not None and finding.needed for finding in findings):
        raise typer.Exit(1)


def check_python(_: Patient) -> Iterator[Finding]:
    """Its version."""
    remedy = None
    if sys.version_info < PYTHON_MIN:
        remedy = "Install Python 3.11 or newer, remove .venv and run scripts/up again."
    yield Finding("Python", sys.version.split()[0], remedy)


def check_disk_and_memory(patient: Patient) -> Iterator[Finding]:
    """Room for the database and for the processes."""
    place = _existing(patient.state.path)
    free = shutil.disk_usage(place).free
    remedy = f"Free some space, or name another place by VKLAD_STATE_FOLDER (now {place})."
    yield Finding("disk", f"{_gib(free)} free at {place}", remedy if free < DISK_FREE_MIN else None)
    memory = psutil.virtual_memory().available
    remedy = "Close other programs; VKLAD_WORKER_PROCESSES=1 needs less."
    enough = patient.up is not None or memory >= MEMORY_FREE_MIN
    yield Finding("memory", f"{_gib(memory)} available", None if enough else remedy)


def check_folders(patient: Patient) -> Iterator[Finding]:
    """Whether state and temporary files can be written."""
    for subject, folder in (
        ("state folder", _existing(patient.state.path)),
        ("temporary folder", Path(tempfile.gettempdir())),
    ):
        good = os.access(folder, os.W_OK | os.X_OK)
        remedy = f"Make {folder} writable for user {os.geteuid()}, or choose another one."
        yield Finding(subject, str(folder), None if good else remedy)


def check_node(patient: Patient) -> Iterator[Finding]:
    """Node and the npm project, for installations with an embedded chain."""
    if patient.settings.chain is ChainSwitch.OFF:
        yield Finding("chain", "off; Node is not needed")
        return
    try:
        yield Finding("Node", str(toolchain.node_binary()))
    except VkladError as error:
        yield Finding("Node", error.message, "Install it, or set VKLAD_CHAIN=off.")
    if not toolchain.is_installed():
        yield Finding("chain tools", "not installed yet; `vklad up` does that")


def check_chromium(_: Patient) -> Iterator[Finding]:
    """A browser, for the browser tests alone."""
    found = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    remedy = "Only the browser tests need it. On Debian: apt-get install chromium."
    yield Finding("Chromium", found or "none", None if found else remedy, needed=False)


def check_ports(patient: Patient) -> Iterator[Finding]:
    """Whether what we listen on is free."""
    settings = patient.settings
    if patient.up is not None:
        yield Finding("ports", f"in use by Vklad itself (process {patient.up})")
        return
    wanted = [("API", Place(settings.port, "VKLAD_PORT", settings.host))]
    if settings.demo:
        wanted.append(("demo issuer", Place(settings.demo_issuer_port, "VKLAD_DEMO_ISSUER_PORT")))
    for part, place in wanted:
        try:
            refuse_taken_port(place, part)
            yield Finding(f"port {place.port}", f"free for the {part}")
        except PortTaken as error:
            yield Finding(f"port {place.port}", "taken", error.message)
        except PartFailed as error:
            yield Finding(f"port {place.port}", "cannot be listened on", error.message)


def check_leftovers(patient: Patient) -> Iterator[Finding]:
    """Processes of a run that was killed."""
    if patient.up is not None:
        return
    for name, record in patient.state.records().items():
        known = recorded(record)
        if known is not None:
            yield Finding(
                f"left behind: {name}",
                f"process {known.pid} of an earlier run",
                f"The next `vklad up` stops it; or: kill {known.pid}",
                needed=False,
            )


def check_parts(patient: Patient) -> Iterator[Finding]:
    """Whether database, broker and chain answer; embedded ones only while we are up."""
    settings, state = patient.settings, patient.state
    if settings.database_url is not None or patient.up is not None:
        database = connect(database_url(settings, state), pool_size=1)
        found = _tried("database", lambda: ping(database), "VKLAD_DATABASE_URL")
        yield found
        if found.remedy is None:
            yield from _erasures(database, state)
        database.engine.dispose()
    else:
        yield _tried("database", lambda: PostgresServer.of(state), "VKLAD_DATABASE_URL")
    if settings.broker_url is not None or patient.up is not None:
        url = broker_url(settings, state)
        yield _tried("broker", lambda: reach_broker(url), "VKLAD_BROKER_URL")
    else:
        yield _tried("broker", server_binary, "VKLAD_BROKER_URL")
    if settings.chain_rpc_url is not None or patient.up is not None:
        for url in chain_rpc_urls(settings, state):
            yield _chain(url)


CHECKS: Final[tuple[Callable[[Patient], Iterator[Finding]], ...]] = (
    check_python,
    check_disk_and_memory,
    check_folders,
    check_node,
    check_chromium,
    check_ports,
    check_leftovers,
    check_parts,
)


def _erasures(database: Database, state: StateFolder) -> Iterator[Finding]:
    left = len(remembered(database, state))
    if left:
        path = state.path / LIST_NAME
        said = f"{left} members on {path} are known to this database: a backup was restored"
        remedy = f"The next start forgets them; or: vklad members reapply-erasures {path}"
        yield Finding("erasures", said, remedy, needed=False)


def _chain(url: str) -> Finding:
    """What answers there, asked as those ask who work with it."""
    try:
        known = Web3Chain(url, timeout_s=CHAIN_TIMEOUT_S).chain_id()
    except VkladError as silent:
        remedy = "Start it, or correct VKLAD_CHAIN_RPC_URL, or set VKLAD_CHAIN=off."
        return Finding("chain", f"does not answer: {silent.message}", remedy)
    return Finding("chain", f"chain {known} answers")


def _tried(subject: str, attempt: Callable[[], object], setting: str) -> Finding:
    try:
        attempt()
    except (VkladError, OSError) as error:
        return Finding(subject, str(error), f"Start it, or correct {setting}.")
    return Finding(subject, "fine")


def _existing(path: Path) -> Path:
    return next(place for place in (path, *path.parents, PROJECT_FOLDER) if place.exists())


def _gib(size: int) -> str:
    return f"{size / 1024**3:.1f} GiB"
