"""Polls composed for routes, pages and the command line: what signs, what is read on chain, JSON.

What the keeper states (an announcement, a result, that a ballot is in the register) is signed with
the log's key, under a tag of its own.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from api.composition import Composition
from api.governing import Governing, governing_of
from api.log_keys import open_log_signer
from governance.polls import ballots_store, documents, store, voting
from governance.polls.errors import BadPollSignature, NotEligible, PollNotCounted
from governance.polls.model import (
    KEY_PREFIX,
    PREFIX,
    Ballot,
    Poll,
    Weighing,
    ballot_statement,
)
from governance.polls.service import require_poll
from governance.polls.voting import ByWallet, CastPollBallot, MyPart
from governance.polls.weighing import Holdings
from governance.proposals.reading import head_of
from ledger.kernel.canonical import Json, digest
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from oracle.bindings import vkl_token
from oracle.chain.erc1271 import is_valid_contract_signature
from oracle.chain.port import BlockTag, read
from oracle.chain.typed_data import Domain, TypedData
from oracle.contracts.abi import Address, address

SEAL_TAG: Final = b"vklad.pollsign.1"


def seal(composition: Composition, document: Json) -> dict[str, Json]:
    """The keeper's signature over a statement."""
    signer = open_log_signer(composition.state)
    signature = signer.sign(SEAL_TAG + digest(document))
    return {"key": signer.key.hex(), "signature": signature.hex()}


def holdings_of(composition: Composition, weighing: Weighing) -> Holdings | None:
    """What linked wallets hold at a final block, where that weighs; else ``None``.

    Raises:
        ChainOff, NotDeployed, ChainUnavailable: it cannot be read.
    """
    if weighing is not Weighing.TOKEN:
        return None
    governing = governing_of(composition)
    chain, token = governing.chain, governing.contracts.token
    block = None if governing.parts.is_local else chain.block(BlockTag.FINALIZED)
    at = head_of(chain) if block is None else block
    with composition.database.read() as work:
        linked = store.linked_wallets(work)
    wei = {
        each: read(chain, token, vkl_token.balance_of(address(each)), at.number)
        for each in sorted(set(linked.values()))
    }
    return Holdings(governing.contracts.chain_id, at.number, at.block_hash, wei)


def poll_domain(governing: Governing) -> Domain:
    """What wallets bind a ballot to: this community's governor, which never sees it."""
    contracts = governing.contracts
    return Domain(voting.DOMAIN_NAME, contracts.chain_id, contracts.governor)


def wallet_message(work: Work, governing: Governing, command: CastPollBallot) -> TypedData:
    """What a member's wallet signs for a ballot.

    Raises:
        UnknownPoll, NotEligible, BadChoice: there is nothing to sign.
    """
    definition = require_poll(work, command.poll_id).definition
    named = store.named(work, command.poll_id, command.member_id)
    if named is None:
        raise NotEligible("You were not among those who vote when this poll was announced.")
    statement = ballot_statement(
        definition, named.voter.pseudonym, command.version, command.choice, command.salt
    )
    domain = poll_domain(governing)
    return voting.wallet_message(definition, domain, statement)


def signed_by_wallet(
    governing: Governing, message: TypedData, wallet: Address, signature: bytes
) -> ByWallet:
    """A wallet's signature; a contract wallet is asked (ERC-1271).

    Raises:
        BadPollSignature: the contract does not stand by it.
    """
    chain, domain = governing.chain, message.domain
    at = head_of(chain).number
    if not chain.code(wallet, at):
        return ByWallet(wallet, domain, signature)
    if not is_valid_contract_signature(chain, wallet, message.digest(), signature, at):
        raise BadPollSignature("Your wallet does not stand by this signature.")
    return ByWallet(wallet, domain, signature, at)


def poll_json(poll: Poll, work: Work) -> dict[str, Json]:
    """A poll for everybody: never a choice before it is counted."""
    last = ballots_store.last_in_register(work, poll.poll_id)
    definition = poll.definition
    return {
        **definition.document(),
        "id": format_id(PREFIX, poll.poll_id),
        "state": poll.state(work.now).value,
        "author": format_id("mem", poll.author_id),
        "opening": poll.opening.document(),
        "ballots": 0 if last is None else last[0],
        "register_head": (definition.digest() if last is None else last[1]).hex(),
        "withdrawn_at": (
            None if poll.withdrawn_at is None else Instant.of(poll.withdrawn_at).isoformat()
        ),
        "closing": poll.closing,
    }


def part_json(poll: Poll, part: MyPart) -> dict[str, Json]:
    """What a voter has in a poll, for that voter alone."""
    voter = part.named.voter
    return {
        "poll": format_id(PREFIX, poll.poll_id),
        "voter": voter.pseudonym.hex(),
        "salt": part.named.salt.hex(),
        "weight": str(voter.weight),
        "next_version": part.next_version,
        "definition": poll.definition.digest().hex(),
        "keys": [
            {
                "id": format_id(KEY_PREFIX, key.key_id),
                "public_key": key.public_key.hex(),
                "registered_at": Instant.of(key.registered_at).isoformat(),
                "revoked": key.revoked_at is not None,
            }
            for key in part.keys
        ],
        "ballots": [documents.ballot_json(each, voter.weight) for each in part.ballots],
    }


def acknowledged(composition: Composition, poll: Poll, ballot: Ballot) -> dict[str, Json]:
    """That a ballot is in the register, signed; its choice is not in it."""
    told = documents.acknowledgement_json(poll, ballot)
    return {"acknowledgement": told, "seal": seal(composition, told)}


def opening_file(composition: Composition, work: Work, poll_id: UUID) -> dict[str, Json]:
    """An announcement to keep, signed.

    Raises:
        UnknownPoll: there is none.
    """
    poll = require_poll(work, poll_id)
    opening = poll.opening.document()
    return {
        "kind": "poll-opening",
        "definition": poll.definition.document(),
        "opening": opening,
        "seal": seal(composition, opening),
    }


def export_file(composition: Composition, work: Work, poll_id: UUID) -> dict[str, Json]:
    """Everything that a recount needs, signed.

    Raises:
        UnknownPoll, PollNotCounted: there is none, or not yet.
    """
    poll = require_poll(work, poll_id)
    if poll.closing is None:
        raise PollNotCounted("Choices and results are shown once the poll is closed and counted.")
    return documents.export_json(
        poll,
        store.voters(work, poll_id),
        ballots_store.ballots(work, poll_id),
        {
            "opening": seal(composition, poll.opening.document()),
            "closing": seal(composition, poll.closing),
        },
    )


def receipt_file(
    composition: Composition, work: Work, poll_id: UUID, member_id: UUID
) -> dict[str, Json]:
    """A voter's receipt, signed.

    Raises:
        UnknownPoll, NotEligible: there is none.
    """
    poll = require_poll(work, poll_id)
    named = store.named(work, poll_id, member_id)
    if named is None:
        raise NotEligible("You were not among those who vote when this poll was announced.")
    voters, ballots = store.voters(work, poll_id), ballots_store.ballots(work, poll_id)
    receipt = documents.receipt_json(poll, named, voters, ballots)
    told = receipt["acknowledgement"]
    seals: dict[str, Json] = {
        "opening": seal(composition, receipt["opening"]),
        "closing": None if poll.closing is None else seal(composition, poll.closing),
        "acknowledgement": None if told is None else seal(composition, told),
    }
    return {**receipt, "seals": seals}
