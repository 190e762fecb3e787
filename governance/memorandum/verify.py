"""What must hold of the memorandum: versions, their order, and the register, made again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from governance.mandates import store as mandates_store
from governance.mandates.model import MandateKind
from governance.memorandum import register_store, store
from governance.memorandum.model import PREFIX, Version, VersionState, vote_hash
from governance.memorandum.register import Act, pseudonym_of, register_next, register_start
from ledger.kernel.canonical import digest
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.verify.checks import Check
from ledger.verify.model import Finding

NAME: Final = "memorandum"


def check_memorandum(work: Work) -> Iterator[Finding]:
    """Versions are as they were approved, in one line, and the register hangs together."""
    voted = {
        (chain_key, each.mandate.number): each.mandate.order_hash
        for chain_key, each in mandates_store.everything(work)
        if each.mandate.kind is MandateKind.TEXT
    }
    published: list[Version] = []
    for version, kept_vote, approved in store.all_versions(work):
        where = format_id(PREFIX, version.version_id)
        problem = _version_problem(version, kept_vote, approved, voted)
        if problem is not None:
            yield Finding(NAME, "memorandum_versions", where, problem)
        if version.state is VersionState.PUBLISHED:
            published.append(version)
    previous: bytes | None = None
    for number, version in enumerate(sorted(published, key=lambda each: each.text.number), 1):
        if (version.text.number, version.text.previous) != (number, previous):
            where = format_id(PREFIX, version.version_id)
            yield Finding(NAME, "memorandum_versions", where, "does not follow the one before it")
        previous = version.content
    for name, broken in _register_problems(work, {each.content for each in published}):
        yield Finding(NAME, "memorandum_entries", name, broken)
    for name, broken in _signer_problems(work):
        yield Finding(NAME, "memorandum_signers", name, broken)


def _version_problem(
    version: Version,
    kept_vote: bytes,
    approved: bytes | None,
    voted: dict[tuple[int, int], bytes],
) -> str | None:
    if version.text.hashed() != version.content or vote_hash(version.text) != kept_vote:
        return "is another text than was proposed"
    if approved is not None and approved != version.approval_digest:
        return "is not what was decided on"
    decided = version.decided
    if decided is None or decided.state is not VersionState.PUBLISHED:
        return None
    if decided.vote is not None:
        chain_key, number = decided.vote.get("chain_key"), decided.vote.get("mandate")
        named = isinstance(chain_key, int) and isinstance(number, int)
        if not named or voted.get((int(str(chain_key)), int(str(number)))) != kept_vote:
            return "names a vote that adopted other words"
    elif decided.decided_by == version.proposed_by and version.open_from is None:
        return "was published by who proposed it"
    return None


def _register_problems(work: Work, published: set[bytes]) -> Iterator[tuple[str, str]]:
    """The first entry that does not hold."""
    register = register_store.register(work)
    if register is None:
        return
    head = register_start(register)
    turns: dict[bytes, int] = {}
    stands: dict[tuple[bytes, bytes], bool] = {}
    for expected, entry in enumerate(register_store.entries(work), 1):
        said = entry.statement
        head = register_next(head, entry.content())
        turns[said.member] = turns.get(said.member, 0) + 1
        place, signs = (said.member, said.content), said.act is Act.SIGN
        problem = None
        if entry.number != expected:
            problem = f"stands where {expected} should be"
        elif head != entry.head:
            problem = "was altered, or one before it"
        elif said.turn != turns[said.member] or signs == stands.get(place, False):
            problem = "is out of its member's turn"
        elif said.content not in published:
            problem = "is of no version that was published"
        elif entry.evidence is not None and digest(entry.evidence) != entry.evidence_digest:
            problem = "rests on another signature than was given"
        if problem is not None:
            yield f"entry {entry.number}", problem
            break
        stands[place] = signs


def _signer_problems(work: Work) -> Iterator[tuple[str, str]]:
    register = register_store.register(work) or b""
    for signer in register_store.signers(work):
        made = pseudonym_of(register, signer.member_id, signer.salt)
        if made != signer.pseudonym:
            yield (
                format_id("mem", signer.member_id),
                f"goes by a pseudonym of somebody else, {made.hex()}",
            )


MEMORANDUM_CHECKS: Final = (Check(NAME, check_memorandum),)
