"""What is published of a poll: its export, the register while it is open, and a voter's receipt.

Values in, JSON out. The keeper's signatures (``seals``) are put in by whoever has the log's key.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from governance.polls.model import (
    PREFIX,
    Ballot,
    Named,
    Poll,
    Voter,
    counted,
    tally_leaf,
    voter_leaf,
)
from governance.polls.tree import path_of
from ledger.kernel.canonical import Json
from ledger.kernel.ids import format_id

EXPORT_FORMAT: Final = "vklad.poll.export.v1"
RECEIPT_FORMAT: Final = "vklad.poll.receipt.v1"
ACKNOWLEDGEMENT_FORMAT: Final = "vklad.poll.ack.v1"


def export_json(
    poll: Poll, voters: Sequence[Voter], ballots: Sequence[Ballot], seals: dict[str, Json]
) -> dict[str, Json]:
    """Everything that a recount needs, of a poll that was counted."""
    assert poll.closing is not None, "only what was counted is exported"
    weights = {each.pseudonym: each.weight for each in voters}
    return {
        "kind": "poll",
        "format": EXPORT_FORMAT,
        "definition": poll.definition.document(),
        "opening": poll.opening.document(),
        "closing": poll.closing,
        "seals": seals,
        "voters": [[each.pseudonym.hex(), str(each.weight)] for each in voters],
        "ballots": [ballot_json(each, weights[each.pseudonym]) for each in ballots],
    }


def receipt_json(
    poll: Poll, named: Named, voters: Sequence[Voter], ballots: Sequence[Ballot]
) -> dict[str, Json]:
    """A voter's own: that they vote, their ballot if any, and once counted that it counts.

    ``ballots`` are all of the poll's; ``seals`` are to be put in.
    """
    voter = named.voter
    mine = [each for each in ballots if each.pseudonym == voter.pseudonym]
    last = mine[-1] if mine else None
    place: Json = None
    if last is not None and poll.closing is not None:
        weights = {each.pseudonym: each.weight for each in voters}
        final = counted(ballots)
        leaves = [tally_leaf(each, weights[each.pseudonym]) for each in final]
        place = _place(leaves, final.index(last))
    listed = [voter_leaf(each) for each in voters]
    return {
        "kind": "poll-receipt",
        "format": RECEIPT_FORMAT,
        "definition": poll.definition.document(),
        "opening": poll.opening.document(),
        "closing": poll.closing,
        "member": format_id("mem", named.member_id),
        "salt": named.salt.hex(),
        "voter": {
            "pseudonym": voter.pseudonym.hex(),
            "weight": str(voter.weight),
            "place": _place(listed, listed.index(voter_leaf(voter))),
        },
        "ballot": None if last is None else ballot_json(last, voter.weight),
        "acknowledgement": None if last is None else acknowledgement_json(poll, last),
        "place": place,
    }


def acknowledgement_json(poll: Poll, ballot: Ballot) -> dict[str, Json]:
    """That a ballot is in the register, and where: signed at once, so that it cannot be denied."""
    return {
        "format": ACKNOWLEDGEMENT_FORMAT,
        "poll": format_id(PREFIX, poll.poll_id),
        "number": ballot.number,
        "commitment": ballot.commitment.hex(),
        "register_head": ballot.register_head.hex(),
    }


def ballot_json(ballot: Ballot, weight: int) -> dict[str, Json]:
    """A ballot whole: of its own voter, or once the poll was counted."""
    return {
        "number": ballot.number,
        "voter": ballot.pseudonym.hex(),
        "weight": str(weight),
        "version": ballot.version,
        "choice": list(ballot.choice),
        "salt": ballot.salt.hex(),
        "kind": ballot.kind.value,
        "evidence": ballot.evidence,
        "evidence_digest": (
            None if ballot.evidence_digest is None else ballot.evidence_digest.hex()
        ),
        "commitment": ballot.commitment.hex(),
        "register_head": ballot.register_head.hex(),
    }


def _place(leaves: Sequence[bytes], index: int) -> dict[str, Json]:
    path = [node.hex() for node in path_of(leaves, index)]
    return {"index": index, "size": len(leaves), "path": path}
