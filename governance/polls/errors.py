"""What can be refused of polls and ballots, each with its operands."""

from __future__ import annotations

from ledger.kernel.errors import ErrorKind, VkladError


class BadPoll(VkladError):
    """A poll that cannot be one; ``field`` says which part."""

    code = "bad_poll"
    kind = ErrorKind.INVALID


class UnknownPoll(VkladError):
    """There is no such poll."""

    code = "unknown_poll"
    kind = ErrorKind.NOT_FOUND


class PollNotForYou(VkladError):
    """Announcing takes an admin, or ``needed`` points of standing."""

    code = "poll_not_for_you"
    kind = ErrorKind.FORBIDDEN


class TooManyPolls(VkladError):
    """The member has announced ``limit`` polls that are not counted yet."""

    code = "too_many_polls"
    kind = ErrorKind.CONFLICT


class NobodyEligible(VkladError):
    """Nobody has any weight in this poll now."""

    code = "nobody_eligible"
    kind = ErrorKind.CONFLICT


class PollNotOpen(VkladError):
    """Voting has not begun; ``opens_at``."""

    code = "poll_not_open"
    kind = ErrorKind.CONFLICT


class PollOver(VkladError):
    """Voting is over, or the poll was withdrawn."""

    code = "poll_over"
    kind = ErrorKind.GONE


class PollUnderWay(VkladError):
    """The poll has opened: it can no longer be withdrawn."""

    code = "poll_under_way"
    kind = ErrorKind.CONFLICT


class PollNotCounted(VkladError):
    """Choices and results are shown once the poll is closed and counted."""

    code = "poll_not_counted"
    kind = ErrorKind.CONFLICT


class NotEligible(VkladError):
    """The member was not among those who vote when that was fixed."""

    code = "not_eligible"
    kind = ErrorKind.FORBIDDEN


class BadChoice(VkladError):
    """A choice that this poll's counting does not know."""

    code = "bad_choice"
    kind = ErrorKind.INVALID


class CreditsExceeded(VkladError):
    """The squares of the votes add up to ``spent``, more than ``credits``."""

    code = "credits_exceeded"
    kind = ErrorKind.INVALID


class PollBallotStale(VkladError):
    """The ballot is not the voter's next one; ``expected`` is its version."""

    code = "poll_ballot_stale"
    kind = ErrorKind.CONFLICT


class TooManyChanges(VkladError):
    """A ballot is changed at most ``limit`` times."""

    code = "too_many_changes"
    kind = ErrorKind.CONFLICT


class SignedBefore(VkladError):
    """A signed ballot is replaced by a signed one only."""

    code = "signed_before"
    kind = ErrorKind.CONFLICT


class BadPollSignature(VkladError):
    """The signature is not of this ballot by this key or wallet."""

    code = "bad_poll_signature"
    kind = ErrorKind.INVALID


class BadDeviceKey(VkladError):
    """Not a point on P-256 in 65 bytes."""

    code = "bad_device_key"
    kind = ErrorKind.INVALID


class DeviceKeyTaken(VkladError):
    """Another voter of this poll has registered this key."""

    code = "device_key_taken"
    kind = ErrorKind.CONFLICT


class UnknownDeviceKey(VkladError):
    """The member has no such key in this poll, or it was revoked."""

    code = "unknown_device_key"
    kind = ErrorKind.NOT_FOUND


class TooManyDeviceKeys(VkladError):
    """A member has at most ``limit`` keys in a poll."""

    code = "too_many_device_keys"
    kind = ErrorKind.CONFLICT
