"""Making deliveries: one attempt at a time for each hook, outside of every transaction.

    claim (commit) ──▶ POST ──▶ write down what was heard (commit)
       ▲   └─ died here: the lease ends, and it is sent again under the same id
       └── after 5 s, 30 s, 2 min … three days; then the hook is paused

Redirects are not followed. The host is resolved once, refused if any of its addresses is within
a private network, and connected to at the very address that was looked at.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import urlsplit
from uuid import UUID

import httpx

from api.outgoing import store
from api.outgoing.model import LEASE, Attempt, Heard, HookState, wait_after
from api.webhooks.standard_webhooks import sign
from ledger.kernel.transaction import Database, Work, execute

TIMEOUT_S: Final = 10.0
ATTEMPTS_A_RUN_MAX: Final = 200
_FAILURE_LENGTH_MAX: Final = 200
_PORTS: Final = {"https": 443, "http": 80}


class Post(Protocol):
    """Outgoing HTTP, as far as deliveries need it."""

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> Heard:
        """Post once; never raises for what the other side does."""
        ...


class Box(Protocol):
    """Opens secrets that are sealed at rest."""

    def unseal(self, sealed: bytes) -> str:
        """The secret."""
        ...


@dataclass(frozen=True, slots=True)
class HttpPost:
    """``Post`` over httpx; a connection per call, which keeps nothing of one hook for another."""

    allows_private: bool

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> Heard:
        """See :class:`Post`."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        try:
            address = self._address(host, parts.port or _PORTS[parts.scheme])
        except OSError:
            return Heard(failure="unresolved")
        if address is None:
            return Heard(failure="private_address")
        target = httpx.URL(url).copy_with(host=address)
        named = {"Host": parts.netloc, **headers}
        try:
            with (
                httpx.Client(timeout=TIMEOUT_S, trust_env=False, follow_redirects=False) as client,
                client.stream(
                    "POST", target, content=body, headers=named, extensions={"sni_hostname": host}
                ) as answer,
            ):
                return Heard(status=answer.status_code)
        except httpx.TimeoutException:
            return Heard(failure="timeout")
        except httpx.HTTPError as error:
            return Heard(failure=type(error).__name__[:_FAILURE_LENGTH_MAX])

    def _address(self, host: str, port: int) -> str | None:
        """The address to connect to; ``None`` where one of the host's is not to be reached."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = [str(place[0]).partition("%")[0] for *_, place in found]
        if not self.allows_private and not all(map(is_public, addresses)):
            return None
        return addresses[0]


def is_public(address: str) -> bool:
    """Whether an address belongs to the public network, whatever it is written within."""
    read = ipaddress.ip_address(address)
    if isinstance(read, ipaddress.IPv6Address):
        inner = read.ipv4_mapped or read.sixtofour
        if inner is not None:
            read = inner
    return read.is_global and not read.is_multicast


@dataclass(frozen=True, slots=True)
class Sender:
    """Makes deliveries of one installation."""

    database: Database
    box: Box
    post: Post

    def deliver_due(self) -> int:
        """Try what is due, hook by hook; how many attempts. A failure ends the hook's turn."""
        with self.database.read() as work:
            live = [hook.hook_id for hook in store.hooks(work) if hook.state is HookState.LIVE]
        return sum(self._deliver_to(hook_id) for hook_id in live)

    def _deliver_to(self, hook_id: UUID) -> int:
        for tried in range(ATTEMPTS_A_RUN_MAX):
            attempt = execute(self.database, _claim, hook_id)
            if attempt is None:
                return tried
            heard = self._try(attempt)
            execute(self.database, _note, (hook_id, attempt, heard))
            if not heard.is_delivered:
                return tried + 1
        return ATTEMPTS_A_RUN_MAX

    def _try(self, attempt: Attempt) -> Heard:
        body = attempt.body.encode()
        at = int(self.database.clock.now().timestamp())
        secret = self.box.unseal(attempt.sealed)
        headers = {
            "content-type": "application/json",
            "webhook-id": attempt.message_id,
            "webhook-timestamp": str(at),
            "webhook-signature": sign(secret, attempt.message_id, at, body),
        }
        return self.post(attempt.url, body, headers)


def _claim(work: Work, hook_id: UUID) -> Attempt | None:
    return store.claim(work, hook_id, work.now + LEASE)


def _note(work: Work, told: tuple[UUID, Attempt, Heard]) -> None:
    hook_id, attempt, heard = told
    wait = wait_after(attempt.delivery_id, attempt.number)
    gives_up = wait is None or heard.is_gone
    store.heard(work, attempt, heard, None if wait is None or gives_up else work.now + wait)
    if gives_up and not heard.is_delivered:
        store.set_state(work, hook_id, HookState.LIVE, HookState.PAUSED)
