"""What people say of the text: members under their name, outsiders under a key of their browser.

    statement ─▶ signed by the key? ─▶ now? ─▶ not too much in 24 hours ─▶ kept

Moderators hide a comment with a reason that everybody reads; its author withdraws it, which blanks
it. Whoever left something as an outsider can have all of it deleted, by the same key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from governance.acting import lock_acting
from governance.memorandum import register_store, voices_store
from governance.memorandum.errors import (
    BadComment,
    CommentGone,
    CommentsClosed,
    CommentsNotForYou,
    ToldBefore,
    TooMuchSaid,
    UnknownComment,
    UnknownInterest,
)
from governance.memorandum.model import Version, is_text
from governance.memorandum.saying import (
    ANSWER_LIMITS,
    COMMENT_LIMITS,
    DAY,
    INTEREST_LIMITS,
    REASON_LENGTH_MAX,
    Comment,
    Interest,
    Limits,
    Outsider,
    answers_statement,
    check_answers,
    check_comment,
    check_interest,
    comment_statement,
    forget_statement,
    interest_statement,
    require_said,
    withdrawal_statement,
)
from governance.memorandum.service import is_open, require_version
from governance.memorandum.signing import require_now
from ledger.kernel.transaction import Work
from ledger.members import service as members
from ledger.members.model import Role

MODERATING: Final = frozenset({Role.ADMIN, Role.MODERATOR})
_HOURS: Final = int(DAY.total_seconds()) // 3_600
_ALL: Final = hashlib.sha256(b"all outsiders").digest()


@dataclass(frozen=True, slots=True)
class WriteComment:
    """Comment on a section, as a member or as an outsider."""

    version_id: UUID
    section_id: str
    name: str
    language: str
    said: str
    by: UUID | Outsider


@dataclass(frozen=True, slots=True)
class WithdrawComment:
    """Take a comment of one's own back."""

    comment_id: UUID
    by: UUID | Outsider


@dataclass(frozen=True, slots=True)
class HideComment:
    """Show a comment no more, for a reason that stands in its place."""

    comment_id: UUID
    by: UUID
    reason: str


@dataclass(frozen=True, slots=True)
class RegisterInterest:
    """Say that one would like to join. ``consent`` is the hash of what was agreed to."""

    name: str
    contact: str
    language: str
    consent: bytes
    by: Outsider


@dataclass(frozen=True, slots=True)
class GiveAnswers:
    """Answer a version's questions; answers given before are replaced."""

    version_id: UUID
    answers: Mapping[str, int]
    language: str
    by: Outsider


def comment(work: Work, command: WriteComment) -> Comment:
    """Add a comment to a section.

    Raises:
        UnknownMemorandum, CommentsClosed, BadComment: not there, or not that.
        MemberNotActive, UnknownMember: of a member.
        BadMemorandumSignature, BadDeviceKey, StatementNotNow, ToldBefore: of an outsider.
        TooMuchSaid: enough for today.
    """
    version = _open_version(work, command.version_id)
    check_comment(version, command.section_id, command.name, command.said)
    by, told = command.by, None
    if isinstance(by, Outsider):
        register = register_store.lock_register(work)
        said = (command.section_id, command.name, command.said)
        statement = comment_statement(register, version, *said)
        told = hashlib.sha256(require_said(by, statement)).digest()
        _admit(work, "comment", by, COMMENT_LIMITS)
    else:
        lock_acting(work, by)
        if voices_store.count_comments(work, work.now - DAY, member_id=by) >= COMMENT_LIMITS.of_one:
            raise _too_much(COMMENT_LIMITS.of_one, "one")
    written = Comment(
        comment_id=work.ids.new(work.now),
        version_id=version.version_id,
        section_id=command.section_id,
        member_id=None if isinstance(by, Outsider) else by,
        public_key=by.public_key if isinstance(by, Outsider) else None,
        name=command.name,
        language=command.language,
        said=command.said,
        written_at=work.now,
    )
    if not voices_store.insert_comment(work, written, told):
        raise ToldBefore("This was told before.")
    return written


def withdraw(work: Work, command: WithdrawComment) -> None:
    """Blank a comment of one's own.

    Raises:
        UnknownComment: there is none of this author.
        CommentGone: it was withdrawn before.
        BadMemorandumSignature, BadDeviceKey, StatementNotNow: of an outsider.
    """
    by = command.by
    if isinstance(by, Outsider):
        register = register_store.lock_register(work)
        require_said(by, withdrawal_statement(register, command.comment_id))
        require_now(work, by.said_at)
    found = voices_store.lock_comment(work, command.comment_id)
    mine = found is not None and (
        found.public_key == by.public_key if isinstance(by, Outsider) else found.member_id == by
    )
    if found is None or not mine:
        raise UnknownComment("You have no such comment.")
    if found.withdrawn_at is not None:
        raise CommentGone("You have taken this comment back before.")
    voices_store.set_withdrawn(work, command.comment_id)


def hide(work: Work, command: HideComment) -> None:
    """Show a comment no more.

    Raises:
        CommentsNotForYou: neither moderator nor admin.
        BadComment: no reason.
        UnknownComment, CommentGone: there is nothing to hide.
    """
    if not MODERATING.intersection(members.roles_of(work, command.by)):
        raise CommentsNotForYou("Only a moderator hides comments.")
    reason = command.reason.strip()
    if not is_text(reason, REASON_LENGTH_MAX):
        raise BadComment(f"State a reason of 1 to {REASON_LENGTH_MAX} characters.", field="reason")
    found = voices_store.lock_comment(work, command.comment_id)
    if found is None:
        raise UnknownComment("There is no such comment.")
    if not found.is_shown:
        raise CommentGone("This comment is not shown any more.")
    voices_store.set_hidden(work, command.comment_id, command.by, reason)


def register_interest(work: Work, command: RegisterInterest) -> Interest:
    """Keep that somebody would like to join; told again by the same key, it is replaced.

    Raises:
        BadInterest: what cannot be kept.
        BadMemorandumSignature, BadDeviceKey, StatementNotNow, ToldBefore: not said so now.
        TooMuchSaid: enough for today.
    """
    check_interest(command.name, command.contact)
    register = register_store.lock_register(work)
    said = (command.name, command.contact, command.consent)
    require_said(command.by, interest_statement(register, *said))
    _admit(work, "interest", command.by, INTEREST_LIMITS)
    interest = Interest(
        work.ids.new(work.now), command.name, command.contact, command.language, work.now
    )
    if not voices_store.keep_interest(work, interest, command.by, command.consent):
        raise ToldBefore("This was told before.")
    return interest


def answer(work: Work, command: GiveAnswers) -> None:
    """Keep an outsider's answers to the questions of a version.

    Raises:
        UnknownMemorandum, CommentsClosed, BadAnswers: not there, or not to that.
        BadMemorandumSignature, BadDeviceKey, StatementNotNow, ToldBefore: not said so now.
        TooMuchSaid: enough for today.
    """
    version = _open_version(work, command.version_id)
    check_answers(version.questions, command.answers)
    register = register_store.lock_register(work)
    require_said(command.by, answers_statement(register, version, command.answers))
    _admit(work, "answer", command.by, ANSWER_LIMITS)
    kept = voices_store.keep_answers(
        work, version.version_id, command.by, command.answers, command.language
    )
    if not kept:
        raise ToldBefore("This was told before.")


def forget(work: Work, outsider: Outsider) -> int:
    """Delete everything that an outsider's key left; how many things.

    Raises:
        BadMemorandumSignature, BadDeviceKey, StatementNotNow: not asked so now.
    """
    require_said(outsider, forget_statement(register_store.lock_register(work)))
    require_now(work, outsider.said_at)
    return voices_store.forget_key(work, outsider.public_key)


@dataclass(frozen=True, slots=True)
class DeleteInterest:
    """An admin deletes a registration."""

    interest_id: UUID
    by: UUID


def delete_interest(work: Work, command: DeleteInterest) -> None:
    """Delete a registration, contact and all.

    Raises:
        NotAnAdmin: only admins see them.
        UnknownInterest: there is none.
    """
    members.require_admin(work, command.by)
    if not voices_store.delete_interest(work, command.interest_id):
        raise UnknownInterest("There is no such registration.")


def _open_version(work: Work, version_id: UUID) -> Version:
    version = require_version(work, version_id)
    if not is_open(work, version):
        raise CommentsClosed("This version is not under discussion any more.")
    return version


def _admit(work: Work, act: str, outsider: Outsider, limits: Limits) -> None:
    """Count what is said: by the key, by the network, and by all outsiders together."""
    require_now(work, outsider.said_at)
    voices_store.lock_saying(work)
    voices_store.forget_seen(work, work.now - DAY)
    key = hashlib.sha256(outsider.public_key).digest()
    counted = [("one", key, limits.of_one), ("all", _ALL, limits.of_all)]
    if outsider.network is not None:
        counted.append(("network", outsider.network, limits.of_network))
    for whose, digest, most in counted:
        if voices_store.count_seen(work, act, digest) >= most:
            raise _too_much(most, whose)
    voices_store.insert_seen(work, act, [digest for _, digest, _ in counted])


def _too_much(limit: int, whose: str) -> TooMuchSaid:
    return TooMuchSaid(
        f"At most {limit} of these are taken in {_HOURS} hours. Come back tomorrow.",
        limit=limit,
        hours=_HOURS,
        whose=whose,
    )
