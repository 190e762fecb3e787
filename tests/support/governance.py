"""Three voters and a small holder on a real chain, and every periodic job of the votes."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from eth_account.messages import encode_typed_data
from eth_account.signers.local import LocalAccount
from fastapi import FastAPI, Request

from api.auth.model import Principal, PrincipalKind
from api.bridging import GOVERNANCE_HANDLERS, chain_parts
from api.composition import Composition
from api.http.app import create_app
from api.http.principal import optional_principal
from api.i18n.catalogue import load_catalogue
from api.settings import ChainSwitch, Settings
from api.supervisor.state import StateFolder
from api.tasks import governance
from governance.ballots.service import INTENTS_TOPIC
from governance.contracts import GovernanceContracts
from governance.power.service import read_token
from governance.proposals import reading
from governance.proposals import service as proposals
from governance.proposals.drafts import ProgrammeChange, Wording, programme_draft
from governance.proposals.model import description_hash
from governance.proposals.service import SubmitProposal
from ledger.kernel import outbox
from ledger.kernel.transaction import Database, execute
from ledger.members import service as members
from ledger.members.model import CreateMember
from ledger.programme import store as programmes_store
from ledger.wallets import service as wallets
from oracle.bindings import vkl_governor
from oracle.chain.port import BlockTag, Receipt
from oracle.contracts.abi import Address, FunctionCall, address
from oracle.deployment.model import Deployment
from oracle.deployment.service import record_path, write_record
from oracle.indexer import service as indexer
from oracle.indexer.model import FinalityPolicy
from oracle.sender import service as sender
from oracle.sender.model import SenderPolicy, SenderRole
from tests.support.chain_nodes import (
    FIRST_MEMBER,
    ChainNode,
    funded_account,
    service_signer,
    transact,
)
from tests.support.http import ORIGIN, SECRET, client_of
from tests.support.previewing import previewed

MEMBER_HEADER = "x-test-member"
SENDING_ROLES = (SenderRole.POSTER, SenderRole.RELAYER)
SENDER_POLICY = SenderPolicy(stuck_after=timedelta(seconds=30))
TOKENS = {FIRST_MEMBER: 100, FIRST_MEMBER + 1: 60, FIRST_MEMBER + 2: 50, FIRST_MEMBER + 3: 2}
"""Points on chain: three voters, and one who holds just enough to count as a voter."""
OUTSIDER = FIRST_MEMBER + 5
TURNS_MAX = 60
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def fake_principal(request: Request) -> Principal | None:
    """Whoever the test says asks; nobody without a word."""
    if MEMBER_HEADER not in request.headers:
        return None
    member_id = UUID(request.headers[MEMBER_HEADER])
    return Principal(
        PrincipalKind.PERSON, str(member_id), member_id=member_id, roles=frozenset({"member"})
    )


@dataclass(frozen=True)
class Voter:
    """A member and the key of the wallet they have linked."""

    member_id: UUID
    key: LocalAccount

    def sign(self, typed_data: Any) -> str:
        signed = self.key.sign_message(encode_typed_data(full_message=typed_data))
        return f"0x{bytes(signed.signature).hex()}"


@dataclass(repr=False)
class Community:
    """Members with tokens, asked for things over HTTP; ``turn`` is one round of the jobs."""

    database: Database
    node: ChainNode
    deployment: Deployment
    composition: Composition
    app: FastAPI = field(init=False)
    voters: list[Voter] = field(default_factory=list)
    _keys: itertools.count[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.app = _app(self.composition)
        self.contracts = GovernanceContracts.of(self.deployment)
        self.voters = [self.join(index) for index in TOKENS]
        self.index()

    @classmethod
    def of(
        cls,
        database: Database,
        node: ChainNode,
        deployment: Deployment,
        folder: Path,
    ) -> Community:
        composition = _compose(database, folder, ChainSwitch.ON, node.url)
        write_record(record_path(folder / "deployments", node.chain()), deployment)
        return cls(database, node, deployment, composition)

    def composed(self, folder: Path, chain: ChainSwitch) -> FastAPI:
        """Another installation on the same database."""
        return _app(_compose(self.database, folder, chain, self.node.url))

    def lose_the_chain(self) -> None:
        """From now on nobody answers where the node was."""
        folder = self.composition.state.path
        self.composition = _compose(self.database, folder, ChainSwitch.ON, "http://127.0.0.1:9")
        self.app = _app(self.composition)

    # --- members ---

    def join(self, index: int) -> Voter:
        member_id = execute(self.database, members.create_member, CreateMember("en")).member_id
        key = funded_account(index)
        command = wallets.LinkWallet(member_id, key.address, b"\x01" * 32)
        execute(self.database, wallets.link_wallet, command)
        return Voter(member_id, key)

    def member_without_wallet(self) -> UUID:
        return execute(self.database, members.create_member, CreateMember("en")).member_id

    def get(self, path: str, voter: Voter | None = None, **query: str) -> Any:
        answer = client_of(self.app).get(path, params=query, headers=_who(voter or self.voters[0]))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def page(self, path: str, voter: Voter | None = None, language: str = "en") -> httpx.Response:
        """A page as a browser gets it; a stranger's without ``voter``."""
        headers = {"accept": "text/html", "accept-language": language}
        who = {} if voter is None else _who(voter)
        return client_of(self.app).get(path, headers={**headers, **who})

    def post(self, path: str, voter: Voter, body: Any, key: str | None = None) -> tuple[int, Any]:
        headers = {**_who(voter), "idempotency-key": key or f"k{next(self._keys)}"}
        answer = client_of(self.app).post(path, json=body, headers=headers)
        return answer.status_code, answer.json()

    # --- what members do ---

    def delegate(self, voter: Voter, to: str | None = None) -> None:
        query = {} if to is None else {"delegatee": to}
        shown = self.get("/v1/delegation-message", voter, **query)
        body = {name: shown[name] for name in ("delegatee", "nonce", "expiry")}
        body["signature"] = voter.sign(shown["typed_data"])
        status, answer = self.post("/v1/delegations", voter, body)
        assert status == 201, answer

    def all_delegate(self) -> None:
        for voter in self.voters:
            self.delegate(voter)
        self.until(lambda: all(self.power(voter) > 0 for voter in self.voters))

    def power(self, voter: Voter) -> int:
        return int(self.get("/v1/voting-power", voter)["votes"])

    def draft(self, voter: Voter, **fields: object) -> dict[str, Any]:
        """A draft as it is posted, signed."""
        body = {"kind": "text", "title": "A garden", "body": "Let us plant one.", **fields}
        status, shown = self.post("/v1/proposal-messages", voter, body)
        assert status == 200, shown
        return {
            **body,
            **({"preview": shown["preview"]} if shown["preview"] else {}),
            "replaces": shown["replaces"],
            "deadline": shown["deadline"],
            "signature": voter.sign(shown["typed_data"]),
        }

    def propose(self, voter: Voter, **fields: object) -> str:
        """A proposal's id, which is on chain."""
        status, answer = self.post("/v1/proposals", voter, self.draft(voter, **fields))
        assert status == 201, answer
        proposal = str(answer["id"])
        self.until(lambda: self.state(proposal) != "signed")
        return proposal

    def propose_programme(self, voter: Voter, programme_hash: bytes, title: str = "New") -> str:
        """With a preview; of a version whose file is not here, as it was proposed elsewhere."""
        with self.database.read() as work:
            is_here = programmes_store.programme(work, programme_hash) is not None
        if not is_here:
            return self._propose_elsewhere(voter, programme_hash, title)
        previewed(self.database, programme_hash, voter.member_id)
        return self.propose(
            voter,
            kind="programme",
            title=title,
            programme=f"0x{programme_hash.hex()}",
            effective_at=LONG_AGO.isoformat(),
        )

    def _propose_elsewhere(self, voter: Voter, programme_hash: bytes, title: str) -> str:
        wallet = address(voter.key.address)
        shown = self.draft(voter)
        replaces, deadline_s = bytes.fromhex(shown["replaces"][2:]), shown["deadline"]
        change = ProgrammeChange(programme_hash, replaces, LONG_AGO)
        draft = programme_draft(Wording(title, "", wallet), self.contracts.registry, change)
        message = proposals.proposal_message(self.contracts, draft, deadline_s)
        command = SubmitProposal(
            voter.member_id,
            draft,
            deadline_s,
            bytes(voter.key.sign_message(message.signable()).signature),
            reading.voter_facts(self.node.chain(), self.contracts, wallet),
            self.contracts,
        )
        made = execute(self.database, proposals.submit_proposal, command)
        proposal = f"{made.proposal_id}"
        self.until(lambda: self.state(proposal) != "signed")
        return proposal

    def ballot(self, voter: Voter, proposal: str, support: str, reason: str = "") -> dict[str, Any]:
        """A signed ballot as it is posted."""
        path = f"/v1/proposals/{proposal}/ballot-message"
        shown = self.get(path, voter, support=support, reason=reason)
        return {
            "support": support,
            "reason": reason,
            "nonce": shown["nonce"],
            "signature": voter.sign(shown["typed_data"]),
        }

    def divided(self, voter: Voter, proposal: str, *sides: int) -> dict[str, Any]:
        """A signed ballot of so many token units against, for and abstaining."""
        path = f"/v1/proposals/{proposal}/ballot-message"
        told = [str(side) for side in sides]
        shown = self.get(path, voter, support="divided", division=",".join(told))
        return {
            "support": "divided",
            "division": dict(zip(("against", "for", "abstain"), told, strict=True)),
            "nonce": shown["nonce"],
            "signature": voter.sign(shown["typed_data"]),
        }

    def cast(self, voter: Voter, proposal: str, body: Any) -> tuple[int, Any]:
        return self.post(f"/v1/proposals/{proposal}/ballots", voter, body)

    def vote(self, voter: Voter, proposal: str, support: str = "for", reason: str = "") -> None:
        status, answer = self.cast(voter, proposal, self.ballot(voter, proposal, support, reason))
        assert status == 201, answer

    def opened(self, proposal: str) -> str:
        self.until(lambda: self.state(proposal) == "active")
        return proposal

    def closed(self, proposal: str) -> str:
        """Let the voting period pass, with every ballot recorded; the state then."""
        self.until(lambda: not self.waiting_ballots())
        self.node.pass_time(self.deployment.parameters.governor.terms[1].voting_period_s + 1)
        self.until(lambda: self.state(proposal) not in {"active", "pending"})
        return self.state(proposal)

    def passed(self, proposal: str) -> str:
        """Three members vote for it; the proposal once voting is over."""
        self.opened(proposal)
        for voter in self.voters[:3]:
            self.vote(voter, proposal)
        assert self.closed(proposal) in {"succeeded", "queued"}
        return proposal

    def executed(self, proposal: str) -> str:
        """A passed proposal moved on by the jobs to the end."""
        self.until(lambda: self.state(proposal) == "executed")
        self.settle()
        return proposal

    # --- what is seen ---

    def state(self, proposal: str) -> str:
        return str(self.shown(proposal)["state"])

    def shown(self, proposal: str) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.get(f"/v1/proposals/{proposal}")
        return found

    def ballots(self, voter: Voter) -> list[dict[str, Any]]:
        return list(self.get("/v1/ballots", voter)["data"])

    def waiting_ballots(self) -> int:
        return sum(
            ballot["state"] in {"received", "relayed"}
            for voter in self.voters
            for ballot in self.ballots(voter)
        )

    def programme_votes(self) -> list[dict[str, Any]]:
        return list(self.get("/v1/programme-votes")["data"])

    # --- the jobs ---

    def index(self) -> None:
        policy = indexer.IndexerPolicy(FinalityPolicy(1), self.deployment.block_number)
        parts = chain_parts(self.composition)
        indexer.tick(self.database, parts.reader, GOVERNANCE_HANDLERS, policy)
        token, first = self.contracts.token, self.deployment.block_number
        read_token(self.database, parts.chain, token, first)

    def send(self) -> None:
        chain = self.node.chain()
        sender.advance(self.database, chain, service_signer(), SENDER_POLICY, SENDING_ROLES)

    def relay(self) -> None:
        """What the outbox wakes."""

        def handle(key: str) -> None:
            governance.on_intent(self.composition, key)

        def fail(key: str, error: Exception) -> None:
            raise AssertionError(f"settling {key} failed") from error

        outbox.drain(self.database, INTENTS_TOPIC, handle, on_failure=fail)

    def turn(self) -> None:
        self.index()
        governance.tick(self.composition)
        self.send()
        self.relay()
        self.node.pass_time(1)

    def tick_without_sending(self) -> None:
        """Read and decide; nothing leaves."""
        self.index()
        governance.tick(self.composition)

    def waits_for_time(self) -> bool:
        """Whether a proposal keeps the local chain busy."""
        with self.database.read() as work:
            return proposals.waits_for_time(work, work.now)

    def until(self, done: Callable[[], bool]) -> None:
        for _ in range(TURNS_MAX):
            if done():
                return
            self.turn()
        raise AssertionError(f"not done after {TURNS_MAX} turns")

    def settle(self) -> None:
        """Let everything that was sent become final and be acted on."""
        for _ in range(4):
            self.turn()

    def now(self) -> datetime:
        head = self.node.chain().block(BlockTag.LATEST)
        assert head is not None
        return datetime.fromtimestamp(head.timestamp_s, UTC)

    # --- strangers ---

    def send_as(self, index: int, to: Address, call: FunctionCall[Any]) -> Receipt:
        return self.send_with(funded_account(index), to, call)

    def send_with(self, key: LocalAccount, to: Address, call: FunctionCall[Any]) -> Receipt:
        receipt = transact(self.node, key, to, call)
        assert receipt.succeeded
        return receipt

    def send_raw_as(self, index: int, shown: Mapping[str, str]) -> Receipt:
        """A call as an answer shows it, sent by a stranger."""
        call = FunctionCall("shown", bytes.fromhex(shown["data"][2:]), lambda _: None)
        return self.send_as(index, address(shown["to"]), call)

    def governor_call(self, verb: str, proposal: str) -> FunctionCall[Any]:
        """``queue``, ``execute`` or ``cancel`` of a proposal, as anybody could build it."""
        with self.database.read() as work:
            found = proposals.require_proposal(work, int(proposal))
        build = {
            "queue": vkl_governor.queue,
            "execute": vkl_governor.execute,
            "cancel": vkl_governor.cancel,
        }[verb]
        return build(
            tuple(action.target for action in found.actions),
            tuple(action.value_wei for action in found.actions),
            tuple(action.calldata for action in found.actions),
            description_hash(found.description),
        )


def _app(composition: Composition) -> FastAPI:
    app = create_app(composition)
    app.dependency_overrides[optional_principal] = fake_principal
    return app


def _compose(database: Database, folder: Path, chain: ChainSwitch, url: str) -> Composition:
    state = StateFolder(folder)
    state.prepare()
    settings = Settings(
        public_url=ORIGIN, state_folder=folder, chain=chain, chain_rpc_url=url, demo=False
    )
    return Composition(settings, state, database, load_catalogue(), SECRET)


def _who(voter: Voter) -> dict[str, str]:
    return {MEMBER_HEADER: str(voter.member_id)}
