"""Who may decide on a case, and when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from ledger.quarantine.model import (
    APPEAL_TIME,
    WORDS_LENGTH_MAX,
    AppealStillOpen,
    Case,
    CaseDecided,
    CaseNeedsAnotherPerson,
    Kind,
    ReviewWordsUnreadable,
    Said,
    State,
    check_words,
    require_releasable,
    require_voidable,
)

AT = datetime(2026, 3, 2, tzinfo=UTC)
ANNA, BORIS, MODERATOR, OTHER = (UUID(int=number) for number in range(1, 5))
OPEN = Case(UUID(int=9), Kind.RING, State.OPEN, AT, None, None, (ANNA, BORIS), 12, ())
PROPOSED = replace(OPEN, state=State.PROPOSED, proposed_by=MODERATOR, proposed_at=AT)
OVER = AT + APPEAL_TIME


def appealed(case: Case, *by: UUID) -> Case:
    said = tuple(Said("appealed", one, AT, "no") for one in by)
    return replace(case, said=(Said("proposed", MODERATOR, AT, "why"), *said))


def test_words_have_a_length() -> None:
    assert check_words("  a ") == "a"
    assert check_words("a" * WORDS_LENGTH_MAX) == "a" * WORDS_LENGTH_MAX
    for wrong in ("", "  ", "a" * (WORDS_LENGTH_MAX + 1), "a\0b"):
        with pytest.raises(ReviewWordsUnreadable):
            check_words(wrong)


def test_awards_wait_while_a_case_is_live() -> None:
    states = {state: replace(OPEN, state=state).is_live for state in State}
    assert [state for state, live in states.items() if live] == [State.OPEN, State.PROPOSED]


def test_who_proposed_has_not_appealed() -> None:
    assert appealed(PROPOSED, ANNA).appeals() == {ANNA}


def test_only_what_is_proposed_is_voided() -> None:
    for case in (OPEN, replace(PROPOSED, state=State.VOIDED), replace(PROPOSED, proposed_at=None)):
        with pytest.raises(CaseDecided):
            require_voidable(case, OTHER, OVER)
    require_voidable(PROPOSED, OTHER, OVER)


def test_nobody_carries_out_their_own_proposal() -> None:
    with pytest.raises(CaseNeedsAnotherPerson):
        require_voidable(PROPOSED, MODERATOR, OVER)


def test_there_is_time_to_appeal_unless_everybody_did() -> None:
    early = OVER - timedelta(seconds=1)
    for case in (PROPOSED, appealed(PROPOSED, ANNA)):
        with pytest.raises(AppealStillOpen):
            require_voidable(case, OTHER, early)
        require_voidable(case, OTHER, OVER)
    require_voidable(appealed(PROPOSED, ANNA, BORIS), OTHER, early)


def test_who_proposed_may_release_unless_somebody_appealed() -> None:
    require_releasable(OPEN, MODERATOR)
    require_releasable(PROPOSED, MODERATOR)
    require_releasable(appealed(PROPOSED, ANNA), OTHER)
    with pytest.raises(CaseNeedsAnotherPerson):
        require_releasable(appealed(PROPOSED, ANNA), MODERATOR)
    with pytest.raises(CaseDecided):
        require_releasable(replace(OPEN, state=State.RELEASED), OTHER)


def test_a_case_was_decided_when_it_was_released_or_voided() -> None:
    assert appealed(PROPOSED, ANNA).decided_at is None
    said = (Said("proposed", MODERATOR, AT, "why"), Said("voided", OTHER, OVER, "so"))
    assert replace(PROPOSED, state=State.VOIDED, said=said).decided_at == OVER
