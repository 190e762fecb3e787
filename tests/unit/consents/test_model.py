"""What may be published, stated and done, by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from ledger.consents.model import (
    NOTICE,
    TERMS_LENGTH_MAX,
    ConsentRefused,
    Purpose,
    StateMinority,
    Terms,
    TermsDraft,
    TermsRefused,
    check_minority,
    check_terms,
    may,
)

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
NOBODY = UUID(int=1)
FIRST = Terms(UUID(int=2), TermsDraft("Слова", "Words", NOW), NOBODY, NOW)


@pytest.mark.parametrize(
    ("draft", "newest", "field"),
    [
        (TermsDraft(" ", "Words", NOW), None, "ru"),
        (TermsDraft("Слова", "a\x00b", NOW), None, "en"),
        (TermsDraft("Слова", "w" * (TERMS_LENGTH_MAX + 1), NOW), None, "en"),
        (TermsDraft("Слова", "Words", NOW - timedelta(microseconds=1)), None, "in_force_from"),
        (TermsDraft("Б", "B", NOW + NOTICE - timedelta(microseconds=1)), FIRST, "in_force_from"),
    ],
)
def test_terms_that_are_refused(draft: TermsDraft, newest: Terms | None, field: str) -> None:
    with pytest.raises(TermsRefused) as refused:
        check_terms(draft, NOW, newest)
    assert refused.value.operands["field"] == field


def test_terms_that_are_published() -> None:
    check_terms(TermsDraft("Строка\n\nи ещё", "w" * TERMS_LENGTH_MAX, NOW), NOW, None)
    check_terms(TermsDraft("Б", "B", NOW + NOTICE), NOW, FIRST)


def test_versions_come_into_force_one_after_another() -> None:
    later = Terms(UUID(int=3), TermsDraft("В", "C", NOW + 2 * NOTICE), NOBODY, NOW)
    with pytest.raises(TermsRefused, match="after the one before"):
        check_terms(TermsDraft("Г", "D", NOW + 2 * NOTICE), NOW, later)


def test_the_digest_is_of_both_languages() -> None:
    ours = TermsDraft("а", "b", NOW)
    assert ours.digest == TermsDraft("а", "b", NOW + NOTICE).digest
    assert (
        len({ours.digest, TermsDraft("б", "b", NOW).digest, TermsDraft("а", "c", NOW).digest}) == 3
    )


@pytest.mark.parametrize(
    ("day", "fits"),
    [
        (None, True),
        (date(2026, 3, 2), False),
        (date(2026, 3, 3), True),
        (date(2044, 3, 2), True),
        (date(2044, 3, 30), False),
    ],
)
def test_the_day_of_coming_of_age(day: date | None, *, fits: bool) -> None:
    command = StateMinority(NOBODY, day, FIRST.terms_id)
    if fits:
        check_minority(command, NOW.date())
        return
    with pytest.raises(ConsentRefused):
        check_minority(command, NOW.date())


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("is_minor", [False, True])
@pytest.mark.parametrize("by_member", [None, False, True])
@pytest.mark.parametrize("by_admin", [None, False, True])
def test_who_may(
    purpose: Purpose, *, is_minor: bool, by_member: bool | None, by_admin: bool | None
) -> None:
    allowed = may(purpose, is_minor=is_minor, by_member=by_member, by_admin=by_admin)
    wanted = by_member is True or purpose is not Purpose.PUBLIC_PROFILE
    assert allowed == (wanted and (by_admin is True or not is_minor))
