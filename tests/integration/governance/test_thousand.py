"""A thousand members carry points over, delegate, vote and come back, by signatures alone.

No wallet of theirs ever has anything to pay gas with; what the relayer and the poster paid is
printed per action and member. The ordinary run does the same with a handful.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from api.bridging import chain_parts
from api.cli.ledger import CHECKS
from governance.recount import proposals as recount
from ledger.kernel.transaction import Database
from ledger.verify.service import verify
from oracle.bindings import ballot_relay, points_bridge, vkl_token
from oracle.chain.port import BlockTag
from oracle.contracts.abi import address
from oracle.reconcile.service import check
from tests.conftest import DEEP, Tell
from tests.support.chain_nodes import ChainNode, running_node
from tests.support.crowd import POINTS, Crowd
from tests.support.governance import Voter

MEMBERS = 1_000 if DEEP else 8
BACK = 4
TURNS_MAX = 60 + MEMBERS
HELD = tuple(each for each in CHECKS if each.name != "grants")
"""The points here are of nobody's proposal."""
NOBODY, NOTHING = address("0x" + "0" * 40), b"\0" * 32
ACTIONS = {
    call.calldata[:4]: name
    for name, call in {
        "points to tokens, committing": points_bridge.commit_batch(0, NOTHING, 0, 0, 0),
        "points to tokens, executing": points_bridge.execute_batch(0, b""),
        "tokens to points": points_bridge.redeem_by_sig(NOBODY, 0, NOTHING, 0, b""),
        "delegating": vkl_token.delegate_by_sig(NOBODY, 0, 0, 0, NOTHING, NOTHING),
        "voting": ballot_relay.cast_ballots(()),
    }.items()
}
VOTING_PERIOD_S = 900
"""The chain's clock goes on while a thousand ballots are signed."""


@pytest.fixture
def crowd(database: Database, tmp_path: Path) -> Iterator[Crowd]:
    with running_node("anvil") as node:
        made = Crowd.on(database, node, tmp_path / "state", VOTING_PERIOD_S)
        made.turns_max = TURNS_MAX
        made.voters += [made.join(100 + number) for number in range(MEMBERS - len(made.voters))]
        yield made


def test_by_signatures_alone(crowd: Crowd, tell: Tell) -> None:
    everybody, unit = crowd.voters, 10**18
    start = crowd.node.chain().block(BlockTag.LATEST)
    assert start is not None
    for voter in everybody:
        status, answer = crowd.post("/v1/bridge/requests", voter, {"points": POINTS})
        assert status == 201, answer
    crowd.until_each(lambda each: crowd.tokens(each) == POINTS * unit)
    for voter in everybody:
        crowd.delegate(voter)
    crowd.until_each(lambda each: crowd.votes(each) == POINTS * unit)
    proposal = crowd.opened(crowd.propose(everybody[0]))
    for number, voter in enumerate(everybody):
        crowd.vote(voter, proposal, "against" if number % 5 == 0 else "for")
    assert crowd.closed(proposal) in {"succeeded", "queued"}
    said = recount.check_export(
        crowd.get(f"/v1/proposals/{proposal}/export"), recount.Node(crowd.node.url)
    )
    assert f"{MEMBERS} ballots of {MEMBERS} accounts" in said[1]
    for voter in everybody:
        _carry_back(crowd, voter)
    left = (POINTS - BACK) * unit
    crowd.until_each(lambda each: crowd.tokens(each) == left)
    crowd.settle()
    assert check(chain_parts(crowd.composition).reconciler) == []
    assert verify(crowd.database, HELD).findings == ()
    for voter in everybody:
        assert crowd.node.rpc("eth_getBalance", voter.key.address, "latest") == "0x0"
    for name, (count, gas) in sorted(_gas(crowd.node, start.number).items()):
        tell(f"{name}: {count} transactions, {gas // MEMBERS} gas a member")
    tell("; ".join(said))


def _carry_back(crowd: Crowd, voter: Voter) -> None:
    status, asked = crowd.post("/v1/bridge/redemptions", voter, {"points": BACK})
    assert status == 201, asked
    path = f"/v1/bridge/redemptions/{asked['reference']}/signatures"
    status, answer = crowd.post(path, voter, {"signature": voter.sign(asked["typed_data"])})
    assert status == 202, answer


def _gas(node: ChainNode, after: int) -> dict[str, tuple[int, int]]:
    """What transactions of each kind of call cost: how many, and their gas together."""
    found: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    head: Any = node.rpc("eth_blockNumber")
    for number in range(after + 1, int(head, 16) + 1):
        block: Any = node.rpc("eth_getBlockByNumber", hex(number), True)
        for each in block["transactions"]:
            receipt: Any = node.rpc("eth_getTransactionReceipt", each["hash"])
            name = ACTIONS.get(bytes.fromhex(each["input"][2:10]), "what all of them share")
            count, gas = found[name]
            found[name] = (count + 1, gas + int(receipt["gasUsed"], 16))
    return found
