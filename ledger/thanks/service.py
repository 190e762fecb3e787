"""Giving thanks, and taking them back as a moderator.

    lock membership ─▶ members ─▶ this month's gifts, rings ─▶ decide (pure) ─▶ fact, gift, words

Gifts are serial: whoever gives sees every gift before it, so what a fact states of the giver's
month (number, what is left) can be added up again by anyone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ledger.events import service as events
from ledger.events.admission import admit
from ledger.events.errors import SourceAddressTaken
from ledger.events.model import (
    RETRACTED,
    AcceptEvents,
    Authority,
    ExactJson,
    FieldKind,
    IncomingEvent,
    Source,
)
from ledger.events.sources import store as sources
from ledger.events.sources.model import INTERNAL_PROFILE, SourceSpec
from ledger.kernel.clock import Instant
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.model import (
    IdentityKey,
    LinkIdentity,
    MemberNotActive,
    MemberStatus,
    Role,
    UnknownMember,
)
from ledger.programme import service as programmes
from ledger.programme.calendar import Calendar, month_of_day, month_text
from ledger.programme.model import Programme
from ledger.programme.model_thanks import THANKS_GIVEN, THANKS_SOURCE, ThanksTerms
from ledger.thanks import store
from ledger.thanks.model import (
    PREFIX,
    Decision,
    GiveThanks,
    NotAModerator,
    TakeBack,
    Thanks,
    ThanksNotOffered,
    ThanksTakenBack,
    ThanksToOneself,
    UnknownThanks,
    Used,
    check_words,
    decide,
)

_PROVIDER: Final = "member"
_FIELDS: Final = {
    "to": FieldKind.IDENTITY,
    "points": FieldKind.INTEGER,
    "counted": FieldKind.INTEGER,
    "month": FieldKind.STRING,
    "number": FieldKind.INTEGER,
    "allowance": FieldKind.INTEGER,
    "left": FieldKind.INTEGER,
    "ring": FieldKind.STRING,
}
_SPEC: Final = SourceSpec(
    name="thanks",
    uri=THANKS_SOURCE,
    profile=INTERNAL_PROFILE,
    authority=Authority(
        types=(THANKS_GIVEN,),
        issuers={_PROVIDER: THANKS_SOURCE},
        declared={THANKS_GIVEN: _FIELDS},
    ),
)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What a member may give this month; ``used`` also counts what goes to ``receiver``."""

    terms: ThanksTerms
    month: str
    used: Used

    @property
    def left(self) -> int:
        """What is left of the month's allowance."""
        return max(0, self.terms.allowance - self.used.points)


def give(work: Work, command: GiveThanks) -> Thanks:
    """Give thanks.

    Raises:
        ThanksUnreadable, ThanksToOneself, ThanksTooLarge, ThanksNotOffered: it cannot be given.
        UnknownMember, MemberNotActive: of giver or receiver.
        SourceAddressTaken: a source of others has the name or address that is kept for thanks.
    """
    check_words(command.reason, command.link)
    if command.giver == command.receiver:
        raise ThanksToOneself("Thanks are for somebody else.")
    members_store.lock_membership(work)
    for member_id in sorted((command.giver, command.receiver)):
        _lock_active(work, member_id)
    allowance = allowance_of(work, command.giver, command.receiver)
    since = work.now - timedelta(days=allowance.terms.ring_days)
    ring = store.ring(work, command.giver, command.receiver, since)
    decision = decide(
        allowance.terms, command.points, allowance.used, ring if allowance.terms.ring_days else None
    )
    thanks_id = work.ids.new(work.now)
    giver, receiver = (_reference(work, each) for each in (command.giver, command.receiver))
    event_id = _state(work, _event(command, thanks_id, allowance.month, decision, work.now))
    gift = Thanks(
        thanks_id,
        event_id,
        command.giver,
        command.receiver,
        allowance.month,
        command.points,
        decision,
        work.now,
        command.reason.strip(),
        command.link,
        is_taken_back=False,
    )
    store.insert(work, gift, giver, receiver)
    return gift


def take_back(work: Work, command: TakeBack) -> Thanks:
    """Take a gift back: it earns nothing, and what it used up of the allowance stays used.

    Raises:
        NotAModerator: of whoever asks, or it is their own.
        UnknownThanks, ThanksTakenBack: there is nothing to take back.
    """
    if not members.roles_of(work, command.by) & {Role.MODERATOR, Role.ADMIN}:
        raise NotAModerator("Only a moderator or an admin takes thanks back.")
    members_store.lock_membership(work)
    gift = store.find(work, command.thanks_id)
    if gift is None:
        raise UnknownThanks("There are no such thanks.")
    if command.by in {gift.giver, gift.receiver}:
        raise NotAModerator("Another moderator has to decide on thanks of your own.")
    if gift.is_taken_back:
        raise ThanksTakenBack("These thanks were taken back before.")
    target = format_id(PREFIX, command.thanks_id)
    content = {"id": target, "reason": f"by {format_id('mem', command.by)}"}
    event_id = f"{target}/taken-back"
    _state(work, IncomingEvent(event_id, RETRACTED, None, Instant.of(work.now), content))
    found = store.find(work, command.thanks_id)
    assert found is not None, "it was there before"
    return found


def allowance_of(work: Work, giver: UUID, receiver: UUID | None = None) -> Allowance:
    """What a member may give this month, and to ``receiver``.

    Raises:
        ThanksNotOffered: the programme in force has no thanks.
    """
    programme = _programme(work)
    assert programme.thanks is not None, "checked"
    day = Calendar(programme.zone).day(Instant.of(work.now))
    month = month_text(month_of_day(day))
    return Allowance(programme.thanks, month, store.used(work, giver, receiver, month))


def _programme(work: Work) -> Programme:
    try:
        programme = programmes.in_force(work, work.now).programme
    except programmes.NoProgrammeInForce as error:
        raise ThanksNotOffered("No programme is in force yet.") from error
    if programme.thanks is None:
        raise ThanksNotOffered("The programme in force has no thanks.")
    return programme


def _event(
    command: GiveThanks, thanks_id: UUID, month: str, decision: Decision, now: datetime
) -> IncomingEvent:
    """The fact: whom, how much, and everything that was decided."""
    values: dict[str, ExactJson] = {
        "to": _identity(command.receiver),
        "points": command.points,
        "counted": decision.counted,
        "month": month,
        "number": decision.number,
        "allowance": decision.allowance,
        "left": decision.left,
    }
    if decision.ring is not None:
        values["ring"] = decision.ring
    name, giver = format_id(PREFIX, thanks_id), _identity(command.giver)
    return IncomingEvent(name, THANKS_GIVEN, giver, Instant.of(now), values)


def _state(work: Work, event: IncomingEvent) -> UUID:
    source = _source(work)
    admitted = admit(source, [event], work.now)
    (outcome,) = events.accept_events(work, AcceptEvents(source, admitted, budgeted=False))
    assert outcome.event_id is not None, "an event of no object"
    return outcome.event_id


def _source(work: Work) -> Source:
    found = sources.source_by_uri(work, THANKS_SOURCE)
    if found is None:
        sources.insert_source_once(work, work.ids.new(work.now), _SPEC)
        found = sources.source_by_uri(work, THANKS_SOURCE)
    if found is None:
        raise SourceAddressTaken(
            "Another source has the name that is kept for thanks.", name=_SPEC.name, uri=_SPEC.uri
        )
    if found.profile != _SPEC.profile:
        raise SourceAddressTaken(
            "Another source has the address that is kept for thanks.",
            name=found.name,
            uri=found.uri,
        )
    return found


def _reference(work: Work, member_id: UUID) -> UUID:
    """The identity by which thanks name a member, linked; made when first needed."""
    key = IdentityKey(_PROVIDER, THANKS_SOURCE, format_id("mem", member_id))
    references: Mapping[IdentityKey, UUID] = members.references_of(work, [key])
    members.link_identity(work, LinkIdentity(member_id, references[key], "own"))
    return references[key]


def _identity(member_id: UUID) -> str:
    return f"{_PROVIDER}:{format_id('mem', member_id)}"


def _lock_active(work: Work, member_id: UUID) -> None:
    status = members_store.lock_member(work, member_id)
    if status is None:
        raise UnknownMember("There is no such member.", member_id=str(member_id))
    if status is not MemberStatus.ACTIVE:
        raise MemberNotActive("Thanks are between members who take part.")
