"""The parts of an installation in the order they start: a literal list of stages.

A part is a child process; a step is something done in its place. A stage's parts start together and
are all healthy before the next stage. Stopping goes the other way, one by one. A new part or step
is one entry in ``STAGES``.
"""

from __future__ import annotations

import sys
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from api.chain import deploy_contracts, require_contracts
from api.composition import compose, migrate_installation
from api.demo.filling import fill, welcome
from api.erasing import forget_again
from api.settings import PROJECT_FOLDER, ChainSwitch, Settings, process_environment
from api.supervisor.anvil import CHAIN_SETTING, AnvilNode, embedded_chain_port
from api.supervisor.kept_state import KeptState
from api.supervisor.ports import Place, refuse_taken_port
from api.supervisor.postgres import PostgresServer
from api.supervisor.process import Program
from api.supervisor.state import StateFolder
from api.supervisor.valkey import ValkeyServer
from oracle.contracts import toolchain

_ANSWER_TIMEOUT_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Installation:
    """What parts are made from."""

    settings: Settings
    state: StateFolder


@dataclass(frozen=True, slots=True)
class Runnable:
    """A prepared part: what to run, when it is healthy, what is done then and while it runs."""

    program: Program
    healthy: Callable[[], bool]
    once_healthy: Callable[[], None] = lambda: None
    tend: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class Part:
    """A child process; ``prepare`` is called before each start, so also after it died.

    ``listens``, where it has a port, is looked at before anything is started.
    """

    name: str
    shown: str
    wanted: Callable[[Settings], bool]
    prepare: Callable[[Installation], Runnable]
    timeout_s: float = 60
    listens: Callable[[Installation], Place] | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """Something done once, in its place; it may return a note to show when all is up."""

    name: str
    shown: str
    wanted: Callable[[Settings], bool]
    do: Callable[[Installation], str | None]


def own_process(
    installation: Installation, name: str, *arguments: str, healthy: Callable[[], bool]
) -> Runnable:
    """A process of ours: a subcommand of ``vklad``."""
    state = installation.state
    state.ready(name).unlink(missing_ok=True)
    program = Program(
        name=name,
        argv=(sys.executable, "-m", "api.cli.main", *arguments),
        environment={**process_environment(), "PYTHONUNBUFFERED": "1"},
        directory=PROJECT_FOLDER,
        log_path=state.log(name),
        record_path=state.record(name),
    )
    return Runnable(program, healthy)


def answers(url: str) -> bool:
    """Whether a GET of ``url`` is answered by 2xx."""
    try:
        with urllib.request.urlopen(url, timeout=_ANSWER_TIMEOUT_S):  # noqa: S310 - our own URL
            return True
    except OSError:
        return False


def _postgres(installation: Installation) -> Runnable:
    server = PostgresServer.of(installation.state)
    server.initialise()
    server.forget_dead_server()
    return Runnable(server.program(), server.healthy, server.create_roles)


def _valkey(installation: Installation) -> Runnable:
    server = ValkeyServer.of(installation.state)
    return Runnable(server.program(), server.healthy)


def _chain(installation: Installation) -> Runnable:
    node = AnvilNode.of(installation.state)
    kept = KeptState(node.state_file)
    kept.mend()
    return Runnable(node.program(), node.healthy, node.fund, kept.keep)


def _api(installation: Installation) -> Runnable:
    settings = installation.settings
    refuse_taken_port(_api_place(installation), "api")
    return own_process(
        installation,
        "api",
        "serve",
        healthy=lambda: answers(f"http://127.0.0.1:{settings.port}/healthz"),
    )


def _worker(installation: Installation) -> Runnable:
    ready = installation.state.ready("worker")
    return own_process(installation, "worker", "worker", healthy=ready.exists)


def _scheduler(installation: Installation) -> Runnable:
    ready = installation.state.ready("scheduler")
    return own_process(installation, "scheduler", "scheduler", healthy=ready.exists)


def _watcher(installation: Installation) -> Runnable:
    ready = installation.state.ready("watcher")
    return own_process(installation, "watcher", "watcher", healthy=ready.exists)


def _demo_issuer(installation: Installation) -> Runnable:
    port = installation.settings.demo_issuer_port
    refuse_taken_port(_demo_issuer_place(installation), "demo-issuer")
    return own_process(
        installation,
        "demo-issuer",
        "demo-issuer",
        healthy=lambda: answers(f"http://127.0.0.1:{port}/healthz"),
    )


def _api_place(installation: Installation) -> Place:
    return Place(installation.settings.port, "VKLAD_PORT", installation.settings.host)


def _demo_issuer_place(installation: Installation) -> Place:
    return Place(installation.settings.demo_issuer_port, "VKLAD_DEMO_ISSUER_PORT")


def _chain_place(installation: Installation) -> Place:
    return Place(embedded_chain_port(installation.state), CHAIN_SETTING)


def _migrate(installation: Installation) -> str | None:
    migrate_installation(installation.settings, installation.state)
    return None


def _forget_again(installation: Installation) -> str | None:
    composition = compose(installation.settings)
    try:
        return forget_again(composition.database, composition.state)
    finally:
        composition.close()


def _install_npm_project(_: Installation) -> str | None:
    toolchain.npm_ci()
    return None


def _deploy_contracts(installation: Installation) -> str | None:
    deploy_contracts(installation.settings, installation.state)
    return None


def _find_contracts(installation: Installation) -> str | None:
    return require_contracts(installation.settings, installation.state)


def _first_admin(_: Installation) -> str | None:
    return "For the first admin: `vklad admin link` prints a link that works once."


def _is_no_demo(settings: Settings) -> bool:
    return not settings.demo


def _fill_demo(installation: Installation) -> str | None:
    undone = fill(installation.settings, lambda _: None)
    return "\n".join(filter(None, (undone, welcome(installation.settings))))


def _is_demo(settings: Settings) -> bool:
    return settings.demo and settings.oidc_issuer is None


def _always(_: Settings) -> bool:
    return True


def _chain_is_on(settings: Settings) -> bool:
    return settings.chain is ChainSwitch.ON


def _chain_is_embedded(settings: Settings) -> bool:
    return _chain_is_on(settings) and settings.chain_rpc_url is None


def _chain_is_of_others(settings: Settings) -> bool:
    return _chain_is_on(settings) and settings.chain_rpc_url is not None


def _database_is_embedded(settings: Settings) -> bool:
    return settings.database_url is None


def _broker_is_embedded(settings: Settings) -> bool:
    return settings.broker_url is None


STAGES: Final[tuple[tuple[Part | Step, ...], ...]] = (
    (
        Part("postgres", "database", _database_is_embedded, _postgres),
        Part("valkey", "broker", _broker_is_embedded, _valkey),
    ),
    (
        Step("migrate", "migrations", _always, _migrate),
        Step("npm", "chain tools (npm)", _chain_is_embedded, _install_npm_project),
    ),
    (Step("erasures", "list of erasures", _always, _forget_again),),
    (Part("chain", "chain", _chain_is_embedded, _chain, listens=_chain_place),),
    (
        Step("contracts", "contracts", _chain_is_embedded, _deploy_contracts),
        Step("own-contracts", "contracts", _chain_is_of_others, _find_contracts),
    ),
    (
        Part("api", "API and pages", _always, _api, listens=_api_place),
        Part("worker", "worker", _always, _worker),
        Part("scheduler", "scheduler", _always, _scheduler),
        Part("watcher", "watcher", _chain_is_on, _watcher),
        Part("demo-issuer", "demo sign-in", _is_demo, _demo_issuer, listens=_demo_issuer_place),
    ),
    (
        Step("first-admin", "first admin", _is_no_demo, _first_admin),
        Step("demo", "demo community", _is_demo, _fill_demo),
    ),
)
