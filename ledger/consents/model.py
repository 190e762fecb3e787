"""Terms of taking part, consents to single purposes, and members under age. Pure.

    nothing said ──give──▶ given ──withdraw──▶ withdrawn ──give──▶ …        per member and subject

The subject is a version of the terms, or a purpose. What counts is what was said last.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

import rfc8785

from ledger.kernel.errors import ErrorKind, VkladError

TERMS_LENGTH_MAX: Final = 60_000
NOTICE: Final = timedelta(days=14)
"""So long before they are in force, changed terms have to be published."""
AGE_YEARS_MAX: Final = 18


class Purpose(StrEnum):
    """What a member under age does only with recorded consent, and a profile nobody without."""

    WALLET = "wallet"
    VOTING = "voting"
    REFERRAL = "referral"
    PUBLIC_PROFILE = "public_profile"


class TermsRefused(VkladError):
    """What was to be published is no text, or comes too early."""

    code = "terms_refused"
    kind = ErrorKind.INVALID


class UnknownTerms(VkladError):
    """No version of the terms has this digest, or it is not yet in force, or no longer."""

    code = "unknown_terms"
    kind = ErrorKind.CONFLICT


class TermsNotAccepted(VkladError):
    """Points are spent only by who has accepted the terms in force."""

    code = "terms_not_accepted"
    kind = ErrorKind.CONFLICT


class ConsentNeeded(VkladError):
    """A member under age needs consent that was recorded by an admin."""

    code = "consent_needed"
    kind = ErrorKind.FORBIDDEN


class ConsentRefused(VkladError):
    """Nobody gives this consent, or gives it for this member."""

    code = "consent_refused"
    kind = ErrorKind.INVALID


@dataclass(frozen=True, slots=True)
class TermsDraft:
    """The same terms in both languages, in plain text; ``in_force_from`` is an instant."""

    text_ru: str
    text_en: str
    in_force_from: datetime

    @property
    def digest(self) -> bytes:
        """SHA-256 over RFC 8785 JSON of both texts: what a member accepts."""
        return hashlib.sha256(rfc8785.dumps({"en": self.text_en, "ru": self.text_ru})).digest()


@dataclass(frozen=True, slots=True)
class Terms:
    """A published version."""

    terms_id: UUID
    draft: TermsDraft
    published_by: UUID
    published_at: datetime

    @property
    def digest(self) -> bytes:
        """What a member accepts."""
        return self.draft.digest


@dataclass(frozen=True, slots=True)
class PublishTerms:
    """Publish a version of the terms; ``in_force_from`` is ``None`` for at once."""

    text_ru: str
    text_en: str
    in_force_from: datetime | None
    by: UUID


@dataclass(frozen=True, slots=True)
class AcceptTerms:
    """A member's own yes to the version with this digest; ``accepts=False`` takes it back."""

    member_id: UUID
    digest: bytes
    accepts: bool = True


@dataclass(frozen=True, slots=True)
class RecordConsent:
    """Consent to one purpose, or its withdrawal; ``by`` is the member or an admin for them."""

    member_id: UUID
    purpose: Purpose
    gives: bool
    by: UUID


@dataclass(frozen=True, slots=True)
class StateMinority:
    """A member is under age until ``of_age_on``; ``None``: is not."""

    member_id: UUID
    of_age_on: date | None
    by: UUID


def check_terms(draft: TermsDraft, now: datetime, newest: Terms | None) -> None:
    """Refuse what cannot be published.

    Raises:
        TermsRefused: names the field.
    """
    for field, text in (("ru", draft.text_ru), ("en", draft.text_en)):
        visible = all(char.isprintable() or char in "\n\t" for char in text)
        if not text.strip() or len(text) > TERMS_LENGTH_MAX or not visible:
            raise TermsRefused(
                f"The terms are 1 to {TERMS_LENGTH_MAX} visible characters in each language.",
                field=field,
            )
    if newest is None:
        if draft.in_force_from < now:
            raise TermsRefused("Terms are never in force before today.", field="in_force_from")
        return
    if draft.in_force_from < now + NOTICE:
        raise TermsRefused(
            f"Changed terms are published {NOTICE.days} days before they are in force.",
            field="in_force_from",
        )
    if draft.in_force_from <= newest.draft.in_force_from:
        raise TermsRefused(
            "A later version of the terms comes into force after the one before.",
            field="in_force_from",
        )


def check_minority(command: StateMinority, today: date) -> None:
    """Refuse a day that lies behind, or so far ahead that nobody could be that young.

    Raises:
        ConsentRefused: names the field.
    """
    day = command.of_age_on
    if day is not None and not today < day <= today + timedelta(days=366 * AGE_YEARS_MAX):
        raise ConsentRefused(
            f"The day of coming of age lies ahead, by {AGE_YEARS_MAX} years at most.",
            field="of_age_on",
        )


def may(purpose: Purpose, *, is_minor: bool, by_member: bool | None, by_admin: bool | None) -> bool:
    """Whether a member may do what a purpose stands for.

    ``by_member`` and ``by_admin`` are what each said last, ``None`` for nothing. A public profile
    needs the member's own yes; under age each purpose needs one that an admin recorded as well.
    """
    if purpose is Purpose.PUBLIC_PROFILE and by_member is not True:
        return False
    return not is_minor or by_admin is True
