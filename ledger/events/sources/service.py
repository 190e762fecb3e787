"""Registering sources with two persons, and rotating their secrets.

A secret works once another admin approved it (``credentials``). Making a source less powerful
(suspending it, ending secrets) takes one person and no delay.
"""

from __future__ import annotations

import hashlib
from urllib.parse import urlsplit
from uuid import UUID

from ledger.events.credentials import service as credentials
from ledger.events.credentials.model import Credential, ProposeCredential
from ledger.events.errors import (
    SecretInvalid,
    SourceAddressTaken,
    SourceChangeDecided,
    SourceChangeNotAsRead,
    SourceHasNoDoor,
    SourceNeedsAnotherPerson,
    UnknownSource,
    UnknownSourceChange,
)
from ledger.events.model import ANY, Authority, Source
from ledger.events.sources import store
from ledger.events.sources.model import (
    BUDGET_MAX,
    IMPORT_PROFILE,
    LATENESS_DAYS_MAX,
    SECRET_LENGTH_MAX,
    SECRET_LENGTH_MIN,
    AddSecret,
    DecideSource,
    OpenSource,
    ProposeSource,
    SecretBox,
    SourceChange,
    SourceSpec,
    check_spec,
    is_internal,
    require_external,
)
from ledger.kernel.canonical import Json
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Work
from ledger.members import service as members
from ledger.members.roles.words import require_word


def propose_source(work: Work, command: ProposeSource) -> SourceChange:
    """Ask for a source to be registered, or the one of that name to be changed.

    Raises:
        NotAnAdmin: the proposer is none.
        SourceSpecInvalid: it cannot be a source, or is one of this program.
        SourceAddressTaken: another source has the address, or this name has another address.
    """
    members.require_admin(work, command.proposed_by)
    spec = require_external(check_spec(command.spec))
    _require_free(work, spec)
    change_id = work.ids.new(work.now)
    store.insert_change(work, change_id, spec, format_id("mem", command.proposed_by))
    change = store.lock_change(work, change_id)
    assert change is not None, "it was just written"
    return change


def approve_source(work: Work, command: DecideSource) -> Source:
    """Put a proposed registration into force.

    Raises:
        NotAnAdmin: the approver is none.
        UnknownSourceChange, SourceChangeDecided, SourceChangeNotAsRead: there is nothing to
            approve, not any more, or not that.
        SourceNeedsAnotherPerson: the approver proposed it.
        WordCountsNoLonger: who proposed it is no admin any more.
        SourceSpecInvalid: it is one of this program.
        SourceAddressTaken: somebody else got the address meanwhile.
    """
    change = _open_change(work, command)
    if change.proposed_by == format_id("mem", command.decided_by):
        raise SourceNeedsAnotherPerson("Another admin than the one who proposed this approves it.")
    require_word(work, parse_id("mem", change.proposed_by))
    _require_free(work, require_external(change.spec))
    store.upsert_source(work, work.ids.new(work.now), change.spec)
    store.decide_change(work, change.change_id, "approved", format_id("mem", command.decided_by))
    return require_source(work, change.spec.name)


def reject_source(work: Work, command: DecideSource) -> None:
    """Turn a proposal down; whoever made it may take it back so.

    Raises:
        As :func:`approve_source`, but for the second person.
    """
    change = _open_change(work, command)
    store.decide_change(work, change.change_id, "rejected", format_id("mem", command.decided_by))


def suspend_source(work: Work, name: str, *, by: UUID | None = None) -> None:
    """Stop accepting from a source, as soon as it is read anew. Again changes nothing.

    ``by``: the admin; nobody is the operator at the machine.

    Raises:
        UnknownSource: no source of this name.
        SourceHasNoDoor: it is one of this program.
    """
    source = require_outside(work, name)
    if source.state != "suspended":
        store.set_state(work, name, "suspended")
        store.insert_act(work, work.ids.new(work.now), source.uri, "suspended", by)


def propose_secret(work: Work, command: AddSecret, *, box: SecretBox) -> Credential:
    """Keep one more secret, which works once another admin approved it as read.

    Raises:
        NotAnAdmin: whoever issues it is none.
        UnknownSource: no source of this name.
        SourceHasNoDoor: no secret speaks for it.
        SecretInvalid: too short or too long.
    """
    if not SECRET_LENGTH_MIN <= len(command.secret) <= SECRET_LENGTH_MAX:
        raise SecretInvalid(
            f"A secret has {SECRET_LENGTH_MIN} to {SECRET_LENGTH_MAX} characters.",
            length_min=SECRET_LENGTH_MIN,
            length_max=SECRET_LENGTH_MAX,
        )
    source = _require_open(require_source(work, command.source))
    sealed = box.seal(command.secret)
    terms: dict[str, Json] = {
        "overlap_s": int(command.overlap.total_seconds()),
        "sealed_sha256": hashlib.sha256(sealed).hexdigest(),
    }
    secret_id = work.ids.new(work.now)
    asked = ProposeCredential(secret_id, "secret", source.uri, terms, command.issued_by)
    credential = credentials.propose(work, asked)
    store.insert_secret(work, source.source_id, credential, sealed)
    return credential


def end_secrets(work: Work, name: str, *, by: UUID | None = None) -> None:
    """Accept none of the secrets that work now any more: one of them is known to others.

    ``by``: the admin; nobody is the operator at the machine.

    Raises:
        UnknownSource: no source of this name.
    """
    uri = require_source(work, name).uri
    store.end_secrets(work, uri, work.now)
    store.insert_act(work, work.ids.new(work.now), uri, "secrets_ended", by)


def open_source(work: Work, name: str, *, box: SecretBox) -> OpenSource:
    """A source with the secrets it may sign with now.

    Raises:
        UnknownSource: no source of this name.
        SourceHasNoDoor: it is one of this program.
    """
    source = require_outside(work, name)
    sealed = store.sealed_secrets(work, source.source_id)
    return OpenSource(source, tuple(box.unseal(one) for one in sealed))


def require_source(work: Work, name: str) -> Source:
    """The source of this name.

    Raises:
        UnknownSource: there is none.
    """
    source = store.source_by_name(work, name)
    if source is None:
        raise UnknownSource(f"There is no source {name[:64]!r}.", name=name[:64])
    return source


def require_outside(work: Work, name: str) -> Source:
    """The source of this name, if it is not one of this program: that one is nobody's to steer.

    Raises:
        UnknownSource: there is none.
        SourceHasNoDoor: it is one of this program.
    """
    source = require_source(work, name)
    if is_internal(source):
        raise SourceHasNoDoor(
            "Only this program states anything in the name of this source.", name=source.name
        )
    return source


def require_door(work: Work, uri: str) -> Source:
    """The source of this address, if keys may speak for it.

    Raises:
        UnknownSource: there is none.
        SourceHasNoDoor: it was made by an import, or is one of this program.
    """
    source = store.source_by_uri(work, uri)
    if source is None:
        raise UnknownSource(f"There is no source at {uri[:200]}.", name=uri[:200])
    return _require_open(source)


def _require_open(source: Source) -> Source:
    if source.profile == IMPORT_PROFILE or is_internal(source):
        raise SourceHasNoDoor(
            "This source was made by an import or by this program. Nothing states in its name "
            "over HTTP.",
            name=source.name,
        )
    return source


def source_for_import(work: Work, uri: str) -> Source:
    """The source of this address; registered for imports if it is new.

    Such a source has no door over HTTP and no secret, so only an operator at the machine can state
    anything in its name. It speaks for identities that it issued itself.

    Raises:
        SourceSpecInvalid: the address cannot be one.
        SourceHasNoDoor: it is of a source of this program.
    """
    found = store.source_by_uri(work, uri)
    if found is not None:
        return require_outside(work, found.name)
    spec = SourceSpec(
        name=_import_name(uri),
        uri=uri,
        profile=IMPORT_PROFILE,
        authority=Authority(types=(ANY,), issuers={ANY: uri}, attributes=(ANY,)),
        lateness_days=LATENESS_DAYS_MAX,
        hourly_budget=BUDGET_MAX,
    )
    store.insert_source_once(work, work.ids.new(work.now), require_external(check_spec(spec)))
    registered = store.source_by_uri(work, uri)
    assert registered is not None, "inserted, or by another transaction before"
    return registered


def _import_name(uri: str) -> str:
    """A readable name that no other address gets."""
    host = "".join(c if c.isascii() and c.isalnum() else "-" for c in urlsplit(uri).netloc or uri)
    return f"import-{host.lower().strip('-')[:40]}-{hashlib.sha256(uri.encode()).hexdigest()[:8]}"


def _open_change(work: Work, command: DecideSource) -> SourceChange:
    members.require_admin(work, command.decided_by)
    change = store.lock_change(work, command.change_id)
    if change is None:
        raise UnknownSourceChange("There is no such proposed change.")
    if change.state != "draft":
        raise SourceChangeDecided(f"This change was {change.state} already.", state=change.state)
    if change.content_digest != command.content_digest:
        raise SourceChangeNotAsRead("This is not the change you read. Read it again.")
    return change


def _require_free(work: Work, spec: SourceSpec) -> None:
    named = store.source_by_name(work, spec.name)
    at_address = store.source_by_uri(work, spec.uri)
    if named != at_address:
        raise SourceAddressTaken(
            "Another source has this address, or this one has another: facts keep their source's "
            "address for ever.",
            name=spec.name,
            uri=spec.uri,
        )
