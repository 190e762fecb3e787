"""Count a proposal on chain again from its export and your own node: this one file and Python 3.11.

    python proposals.py EXPORT.json --rpc URL --governor ADDRESS

It asks the service nothing and shares no code with what it counts by:

1.  The node is of that chain and has the block that the export was read at, by its hash.
2.  The proposal's id is the hash of what it does and of its text (``Governor.hashProposal``).
3.  Every ballot of the export is on chain, every ballot on chain up to that block is in the export.
4.  Nobody voted with more than the token says they had at the snapshot, nor outside of the period.
5.  The count, the voters who brought a whole token for it or abstaining, quorum, and the time added
    for a late quorum, are what the Governor says; so is the outcome.

Which Governor is yours the file cannot tell: anybody can deploy another and vote there alone. Give
its address (``--governor``), from where you trust it, or compare the one that is printed.
"""

from __future__ import annotations

import argparse
import json
import sys
import urllib.request
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

FORMAT: Final = "vklad.proposal.export.v1"
WHOLE_TOKEN: Final = 10**18
"""Votes that make an account count as a voter of its own."""
SPLIT: Final = 255
"""``support`` of a ballot that splits its weight (OpenZeppelin's ``VOTE_TYPE_FRACTIONAL``)."""
STATES: Final = (
    *("pending", "active", "canceled", "defeated", "succeeded", "queued", "expired", "executed"),
)
WON: Final = {"succeeded", "queued", "expired", "executed"}
CREATED: Final = (
    "ProposalCreated(uint256,address,address[],uint256[],string[],bytes[],uint256,uint256,string)"
)
EXTENDED: Final = "ProposalExtended(uint256,uint64)"
CAST: Final = "VoteCast(address,uint256,uint8,uint256,string)"
CAST_WITH_PARAMS: Final = "VoteCastWithParams(address,uint256,uint8,uint256,string,bytes)"
_RPC_TIMEOUT_S: Final = 60
_BLOCKS_AT_ONCE: Final = 2_000


class Fault(Exception):
    """The file does not hold."""


def require(holds: bool, sentence: str) -> None:  # noqa: FBT001 - reads as an assertion
    """Stop at the first thing that is not so.

    Raises:
        Fault: it does not hold.
    """
    if not holds:
        raise Fault(sentence)


# --- 1. Keccak, and the little of the ABI that is needed ---------------------------------------


def keccak(data: bytes) -> bytes:
    """Keccak-256 with the padding that Ethereum uses."""
    rate, mask = 136, 2**64 - 1
    padded = bytearray(data + b"\x01" + bytes(-(len(data) + 1) % rate))
    padded[-1] |= 0x80
    state = [[0] * 5 for _ in range(5)]
    for start in range(0, len(padded), rate):
        for place in range(rate // 8):
            word = padded[start + 8 * place : start + 8 * place + 8]
            state[place % 5][place // 5] ^= int.from_bytes(word, "little")
        register = 1
        for _ in range(24):
            sums = [x[0] ^ x[1] ^ x[2] ^ x[3] ^ x[4] for x in state]
            for x in range(5):
                mixed = sums[x - 1] ^ _turn(sums[(x + 1) % 5], 1)
                state[x] = [lane ^ mixed for lane in state[x]]
            x, y, moved = 1, 0, state[1][0]
            for step in range(24):
                x, y = y, (2 * x + 3 * y) % 5
                moved, state[x][y] = state[x][y], _turn(moved, (step + 1) * (step + 2) // 2)
            for y in range(5):
                row = [state[x][y] for x in range(5)]
                for x in range(5):
                    state[x][y] = row[x] ^ (~row[(x + 1) % 5] & mask & row[(x + 2) % 5])
            for bit in range(7):
                register = (register << 1) ^ (0x171 if register >> 7 else 0)
                if register & 2:
                    state[0][0] ^= 1 << ((1 << bit) - 1)
    return b"".join(state[n % 5][n // 5].to_bytes(8, "little") for n in range(4))


def _turn(lane: int, by: int) -> int:
    by %= 64
    return ((lane << by) | (lane >> (64 - by))) & (2**64 - 1)


def word(number: int) -> bytes:
    """32 bytes."""
    return number.to_bytes(32, "big")


def words(data: bytes) -> list[int]:
    """What stands in the whole words of some bytes."""
    return [int.from_bytes(data[n : n + 32], "big") for n in range(0, len(data) - 31, 32)]


def unhex(text: Any) -> bytes:
    """Bytes from ``0x`` and hex."""
    require(isinstance(text, str) and text.startswith("0x"), f"{text!r} is not hex")
    return bytes.fromhex(text[2:])


def proposal_id(actions: Sequence[Mapping[str, Any]], description: str) -> int:
    """``Governor.hashProposal``: keccak over targets, values, calldata and the text's keccak."""
    count = word(len(actions))
    targets = count + b"".join(unhex(each["to"]).rjust(32, b"\0") for each in actions)
    values = count + b"".join(word(int(each["value"])) for each in actions)
    calls = [unhex(each["data"]) for each in actions]
    parts = [word(len(call)) + call + bytes(-len(call) % 32) for call in calls]
    places = [32 * len(parts) + sum(map(len, parts[:n])) for n in range(len(parts))]
    calldatas = count + b"".join(map(word, places)) + b"".join(parts)
    places = [128, 128 + len(targets), 128 + len(targets) + len(values)]
    heads = b"".join(map(word, places)) + keccak(description.encode())
    return int.from_bytes(keccak(heads + targets + values + calldatas), "big")


# --- 2. Your node ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Node:
    """A node that you chose."""

    url: str

    def ask(self, method: str, *params: Any) -> Any:
        """One question of JSON-RPC.

        Raises:
            Fault: it answers with an error, or nothing.
        """
        asked = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        request = urllib.request.Request(  # noqa: S310 - its scheme was looked at
            self.url, json.dumps(asked).encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=_RPC_TIMEOUT_S) as answer:  # noqa: S310 - as above
            told = json.load(answer)
        require(told.get("error") is None, f"your node refuses {method}: {told.get('error')}")
        return told["result"]

    def read(self, at: str, to: str, signature: str, *arguments: int) -> list[int]:
        """What a view function returns, as words."""
        data = keccak(signature.encode())[:4] + b"".join(map(word, arguments))
        return words(unhex(self.ask("eth_call", {"to": to, "data": "0x" + data.hex()}, at)))

    def block(self, number: int) -> Mapping[str, Any]:
        """The header of a block.

        Raises:
            Fault: it has none of this number.
        """
        found = self.ask("eth_getBlockByNumber", hex(number), False)
        require(found is not None, f"your node has no block {number} yet, or no more")
        return dict(found)

    def logs(self, address: str, event: str, first: int, last: int) -> Iterator[Mapping[str, Any]]:
        """What a contract said from block ``first`` to ``last``, in order."""
        topic = "0x" + keccak(event.encode()).hex()
        for start in range(first, last + 1, _BLOCKS_AT_ONCE):
            end = min(start + _BLOCKS_AT_ONCE - 1, last)
            bounds = {"fromBlock": hex(start), "toBlock": hex(end)}
            yield from self.ask("eth_getLogs", {"address": address, "topics": [topic], **bounds})


# --- 3. Ballots --------------------------------------------------------------------------------


@dataclass(frozen=True, order=True)
class Ballot:
    """What the Governor said of one ballot; votes in token units: against, for, abstain."""

    block: int
    log_index: int
    transaction: str
    voter: str
    votes: tuple[int, int, int]
    takes_the_rest: bool
    """Whole, it takes all that its voter has not used up yet; split, what it says."""

    @property
    def weight(self) -> int:
        """All its votes."""
        return sum(self.votes)

    def __str__(self) -> str:
        return f"the ballot of {self.voter} in transaction {self.transaction}"


def ballot_of(log: Mapping[str, Any], with_params: bool) -> tuple[int, Ballot]:  # noqa: FBT001 - which event it is
    """Whose proposal a log is about, and the ballot."""
    data = unhex(log["data"])
    number, support, weight, *_ = words(data)
    votes = [0, 0, 0]
    if support == SPLIT and with_params:
        place = words(data)[4]
        packed = data[place + 32 : place + 80]
        votes = [int.from_bytes(packed[n : n + 16], "big") for n in (0, 16, 32)]
    else:
        require(support < 3, f"the chain knows a ballot of an unknown sort, {support}")
        votes[support] = weight
    require(sum(votes) == weight, f"a ballot in {log['transactionHash']} splits more than it has")
    return number, Ballot(
        block=int(log["blockNumber"], 16),
        log_index=int(log["logIndex"], 16),
        transaction=log["transactionHash"],
        voter="0x" + log["topics"][1][-40:],
        votes=(votes[0], votes[1], votes[2]),
        takes_the_rest=support != SPLIT,
    )


def ballots_on_chain(
    node: Node, governor: str, proposal: int, first: int, last: int
) -> list[Ballot]:
    """Every ballot on a proposal, in the order of the chain."""
    found = [
        ballot_of(log, event == CAST_WITH_PARAMS)
        for event in (CAST, CAST_WITH_PARAMS)
        for log in node.logs(governor, event, first, last)
    ]
    return sorted(ballot for number, ballot in found if number == proposal)


def same_ballots(stated: Sequence[Mapping[str, Any]], seen: Sequence[Ballot]) -> None:
    """The export has exactly the ballots of the chain.

    Raises:
        Fault: naming the first that was added, taken out, counted twice or altered.
    """
    on_chain = {(ballot.transaction, ballot.log_index): ballot for ballot in seen}
    told = set()
    for each in stated:
        place = (each["transaction"], each["log_index"])
        name = f"the ballot of {each['voter']} in transaction {each['transaction']}"
        require(place in on_chain, f"{name} is in the export and not on chain")
        require(place not in told, f"{name} is in the export twice")
        told.add(place)
        ballot = on_chain[place]
        votes = tuple(int(each[side]) for side in ("against", "for", "abstain"))
        require(each["voter"].lower() == ballot.voter, f"{name} is {ballot.voter}'s on chain")
        require(votes == ballot.votes, f"{name} says {votes}, on chain it says {ballot.votes}")
    for place, ballot in on_chain.items():
        require(place in told, f"{ballot} is on chain and not in the export")


# --- 4. Counting -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Terms:
    """What a proposal was made under."""

    snapshot_s: int
    deadline_s: int
    """As announced, before any time was added."""
    quorum: int
    quorum_voters: int
    extended: tuple[int, int] | None
    """The block in which time was added for a late quorum, and when voting ends since."""


@dataclass
class Count:
    """Ballots added up in order."""

    terms: Terms
    totals: list[int] = field(default_factory=lambda: [0, 0, 0])
    used: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    deadline_s: int = 0
    reached: bool = False
    voters: int = 0
    """Those who voted for it or abstained with a whole token, in the first ballot that heavy."""

    def take(self, ballot: Ballot, time_s: int, votes: int) -> None:
        """Count one ballot, cast at a moment by somebody who had so many votes at the snapshot.

        Raises:
            Fault: it is too early, too late or too heavy.
        """
        terms, left = self.terms, votes - self.used[ballot.voter]
        self.deadline_s = max(self.deadline_s, terms.deadline_s)
        require(terms.snapshot_s < time_s <= self.deadline_s, f"{ballot} is outside of the period")
        heavy = f"{ballot} weighs {ballot.weight}, and its voter had {left} left of {votes}"
        require(0 < ballot.weight <= left, heavy)
        require(not ballot.takes_the_rest or ballot.weight == left, heavy)
        _, *towards_quorum = ballot.votes
        self.voters += self.used[ballot.voter] < WHOLE_TOKEN <= sum(towards_quorum)
        self.used[ballot.voter] += ballot.weight
        for side, weight in enumerate(ballot.votes):
            self.totals[side] += weight
        if not self.reached and self.has_quorum:
            self.reached = True
            if terms.extended is not None:  # Whoever is late to it gives the others time.
                block, ends_s = terms.extended
                late = block == ballot.block and ends_s > max(self.deadline_s, time_s)
                require(late, f"time was added in block {block}, and {ballot} reached quorum")
                self.deadline_s = ends_s

    @property
    def has_quorum(self) -> bool:
        """Enough votes for and abstaining, of enough voters."""
        _, in_favour, abstain = self.totals
        enough = in_favour + abstain >= self.terms.quorum
        return enough and self.voters >= self.terms.quorum_voters

    @property
    def passes(self) -> bool:
        """Quorum, and more for than against."""
        return self.has_quorum and self.totals[1] > self.totals[0]


def count(
    node: Node, export: Mapping[str, Any], ballots: Sequence[Ballot], terms: Terms, at: str
) -> Count:
    """Add ballots up, asking the token what each voter had."""
    found = Count(terms, deadline_s=terms.deadline_s)
    times = {n: int(node.block(n)["timestamp"], 16) for n in {each.block for each in ballots}}
    for ballot in ballots:
        (votes,) = node.read(
            at,
            export["token"],
            "getPastVotes(address,uint256)",
            int(ballot.voter, 16),
            terms.snapshot_s,
        )
        found.take(ballot, times[ballot.block], votes)
    return found


# --- 5. The whole ------------------------------------------------------------------------------


def created(node: Node, export: Mapping[str, Any], number: int) -> tuple[int, int]:
    """When voting was announced to begin and to end.

    Raises:
        Fault: the chain knows no such proposal, or one of somebody else's.
    """
    block = export["created_block"]
    logs = [
        words(unhex(each["data"])) for each in node.logs(export["governor"], CREATED, block, block)
    ]
    mine = [each for each in logs if each[0] == number]
    require(len(mine) == 1, f"the Governor announced no such proposal in block {block}")
    proposer = f"0x{mine[0][1]:040x}"
    same = proposer == export["proposer"].lower()
    require(same, f"it is {proposer} who proposed it, not {export['proposer']}")
    return mine[0][6], mine[0][7]


def terms_of(node: Node, export: Mapping[str, Any], number: int, at: str) -> Terms:
    """What the chain says that the proposal was made under."""
    snapshot_s, deadline_s = created(node, export, number)
    governor = export["governor"]
    _, percent, voters, tokens, _ = node.read(at, governor, "proposalTerms(uint256)", number)
    (supply,) = node.read(at, export["token"], "getPastTotalSupply(uint256)", snapshot_s)
    quorum = max(supply * percent // 100, tokens * WHOLE_TOKEN)
    (told,) = node.read(at, governor, "proposalQuorum(uint256)", number)
    require(told == quorum, f"quorum comes to {quorum}, and the Governor says {told}")
    return Terms(snapshot_s, deadline_s, quorum, voters, extended(node, export, number, at))


def extended(node: Node, export: Mapping[str, Any], number: int, at: str) -> tuple[int, int] | None:
    """The block and the new end, if time was added: the Governor says so once, when it is."""
    logs = node.logs(export["governor"], EXTENDED, export["created_block"], int(at, 16))
    mine = [each for each in logs if int(each["topics"][1], 16) == number]
    require(len(mine) < 2, "time was added twice")
    if not mine:
        return None
    return int(mine[0]["blockNumber"], 16), words(unhex(mine[0]["data"]))[0]


def check_contracts(export: Mapping[str, Any], node: Node, at: str, governor: str | None) -> None:
    """The Governor is the one that was asked for, if any, and counts by this token.

    Raises:
        Fault: it is another, or counts by another.
    """
    stated = export["governor"].lower()
    other = f"it is of the Governor {stated}, you asked of {governor}"
    require(governor is None or stated == governor.lower(), other)
    token = f"0x{node.read(at, stated, 'token()')[0]:040x}"
    stated = export["token"].lower()
    require(stated == token, f"its Governor counts the token {token}, the export says {stated}")


def check_governor(node: Node, export: Mapping[str, Any], found: Count, at: str) -> str:
    """The Governor's own count, deadline and outcome are the same; its state.

    Raises:
        Fault: they are not.
    """
    governor, number = export["governor"], int(export["proposal"])
    told = node.read(at, governor, "proposalVotes(uint256)", number)
    require(told == found.totals, f"the votes come to {found.totals}, the Governor says {told}")
    voters = node.read(at, governor, "proposalTerms(uint256)", number)[4]
    require(voters == found.voters, f"{found.voters} voted, the Governor says {voters}")
    (deadline_s,) = node.read(at, governor, "proposalDeadline(uint256)", number)
    ends = f"voting ends at {found.deadline_s}, the Governor says {deadline_s}"
    require(deadline_s == found.deadline_s, ends)
    state = STATES[node.read(at, governor, "state(uint256)", number)[0]]
    if state in WON or state == "defeated":
        outcome = "passes" if found.passes else "fails"
        require(found.passes == (state in WON), f"it {outcome}, and the Governor says: {state}")
    return state


def check_export(export: Mapping[str, Any], node: Node, mine: str | None = None) -> list[str]:
    """What the file and the chain show, in sentences.

    Raises:
        Fault: they do not hold.
    """
    require(export.get("format") == FORMAT, "it is no export of a proposal")
    chain = int(node.ask("eth_chainId"), 16)
    require(str(chain) == export["chain_id"], f"your node is of chain {chain}")
    read_at = export["block"]
    known = node.block(read_at["number"])["hash"] == read_at["hash"]
    require(known, f"your node knows another block {read_at['number']}: another chain, or a fork")
    number = proposal_id(export["actions"], export["description"])
    same = str(number) == export["proposal"]
    require(same, f"what it does and says has the id {number}, not {export['proposal']}")
    newest = int(node.ask("eth_blockNumber"), 16)
    at = hex(newest)
    check_contracts(export, node, at, mine)
    terms = terms_of(node, export, number, at)
    seen = ballots_on_chain(node, export["governor"], number, export["created_block"], newest)
    then = [ballot for ballot in seen if ballot.block <= read_at["number"]]
    same_ballots(export["ballots"], then)
    stated = export["counted"]
    found = count(node, export, then, terms, at)
    told = [int(stated[side]) for side in ("against", "for", "abstain")]
    require(told == found.totals, f"the export counts {told}, its ballots come to {found.totals}")
    require(
        stated["voters"] == found.voters, f"it says {stated['voters']} voters of {found.voters}"
    )
    found = count(node, export, seen, terms, at)
    require(found.reached or terms.extended is None, "time was added, and quorum never reached")
    state = check_governor(node, export, found, at)
    against, in_favour, abstain = map(tokens, found.totals)
    reached = "reached" if found.has_quorum else "not reached"
    needed = f"{tokens(terms.quorum)} tokens of {terms.quorum_voters} voters"
    return [
        f"Proposal {number} on chain {chain}, of {export['proposer']}: the id is of this text.",
        f"{len(seen)} ballots of {len(found.used)} accounts, none with more than it had.",
        f"For {in_favour}, against {against}, abstain {abstain} tokens.",
        f"Quorum {reached}: it takes {needed}; {found.voters} voted.",
        f"At block {newest} it is {state}, as the count says.",
        f"The Governor is {export['governor']}, its token {export['token']}: "
        + ("as you asked." if mine else "compare them with what you know."),
    ]


def tokens(units: int) -> str:
    """Token units as tokens, all digits that count."""
    whole, part = divmod(units, WHOLE_TOKEN)
    return f"{whole}.{part:018}".rstrip("0").rstrip(".")


def verify(given: argparse.Namespace) -> list[str]:
    """What the file and your node show, in sentences.

    Raises:
        Fault: they do not hold, or are not what they should be.
    """
    good = given.rpc.startswith(("http://", "https://"))
    require(good, "a node is reached over http or https")
    try:
        read = json.loads(given.subject.read_bytes())
        return check_export(read, Node(given.rpc), given.governor)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError) as error:
        raise Fault(f"it cannot be read as a proposal: {error!r}") from error
    except (OSError, RecursionError) as error:
        raise Fault(f"it cannot be read, or your node not be reached: {error}") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; 0 if everything holds."""
    parser = argparse.ArgumentParser(description="Recount a proposal from your own node.")
    parser.add_argument("subject", type=Path, help="a proposal's export")
    parser.add_argument("--rpc", required=True, help="your own node")
    parser.add_argument("--governor", help="the Governor that you know to be the community's")
    try:
        said = verify(parser.parse_args(arguments))
    except Fault as fault:
        sys.stderr.write(f"NOT VERIFIED: {fault}.\n")
        return 1
    sys.stdout.write("\n".join([*said, "VERIFIED"]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
