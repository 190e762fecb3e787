"""Points are used by who has accepted the terms in force."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from ledger.consents import service, store
from ledger.consents.model import (
    NOTICE,
    AcceptTerms,
    PublishTerms,
    Terms,
    TermsNotAccepted,
    TermsRefused,
    UnknownTerms,
)
from ledger.kernel.transaction import execute
from ledger.members.model import NotAnAdmin
from ledger.redemption import codes
from ledger.redemption.codes import IssueCode
from tests.integration.redemption.conftest import School
from tests.support.merging import merge


def publish(school: School, words: str, since: datetime | None = None) -> Terms:
    command = PublishTerms(f"{words} по-русски", words, since, school.world.first_admin)
    return execute(school.database, service.publish, command)


def say(school: School, terms: Terms, *, accepts: bool = True, member: UUID | None = None) -> None:
    command = AcceptTerms(member or school.member, terms.digest, accepts)
    execute(school.database, service.accept, command)


def said(school: School) -> int:
    with school.database.read() as work:
        counted = work.connection.exec_driver_sql("SELECT count(*) FROM consents")
        return int(counted.scalar_one())


def test_nobody_holds_points_without_accepting(school: School) -> None:
    school.set_terms(code_days=14)
    school.grant(100)
    school.held(10, order="A-1")
    terms = publish(school, "Be fair.")
    code = IssueCode(member_id=school.member, source="lms", currency="USD", discount_minor=10)
    with pytest.raises(TermsNotAccepted) as refused:
        school.held(10, order="A-2")
    assert refused.value.operands["digest"] == terms.digest.hex()
    with pytest.raises(TermsNotAccepted):
        execute(school.database, codes.issue, code)
    assert school.quote(school.order(order="A-2"), 10).offer.quote.points.amount == 10
    say(school, terms)
    school.held(10, order="A-2")
    execute(school.database, codes.issue, code)
    say(school, terms)
    assert said(school) == 1
    say(school, terms, accepts=False)
    with pytest.raises(TermsNotAccepted):
        school.held(10, order="A-3")
    assert said(school) == 2


def test_changed_terms_are_announced_and_then_asked_for_again(school: School) -> None:
    school.grant(100)
    first = publish(school, "Be fair.")
    say(school, first)
    with pytest.raises(TermsRefused, match="14 days"):
        publish(school, "Be nice.", school.clock.time + NOTICE - timedelta(seconds=1))
    second = publish(school, "Be nice.", school.clock.time + NOTICE)
    with pytest.raises(UnknownTerms):
        say(school, second)
    school.held(10, order="A-1")
    with school.database.read() as work:
        standing = service.standing(work, school.member)
    assert (standing.in_force, standing.coming) == (first, second)
    school.clock.forward(days=NOTICE.days)
    with pytest.raises(TermsNotAccepted):
        school.held(10, order="A-2")
    with pytest.raises(UnknownTerms):
        say(school, first)
    say(school, second)
    school.held(10, order="A-2")


def test_who_publishes_and_what(school: School) -> None:
    with pytest.raises(NotAnAdmin):
        execute(school.database, service.publish, PublishTerms("а", "b", None, school.member))
    publish(school, "Be fair.")
    later = school.clock.time + NOTICE
    with pytest.raises(TermsRefused, match="published before"):
        publish(school, "Be fair.", later)
    with school.database.read() as work:
        assert len(store.versions(work)) == 1


def test_a_merged_person_has_accepted_once(school: School) -> None:
    terms = publish(school, "Be fair.")
    other = school.world.link("twin")
    say(school, terms, member=other)
    merge(school.world, school.member, other)
    school.grant(100)
    school.held(10)
