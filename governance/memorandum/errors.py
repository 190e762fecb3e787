"""What can be refused of the memorandum, each with its operands."""

from __future__ import annotations

from ledger.kernel.errors import ErrorKind, VkladError


class BadMemorandum(VkladError):
    """A text that cannot be a version; ``field`` says which part."""

    code = "bad_memorandum"
    kind = ErrorKind.INVALID


class UnknownMemorandum(VkladError):
    """There is no such version."""

    code = "unknown_memorandum"
    kind = ErrorKind.NOT_FOUND


class NothingPublished(VkladError):
    """No version is in force yet."""

    code = "memorandum_not_published"
    kind = ErrorKind.NOT_FOUND


class MemorandumDecided(VkladError):
    """The version was published, rejected or withdrawn before; ``state``."""

    code = "memorandum_decided"
    kind = ErrorKind.CONFLICT


class MemorandumDiffers(VkladError):
    """The approval is for other content than was proposed."""

    code = "memorandum_differs"
    kind = ErrorKind.CONFLICT


class MemorandumOvertaken(VkladError):
    """Another version was published since this one was proposed."""

    code = "memorandum_overtaken"
    kind = ErrorKind.CONFLICT


class MemorandumNeedsAnotherPerson(VkladError):
    """Whoever proposes a version cannot publish it alone."""

    code = "memorandum_needs_another_person"
    kind = ErrorKind.FORBIDDEN


class MemorandumNotOpenYet(VkladError):
    """The public notice of a single admin's version has not stood long enough; ``open_from``."""

    code = "memorandum_not_open_yet"
    kind = ErrorKind.CONFLICT


class TooManyVersionsWaiting(VkladError):
    """``limit`` versions wait already; decide them first."""

    code = "too_many_versions_waiting"
    kind = ErrorKind.CONFLICT


class NotInForce(VkladError):
    """Only the version in force is signed."""

    code = "memorandum_not_in_force"
    kind = ErrorKind.CONFLICT


class SignedAlready(VkladError):
    """The member stands by this version already."""

    code = "memorandum_signed_already"
    kind = ErrorKind.CONFLICT


class NotSigned(VkladError):
    """There is no signature of the member under this version to withdraw."""

    code = "memorandum_not_signed"
    kind = ErrorKind.CONFLICT


class EntryStale(VkladError):
    """The statement is not the member's next one; ``expected`` is its number."""

    code = "memorandum_entry_stale"
    kind = ErrorKind.CONFLICT


class TooManyEntries(VkladError):
    """A member has ``limit`` entries in the register."""

    code = "too_many_memorandum_entries"
    kind = ErrorKind.CONFLICT


class StatementNotNow(VkladError):
    """What was signed says another time than now: at most ``minutes`` may lie between."""

    code = "statement_not_now"
    kind = ErrorKind.INVALID


class BadMemorandumSignature(VkladError):
    """The signature is not of this statement by this key or wallet."""

    code = "bad_memorandum_signature"
    kind = ErrorKind.INVALID


class BrowserKeyTaken(VkladError):
    """Another member has signed with this key."""

    code = "browser_key_taken"
    kind = ErrorKind.CONFLICT


class BadComment(VkladError):
    """A comment that cannot be one; ``field`` says which part."""

    code = "bad_comment"
    kind = ErrorKind.INVALID


class CommentsClosed(VkladError):
    """Comments and answers are taken on the version in force and on those proposed."""

    code = "comments_closed"
    kind = ErrorKind.CONFLICT


class UnknownComment(VkladError):
    """There is no such comment, or not of this author."""

    code = "unknown_comment"
    kind = ErrorKind.NOT_FOUND


class CommentGone(VkladError):
    """The comment was hidden or withdrawn before."""

    code = "comment_gone"
    kind = ErrorKind.CONFLICT


class ToldBefore(VkladError):
    """The very same statement was told before."""

    code = "told_before"
    kind = ErrorKind.CONFLICT


class TooMuchSaid(VkladError):
    """``limit`` of these in ``hours`` hours is the most; ``whose``: one's own or all outsiders'."""

    code = "too_much_said"
    kind = ErrorKind.RATE_LIMITED


class BadInterest(VkladError):
    """What was left as interest cannot be kept; ``field`` says which part."""

    code = "bad_interest"
    kind = ErrorKind.INVALID


class UnknownInterest(VkladError):
    """There is no such registration."""

    code = "unknown_interest"
    kind = ErrorKind.NOT_FOUND


class BadAnswers(VkladError):
    """Answers to other questions than were asked."""

    code = "bad_answers"
    kind = ErrorKind.INVALID


class CommentsNotForYou(VkladError):
    """Hiding comments takes a moderator or an admin."""

    code = "comments_not_for_you"
    kind = ErrorKind.FORBIDDEN
