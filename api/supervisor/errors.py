"""What may go wrong with a part, each with the part's name and what to do."""

from __future__ import annotations

from ledger.kernel.errors import ErrorKind, VkladError


class PartFailed(VkladError):
    """A part did not start, did not become healthy in time, or died; its last log lines follow."""

    code = "part_failed"
    kind = ErrorKind.UNAVAILABLE


class PartMissing(VkladError):
    """A program that a part needs is not on this machine."""

    code = "part_missing"
    kind = ErrorKind.UNAVAILABLE


class AlreadyUp(VkladError):
    """Another supervisor holds this checkout."""

    code = "already_up"
    kind = ErrorKind.CONFLICT


class PortTaken(VkladError):
    """Another program listens where a part should."""

    code = "port_taken"
    kind = ErrorKind.CONFLICT


class StateFolderUnusable(VkladError):
    """The folder for state belongs to another user or cannot be written."""

    code = "state_folder_unusable"
    kind = ErrorKind.UNAVAILABLE
