"""Proposing versions of the memorandum, and publishing them by two persons or by vote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from governance.memorandum import register_store, store
from governance.memorandum.errors import (
    MemorandumDecided,
    MemorandumDiffers,
    MemorandumNeedsAnotherPerson,
    MemorandumNotOpenYet,
    MemorandumOvertaken,
    NothingPublished,
    TooManyVersionsWaiting,
    UnknownMemorandum,
)
from governance.memorandum.model import (
    PREFIX,
    WAITING_MAX,
    Decided,
    Text,
    Version,
    VersionState,
    Wording,
    check_wording,
)
from ledger.kernel.canonical import Json
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.model import SINGLE_ADMIN_DELAY
from ledger.members.roles.words import require_word


@dataclass(frozen=True, slots=True)
class ProposeVersion:
    """Propose a text to follow the version in force."""

    proposed_by: UUID
    wording: Wording


@dataclass(frozen=True, slots=True)
class PublishVersion:
    """The second person's yes to exactly this."""

    version_id: UUID
    person_id: UUID
    approval_digest: bytes


@dataclass(frozen=True, slots=True)
class CloseVersion:
    """Say no: the proposer withdraws, any other admin rejects."""

    version_id: UUID
    person_id: UUID


def propose(work: Work, command: ProposeVersion) -> Version:
    """Propose a version; everybody can read and discuss it from now on.

    Raises:
        NotAnAdmin: only admins propose versions.
        BadMemorandum: it cannot be one.
        TooManyVersionsWaiting: decide some first.
    """
    members.require_admin(work, command.proposed_by)
    wording = command.wording
    check_wording(wording)
    register_store.lock_register(work)
    if len(store.waiting(work)) >= WAITING_MAX:
        raise TooManyVersionsWaiting(f"{WAITING_MAX} versions wait already.", limit=WAITING_MAX)
    last = store.in_force(work)
    text = Text(
        number=1 if last is None else last.text.number + 1,
        previous=None if last is None else last.content,
        title=wording.title,
        sections=wording.sections,
    )
    alone = members_store.count_admins(work) == 1
    version = Version(
        version_id=work.ids.new(work.now),
        text=text,
        summary=wording.summary,
        questions=wording.questions,
        proposed_by=command.proposed_by,
        proposed_at=work.now,
        open_from=work.now + SINGLE_ADMIN_DELAY if alone else None,
        content=text.hashed(),
    )
    store.insert_version(work, version)
    return version


def publish(work: Work, command: PublishVersion) -> Version:
    """Put a version in force; the one before stays readable, and its signatures stay its own.

    Raises:
        NotAnAdmin: of whoever publishes.
        UnknownMemorandum, MemorandumDecided, MemorandumDiffers, MemorandumOvertaken: there is
            nothing to publish, not any more, not that, or another came first.
        MemorandumNeedsAnotherPerson: the proposer publishes their own, and is not the only admin.
        MemorandumNotOpenYet: and is, but the notice has not stood long enough.
        WordCountsNoLonger: who proposed it is no admin any more.
    """
    members.require_admin(work, command.person_id)
    version = _waiting(work, command.version_id)
    if command.approval_digest != version.approval_digest:
        raise MemorandumDiffers("This approval is for something else than was proposed.")
    require_word(work, version.proposed_by)
    if command.person_id == version.proposed_by:
        _require_announced(work, version)
    return _publish(work, version, Decided(VersionState.PUBLISHED, command.person_id, work.now))


def publish_voted(work: Work, hashed: bytes, vote: Mapping[str, Json]) -> Version | None:
    """Publish what the members adopted, if the words voted on are a version's that waits.

    Raises:
        MemorandumOvertaken: another version was published since it was proposed.
    """
    register_store.lock_register(work)
    version = store.waiting_for_vote(work, hashed)
    if version is None:
        return None
    return _publish(work, version, Decided(VersionState.PUBLISHED, None, work.now, dict(vote)))


def close(work: Work, command: CloseVersion) -> Version:
    """Withdraw one's own proposal, or reject another's.

    Raises:
        NotAnAdmin: not by this person.
        UnknownMemorandum, MemorandumDecided: there is nothing to close.
    """
    members.require_admin(work, command.person_id)
    version = _waiting(work, command.version_id)
    own = command.person_id == version.proposed_by
    state = VersionState.WITHDRAWN if own else VersionState.REJECTED
    decided = Decided(state, command.person_id, work.now)
    store.insert_decision(work, version, decided)
    return replace(version, decided=decided)


def require_version(work: Work, version_id: UUID) -> Version:
    """One version.

    Raises:
        UnknownMemorandum: there is none.
    """
    found = store.find(work, version_id)
    if found is None:
        raise UnknownMemorandum("There is no such version.", version=format_id(PREFIX, version_id))
    return found


def require_in_force(work: Work) -> Version:
    """The version in force.

    Raises:
        NothingPublished: none was published yet.
    """
    found = store.in_force(work)
    if found is None:
        raise NothingPublished("No version of the memorandum was published yet.")
    return found


def is_open(work: Work, version: Version) -> bool:
    """Whether people still speak about it: it is in force, or waits for a decision."""
    if version.state is VersionState.PROPOSED:
        return True
    last = store.in_force(work)
    return last is not None and last.version_id == version.version_id


def _waiting(work: Work, version_id: UUID) -> Version:
    """A version that nobody has decided; nobody else decides it before this transaction ends."""
    register_store.lock_register(work)
    version = require_version(work, version_id)
    if version.decided is not None:
        raise MemorandumDecided(
            f"This version was {version.state.value} before.", state=version.state.value
        )
    return version


def _publish(work: Work, version: Version, decided: Decided) -> Version:
    last = store.in_force(work)
    if version.text.previous != (None if last is None else last.content):
        raise MemorandumOvertaken(
            "Another version was published since this one was proposed. Propose it anew."
        )
    store.insert_decision(work, version, decided)
    return replace(version, decided=decided)


def _require_announced(work: Work, version: Version) -> None:
    if version.open_from is None or members_store.count_admins(work) > 1:
        raise MemorandumNeedsAnotherPerson(
            "You proposed this version; another admin has to publish it."
        )
    if work.now < version.open_from:
        open_from = Instant.of(version.open_from).isoformat()
        raise MemorandumNotOpenYet(
            f"This version is announced until {open_from}.", open_from=open_from
        )
