"""Who votes in a poll and with what weight, as of one moment.

Members who take part and stand for themselves, with the standing asked for and a weight above
zero. Somebody merged into another votes as that other; what both earned is that other's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

from governance.polls import store
from governance.polls.counting import Method
from governance.polls.errors import BadPoll
from governance.polls.model import VOTERS_MAX, Definition, Weighing
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.transaction import Work
from ledger.programme import service as programmes
from ledger.standing import model as standing
from ledger.standing import service as merits


@dataclass(frozen=True, slots=True)
class Holdings:
    """What wallets held at the end of one block, in wei by lower-case address."""

    chain_id: int
    block_number: int
    block_hash: bytes
    wei: Mapping[str, int]


def weigh(
    work: Work, definition: Definition, holdings: Holdings | None
) -> tuple[list[tuple[UUID, int]], dict[str, Json]]:
    """Members and their weights, and what these were read from.

    Raises:
        BadPoll: more voters than a poll can have, or holdings missing.
    """
    persons = store.persons(work, VOTERS_MAX + 1)
    if len(persons) > VOTERS_MAX:
        raise BadPoll(f"A poll has at most {VOTERS_MAX} voters.", field="standing_min")
    snapshot: dict[str, Json] = {"at": Instant.of(work.now).isoformat()}
    weights: Mapping[UUID, int]
    match definition.weighing:
        case Weighing.PERSON:
            each = (definition.credits or 1) if definition.method is Method.QUADRATIC else 1
            weights = dict.fromkeys(persons, each)
        case Weighing.VOICE:
            weights = {}
        case Weighing.TOKEN:
            if holdings is None:
                raise BadPoll("Tokens weigh only where there is a chain.", field="weighing")
            linked = store.linked_wallets(work)
            weights = {
                member_id: holdings.wei.get(linked.get(member_id, ""), 0) for member_id in persons
            }
            snapshot |= {
                "chain_id": str(holdings.chain_id),
                "block_number": holdings.block_number,
                "block_hash": f"0x{holdings.block_hash.hex()}",
            }
        case _:
            assert_never(definition.weighing)
    if definition.weighing is Weighing.VOICE or definition.standing_min:
        weights = _by_merit(work, definition, persons, weights, snapshot)
    return [(person, weights[person]) for person in persons if weights.get(person)], snapshot


def _by_merit(
    work: Work,
    definition: Definition,
    persons: list[UUID],
    weights: Mapping[UUID, int],
    snapshot: dict[str, Json],
) -> dict[UUID, int]:
    """The weights of those with the standing asked for; by voice, their voices."""
    try:
        in_force = programmes.in_force(work, work.now)
    except programmes.NoProgrammeInForce:
        return {}
    programme = in_force.programme
    snapshot["programme"] = f"0x{in_force.activation.programme_hash.hex()}"
    versions = merits.versions_by_hash(work)
    by_voice = definition.weighing is Weighing.VOICE
    earners = store.earners(work)
    found = {}
    for person in persons:
        if person not in earners or not (by_voice or weights.get(person)):
            continue
        earned = merits.merits_of(work, person, versions)
        reached = standing.standing(earned, programme.standing).points.amount
        if reached < definition.standing_min:
            continue
        found[person] = weights.get(person, 0)
        if by_voice:
            said = standing.voice(earned, programme.voice, programme.zone, Instant.of(work.now))
            found[person] = said.points.amount
    return found
