"""``http_single_vs_empty`` and ``http_batch_vs_empty``: events over HTTP against an empty POST.

One API process over an embedded PostgreSQL with fsync and synchronous_commit on; rounds of ours and
of both peers (``http_server``) alternate, and each group begins with another one. The rows are held
against the ordinary empty route; beside them, for information, the same against the plain one.
Afterwards the rows are counted and the ledger must verify.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import sqlalchemy as sa
from http_client import BATCH, MEMBERS
from http_server import ORDINARY_PATH, PLAIN_PATH
from rows import Pair, Row
from server import BenchServer, faults_afterwards, running_server

from api.auth.keys import CreateKey, create_key
from api.settings import process_environment
from api.supervisor.anvil import free_port
from api.supervisor.process import Program, start, wait_healthy
from api.webhooks.secret_box import FernetBox
from ledger.events.credentials import service as credentials
from ledger.events.credentials.model import ApproveCredential
from ledger.events.model import Authority
from ledger.events.sources import service as sources
from ledger.events.sources.model import AddSecret, DecideSource, ProposeSource, SourceSpec
from ledger.events.tables import events
from ledger.kernel.transaction import Database, Work, execute
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.model import CreateMember, IdentityKey, LinkIdentity, Role

GROUPS: Final = 7
ROUND_S: Final = 2.0
SINGLE_CONNECTIONS: Final = 512
BATCH_CONNECTIONS: Final = 64
SECRET: Final = "of the bench: 0123456789abcdef0123456789"  # noqa: S105 - of a throw-away server
WEBHOOK_SECRET: Final = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqrTwjU"  # noqa: S105
URI: Final = "https://lms.example/events"
ISSUER: Final = "https://lms.example"
_PER_SECOND_MAX: Final = {"single": 12_000, "batch": 800}
_PATHS: Final = {
    "single": "/v1/webhooks/lms",
    "batch": "/v1/events",
    "ordinary": ORDINARY_PATH,
    "plain": PLAIN_PATH,
}
_SUFFIXES: Final = {"ordinary": "", "plain": "_plain"}
_AGAINST: Final = {
    "ordinary": "POST/s of an empty def route under FastAPI, tried first of all such routes",
    "plain": "POST/s of an empty plain route right behind the doors for events",
}

Say = Callable[[str], None]
Group = dict[str, Pair]
"""Ours against each peer, all measured right after each other."""


@dataclass
class Bench:
    """A running server, a running client, and what was accepted."""

    database: Database
    client: subprocess.Popen[str]
    key: str
    accepted: int = 0
    rounds: int = 0
    faults: list[str] = field(default_factory=list)

    def measure(self, kind: str, connections: int) -> float:
        """Answers of status 202 a second, over one round; other answers are faults."""
        self.rounds += 1
        asked = {
            "kind": kind,
            "path": _PATHS[kind],
            "name": f"round-{self.rounds}",
            "uri": URI,
            "secret": WEBHOOK_SECRET,
            "key": self.key,
            "seconds": ROUND_S,
            "connections": connections,
            "count": int(_PER_SECOND_MAX.get(kind, 60_000) * ROUND_S),
        }
        assert self.client.stdin is not None
        assert self.client.stdout is not None
        self.client.stdin.write(json.dumps(asked) + "\n")
        self.client.stdin.flush()
        answer: dict[str, Any] = json.loads(self.client.stdout.readline())
        statuses = {int(status): count for status, count in answer["statuses"].items()}
        good = statuses.pop(202, 0)
        if statuses:
            self.faults.append(f"{kind}: answers other than 202: {statuses}")
        if good == answer["made"]:
            self.faults.append(f"{kind}: the client ran out of requests")
        self.accepted += good * {"single": 1, "batch": BATCH}.get(kind, 0)
        return good / float(answer["took_s"])

    def compare(self, kind: str, connections: int, per_answer: int, say: Say) -> list[Group]:
        """Groups of alternating rounds; ``per_answer`` events are in one answer of ours."""
        found = []
        for number in range(GROUPS + 1):
            kinds = [kind, *_AGAINST]
            first = number % len(kinds)
            order = kinds[first:] + kinds[:first]
            figures = {each: self.measure(each, connections) for each in order}
            ours = figures.pop(kind) * per_answer
            group = {peer: Pair(ours, theirs) for peer, theirs in figures.items()}
            ratios = (f"{one.theirs:,.0f} {peer} = {one.ratio:.2f}" for peer, one in group.items())
            say(f"  {kind} {number}: {ours:,.0f} / " + ", ".join(ratios))
            found.append(group)
        return found[1:]  # The first warms up.


def http_rows(say: Say) -> list[Row]:
    """Both rows, each against the peer it is held against and, for information, the other one."""
    with ExitStack() as stack:
        bench = stack.enter_context(_running(say))
        for peer, against in _AGAINST.items():
            say(f"peer {peer}: {against}; the same process and layers, as many connections")
        single = bench.compare("single", SINGLE_CONNECTIONS, 1, say)
        single_faults = _taken(bench.faults)
        batch = bench.compare("batch", BATCH_CONNECTIONS, BATCH, say)
        batch_faults = _taken(bench.faults)
        after = _faults_afterwards(bench, say)
    return [
        *_rows("http_single_vs_empty", 0.5, single, single_faults + after),
        *_rows("http_batch_vs_empty", 4.0, batch, batch_faults + after),
    ]


def _rows(name: str, reach: float, groups: list[Group], faults: list[str]) -> Iterator[Row]:
    for peer, against in _AGAINST.items():
        pairs = [group[peer] for group in groups]
        asked = reach if peer == "ordinary" else None
        yield Row(name + _SUFFIXES[peer], "events/s", against, asked, pairs, faults)


def _taken(faults: list[str]) -> list[str]:
    taken = list(faults)
    faults.clear()
    return taken


def _faults_afterwards(bench: Bench, say: Say) -> list[str]:
    faults = []
    with bench.database.engine.connect() as connection:
        stored = connection.execute(sa.select(sa.func.count()).select_from(events)).scalar_one()
        if stored != bench.accepted:
            faults.append(f"{bench.accepted} events were answered with 202, {stored} are stored")
    say(f"{stored:,} events stored, as many as were accepted")
    return faults + faults_afterwards(bench.database, say)


@contextmanager
def _running(say: Say) -> Iterator[Bench]:
    with running_server(say) as server, ExitStack() as stack:
        key = _populate(server.database)
        port = free_port()
        say("starting one API process and the client …")
        _start_api(stack, server, port)
        client = _start_client(stack, port)
        yield Bench(server.database, client, key)


def _start_api(stack: ExitStack, server: BenchServer, port: int) -> None:
    environment = process_environment() | {
        "VKLAD_DATABASE_URL": server.url.replace("+psycopg", ""),
        "VKLAD_STATE_FOLDER": str(server.state.path),
        "VKLAD_SECRET": SECRET,
        "VKLAD_PORT": str(port),
        "VKLAD_API_PROCESSES": "1",
        "VKLAD_CHAIN": "off",
        "PYTHONPATH": str(Path(__file__).parents[3]),
    }
    script = Path(__file__).parent / "http_server.py"
    program = Program(
        name="api",
        argv=(sys.executable, str(script)),
        environment=environment,
        directory=script.parent,
        log_path=server.state.log("api"),
        record_path=server.state.record("api"),
    )
    process = start(program)
    stack.callback(process.stop)

    def healthy() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    wait_healthy(process, healthy, 60)


def _start_client(stack: ExitStack, port: int) -> subprocess.Popen[str]:
    script = Path(__file__).parent / "http_client.py"
    environment = process_environment() | {"PYTHONPATH": str(Path(__file__).parents[3])}
    client = subprocess.Popen(
        [sys.executable, str(script), str(port)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    stack.callback(client.wait, 30)
    stack.callback(client.terminate)
    return client


def _populate(database: Database) -> str:
    """Two admins, a source they agreed on, its members; the source's key."""
    first, second = (
        execute(database, members.create_member, CreateMember()).member_id for _ in range(2)
    )

    def promote(work: Work, _: None) -> None:
        members.make_first_admin(work, first)
        members_store.insert_role(work, second, Role.ADMIN, None)
        members_store.grant_role(work, second, Role.ADMIN, None)

    execute(database, promote, None)
    spec = SourceSpec(
        name="lms",
        uri=URI,
        profile="standard_webhooks",
        authority=Authority(types=("lms.*",), issuers={"lms": ISSUER}),
        hourly_budget=10_000_000,
    )
    change = execute(database, sources.propose_source, ProposeSource(spec, first))
    execute(
        database,
        sources.approve_source,
        DecideSource(change.change_id, change.content_digest, second),
    )

    def finish(work: Work, _: None) -> str:
        secret = AddSecret("lms", WEBHOOK_SECRET, first)
        made = sources.propose_secret(work, secret, box=FernetBox(SECRET.encode()))
        for number in range(MEMBERS):
            key = IdentityKey("lms", ISSUER, str(number))
            reference = members.references_of(work, [key])[key]
            member_id = members.create_member(work, CreateMember()).member_id
            members.link_identity(work, LinkIdentity(member_id, reference, "bench"))
        key = CreateKey("bench", frozenset({"events:write"}), URI, created_by=first)
        created = create_key(work, key)
        assert created.credential is not None, "a source's key waits for a second person"
        for one in (made, created.credential):
            yes = ApproveCredential(one.credential_id, one.content_digest, second)
            credentials.approve(work, yes)
        return created.text

    return execute(database, finish, None)
