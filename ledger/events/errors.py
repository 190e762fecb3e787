"""What can be wrong with an event or its source."""

from __future__ import annotations

from ledger.kernel.errors import ErrorKind, VkladError


class EventInvalid(VkladError):
    """An event that lacks what every event has, or a field of another kind than declared."""

    code = "event_invalid"
    kind = ErrorKind.INVALID


class PersonalField(VkladError):
    """A field that says who somebody is, in a type whose declaration does not allow it."""

    code = "personal_field"
    kind = ErrorKind.INVALID


class EventTooLate(VkladError):
    """An event older than its source may still state."""

    code = "event_too_late"
    kind = ErrorKind.INVALID


class EventInFuture(VkladError):
    """An event dated further ahead than clocks differ."""

    code = "event_in_future"
    kind = ErrorKind.INVALID


class TypeNotAllowed(VkladError):
    """A type, or an attribute of members, that the source may not assert."""

    code = "type_not_allowed"
    kind = ErrorKind.FORBIDDEN


class IdentityNotAllowed(VkladError):
    """An identity of a provider that the source may not speak for."""

    code = "identity_not_allowed"
    kind = ErrorKind.FORBIDDEN


class SourceNotYours(VkladError):
    """The body names another source than the credential's."""

    code = "source_not_yours"
    kind = ErrorKind.FORBIDDEN


class EventConflict(VkladError):
    """The id is known with other content. The first stands."""

    code = "event_conflict"
    kind = ErrorKind.CONFLICT


class BatchTooLarge(VkladError):
    """More events at once than one transaction takes."""

    code = "batch_too_large"
    kind = ErrorKind.TOO_LARGE


class BudgetSpent(VkladError):
    """The source stated as many events as it may in this hour."""

    code = "source_budget_spent"
    kind = ErrorKind.RATE_LIMITED


class UnknownSource(VkladError):
    """No source has this name."""

    code = "unknown_source"
    kind = ErrorKind.NOT_FOUND


class SourceSuspended(VkladError):
    """The source is registered but switched off."""

    code = "source_suspended"
    kind = ErrorKind.FORBIDDEN


class SourceHasNoDoor(VkladError):
    """The source was made by an import, or is one of this program: no key speaks for it."""

    code = "source_has_no_door"
    kind = ErrorKind.FORBIDDEN


class SourceSpecInvalid(VkladError):
    """A registration that cannot be one."""

    code = "source_spec_invalid"
    kind = ErrorKind.INVALID


class UnknownSourceChange(VkladError):
    """No proposed change has this id."""

    code = "unknown_source_change"
    kind = ErrorKind.NOT_FOUND


class SourceChangeDecided(VkladError):
    """The change was approved or rejected before."""

    code = "source_change_decided"
    kind = ErrorKind.CONFLICT


class SourceChangeNotAsRead(VkladError):
    """What is to be approved is not what the approver read."""

    code = "source_change_not_as_read"
    kind = ErrorKind.CONFLICT


class SourceNeedsAnotherPerson(VkladError):
    """Whoever proposed a change does not approve it (DESIGN 3, rule 10)."""

    code = "source_needs_another_person"
    kind = ErrorKind.FORBIDDEN


class UnknownCredential(VkladError):
    """No secret or key of a source has this id."""

    code = "unknown_credential"
    kind = ErrorKind.NOT_FOUND


class CredentialDecided(VkladError):
    """The secret or key was approved or rejected before."""

    code = "credential_decided"
    kind = ErrorKind.CONFLICT


class CredentialNotAsRead(VkladError):
    """The secret or key to be approved is not what the approver read."""

    code = "credential_not_as_read"
    kind = ErrorKind.CONFLICT


class CredentialNeedsAnotherPerson(VkladError):
    """Whoever has a source's secret or key does not approve it (DESIGN 3, rule 10)."""

    code = "credential_needs_another_person"
    kind = ErrorKind.FORBIDDEN


class CredentialAnnounced(VkladError):
    """The public notice of a single admin's secret or key has not stood long enough."""

    code = "credential_announced"
    kind = ErrorKind.CONFLICT


class SecretInvalid(VkladError):
    """A secret too short, or not in the form its profile takes."""

    code = "secret_invalid"
    kind = ErrorKind.INVALID


class SourceAddressTaken(VkladError):
    """Another source has this address or name already."""

    code = "source_address_taken"
    kind = ErrorKind.CONFLICT
