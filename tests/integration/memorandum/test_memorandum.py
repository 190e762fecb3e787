"""Versions by two persons, signatures in their order, and what each of them refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from api.erasing import EraseMember, erase_and_list, tell
from api.supervisor.state import StateFolder
from governance.memorandum import drafts, register_store, service, signing, store
from governance.memorandum.drafts import read_wording, write_wording
from governance.memorandum.errors import (
    BadMemorandum,
    BadMemorandumSignature,
    BrowserKeyTaken,
    EntryStale,
    MemorandumDecided,
    MemorandumDiffers,
    MemorandumNeedsAnotherPerson,
    MemorandumNotOpenYet,
    MemorandumOvertaken,
    NotInForce,
    NotSigned,
    SignedAlready,
    StatementNotNow,
    TooManyEntries,
    TooManyVersionsWaiting,
    UnknownMemorandum,
)
from governance.memorandum.model import (
    WAITING_MAX,
    Change,
    Question,
    Section,
    Version,
    VersionState,
    differences,
    vote_hash,
)
from governance.memorandum.register import TURNS_MAX, Act, device_message
from governance.memorandum.service import ProposeVersion, PublishVersion
from governance.memorandum.signing import ByDevice, Enter
from governance.memorandum.verify import check_memorandum
from ledger.kernel.transaction import execute
from ledger.members.model import (
    SINGLE_ADMIN_DELAY,
    MemberNotActive,
    NotAnAdmin,
    WordCountsNoLonger,
)
from tests.support.memorandum import Assembly, wording, words


def _findings(assembly: Assembly) -> list[str]:
    with assembly.database.read() as work:
        return [f"{each.row}: {each.problem}" for each in check_memorandum(work)]


def test_the_draft_that_ships_can_be_proposed_and_published(assembly: Assembly) -> None:
    shipped = drafts.founding()
    version = assembly.publish(assembly.propose(shipped))
    assert version.content == drafts.founding_text().hashed()
    assert drafts.wording_of(version) == shipped == read_wording(write_wording(shipped))
    assert version.state is VersionState.PUBLISHED
    assert _findings(assembly) == []


def test_a_version_takes_two_persons_and_exactly_what_was_proposed(assembly: Assembly) -> None:
    world, database = assembly.world, assembly.database
    with pytest.raises(NotAnAdmin):
        execute(database, service.propose, ProposeVersion(world.linked["ann"], wording()))
    version = assembly.propose()
    approval = version.approval_digest
    own = PublishVersion(version.version_id, world.first_admin, approval)
    with pytest.raises(MemorandumNeedsAnotherPerson):
        execute(database, service.publish, own)
    with pytest.raises(MemorandumDiffers):
        execute(database, service.publish, replace(own, approval_digest=version.content))
    with pytest.raises(UnknownMemorandum):
        execute(database, service.publish, replace(own, version_id=UUID(int=1)))
    with pytest.raises(NotAnAdmin):
        execute(database, service.publish, replace(own, person_id=world.linked["ann"]))
    published = assembly.publish(version)
    assert published.text.number == 1
    with pytest.raises(MemorandumDecided):
        assembly.publish(version)
    assert _findings(assembly) == []


def test_the_word_of_who_is_no_admin_any_more_counts_no_longer(assembly: Assembly) -> None:
    version = assembly.propose()
    with assembly.database.engine.begin() as connection:
        connection.execute(
            sa.text("DELETE FROM member_roles WHERE member_id = :who AND role = 'admin'"),
            {"who": assembly.world.first_admin},
        )
    with pytest.raises(WordCountsNoLonger):
        assembly.publish(version)


def test_of_two_side_by_side_one_follows(assembly: Assembly) -> None:
    first = assembly.adopted("one")
    second, third = assembly.propose(wording("two")), assembly.propose(wording("three"))
    assert second.text.number == third.text.number == 2
    assert second.text.previous == first.content
    assembly.publish(third)
    with pytest.raises(MemorandumOvertaken):
        assembly.publish(second)
    assert assembly.close(second).state is VersionState.REJECTED
    mine = assembly.propose(wording("four"))
    assert assembly.close(mine, by_author=True).state is VersionState.WITHDRAWN
    with assembly.database.read() as work:
        line = [each.content for each in store.published(work)]
    assert line == [first.content, third.content]
    for _ in range(WAITING_MAX):
        assembly.propose()
    with pytest.raises(TooManyVersionsWaiting):
        assembly.propose()
    assert _findings(assembly) == []


def test_a_single_admin_waits_in_public(assembly: Assembly) -> None:
    world, database = assembly.world, assembly.database
    with database.engine.begin() as connection:
        connection.execute(
            sa.text("DELETE FROM member_roles WHERE member_id = :who"),
            {"who": world.second_admin},
        )
    version = assembly.propose()
    assert version.open_from == assembly.clock.now() + SINGLE_ADMIN_DELAY
    own = PublishVersion(version.version_id, world.first_admin, version.approval_digest)
    with pytest.raises(MemorandumNotOpenYet):
        execute(database, service.publish, own)
    assembly.clock.forward(SINGLE_ADMIN_DELAY)
    assert execute(database, service.publish, own).state is VersionState.PUBLISHED
    assert _findings(assembly) == []


def test_a_vote_publishes_the_version_whose_words_it_adopted(assembly: Assembly) -> None:
    version = assembly.propose()
    vote: dict[str, Any] = {"kind": "vote", "chain_key": 1, "mandate": 1}

    def adopt(hashed: bytes) -> Version | None:
        return execute(
            assembly.database, lambda work, _: service.publish_voted(work, hashed, vote), None
        )

    assert adopt(bytes(32)) is None
    rival = assembly.propose(wording("another"))
    adopted = adopt(vote_hash(version.text))
    assert adopted is not None
    assert (adopted.state, adopted.version_id) == (VersionState.PUBLISHED, version.version_id)
    with pytest.raises(MemorandumOvertaken):
        adopt(vote_hash(rival.text))
    # There was no such vote on any chain: the check of the ledger says so.
    assert [each.partition(": ")[2] for each in _findings(assembly)] == [
        "names a vote that adopted other words"
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": replace(words("T"), ru="")}, "title"),
        ({"title": words("two\nlines")}, "title"),
        ({"summary": words("x" * 2_000)}, "summary"),
        ({"sections": ()}, "sections"),
        ({"sections": (Section("A", words("h"), words("p")),)}, "sections"),
        ({"sections": (Section("a", words("h"), words("p")),) * 2}, "sections"),
        ({"sections": (Section("a", words("h"), words("\x07")),)}, "sections.a"),
        ({"questions": (Question("q", words("?"), (words("one"),)),)}, "questions.q"),
        ({"questions": (Question("q", words("?"), (words("one"), words("One"))),)}, "questions.q"),
        ({"questions": (Question("q", words("?"), (words("a"), words("b"))),) * 7}, "questions"),
    ],
)
def test_what_cannot_be_a_text(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(BadMemorandum) as refused:
        read_wording(write_wording(wording(**changes)))
    assert refused.value.operands["field"] == field


@pytest.mark.parametrize(
    "source",
    ["[", "- a", "name: x", "a: &a {}\nb: *a", "title: {en: a}", "title: 1", "x" * 500_000],
)
def test_what_is_no_file_of_a_text(source: str) -> None:
    with pytest.raises(BadMemorandum):
        read_wording(source)


def test_differences_by_section() -> None:
    before = drafts.founding_text()
    changed = replace(before.sections[1], passage=words("new"))
    added = Section("added", words("h"), words("p"))
    after = replace(before, sections=(*before.sections[2:], changed, added))
    found = {each.section_id: each.change for each in differences(before, after)}
    assert found.pop("who-we-are") is Change.REMOVED
    assert found.pop("what-we-promise") is Change.CHANGED
    assert found.pop("added") is Change.ADDED
    assert set(found.values()) == {Change.SAME}


def test_sign_withdraw_and_sign_again(assembly: Assembly) -> None:
    version = assembly.adopted()
    first = assembly.enter("ann", version, language="ru")
    assembly.enter("bob", version)
    with pytest.raises(SignedAlready):
        assembly.enter("ann", version)
    assembly.enter("ann", version, Act.WITHDRAW)
    with pytest.raises(NotSigned):
        assembly.enter("ann", version, Act.WITHDRAW)
    again = assembly.enter("ann", version)
    assert (first.number, again.number, again.statement.turn) == (1, 4, 3)
    with assembly.database.read() as work:
        tally = register_store.tallies(work)[version.content]
    assert tally == {("sign", "en"): 2}
    assert _findings(assembly) == []


def test_only_what_is_in_force_is_signed_and_anything_signed_is_withdrawn(
    assembly: Assembly,
) -> None:
    first = assembly.adopted("one")
    assembly.enter("ann", first)
    second = assembly.propose(wording("two"))
    with pytest.raises(NotInForce):
        assembly.enter("ann", second)
    assembly.publish(second)
    with pytest.raises(NotInForce):
        assembly.enter("bob", first)
    assembly.enter("ann", second)
    assembly.enter("ann", first, Act.WITHDRAW)
    with pytest.raises(NotSigned):
        assembly.enter("bob", second, Act.WITHDRAW)
    assert _findings(assembly) == []


def test_nothing_signed_counts_elsewhere_or_twice(assembly: Assembly) -> None:
    """A signature is of one version, one register, one member, one turn, one act, and now."""
    version, database = assembly.adopted("one"), assembly.database
    said = assembly.say("ann", version, Act.SIGN)
    good = assembly.signed(version, said, assembly.device("ann"))
    for changes in (
        {"act": Act.WITHDRAW},
        {"language": "ru"},
        {"member_id": assembly.world.linked["bob"]},
        {"signed_at": said.signed_at + timedelta(seconds=1)},
    ):
        with pytest.raises((BadMemorandumSignature, NotSigned)):
            execute(database, signing.enter, replace(good, say=replace(said, **changes)))
    elsewhere = assembly.world.linked["ann"]
    part = execute(database, signing.enrol, elsewhere)
    for other in (
        replace(part, register=bytes(32)),
        replace(part, signer=replace(part.signer, pseudonym=bytes(32))),
    ):
        message = device_message(signing.statement_of(other, version, said))
        forged = ByDevice(assembly.device("ann").key, assembly.device("ann").sign(message))
        with pytest.raises(BadMemorandumSignature):
            execute(database, signing.enter, Enter(said, forged))
    execute(database, signing.enter, good)
    assembly.enter("ann", version, Act.WITHDRAW)
    with pytest.raises(EntryStale):  # The signature from before the withdrawal, told again.
        execute(database, signing.enter, good)
    second = assembly.publish(assembly.propose(wording("two")))
    moved = replace(good, say=replace(said, version_id=second.version_id, turn=3))
    with pytest.raises(BadMemorandumSignature):
        execute(database, signing.enter, moved)


def test_a_statement_is_of_now(assembly: Assembly) -> None:
    version = assembly.adopted()
    said = assembly.say("ann", version, Act.SIGN)
    late = assembly.signed(version, said, assembly.device("ann"))
    assembly.forward(minutes=11)
    with pytest.raises(StatementNotNow):
        execute(assembly.database, signing.enter, late)
    ahead = assembly.say("ann", version, Act.SIGN, signed_at=said.signed_at + timedelta(hours=1))
    early = assembly.signed(version, ahead, assembly.device("ann"))
    with pytest.raises(StatementNotNow):
        execute(assembly.database, signing.enter, early)


def test_a_browsers_key_is_one_members(assembly: Assembly) -> None:
    version = assembly.adopted()
    assembly.enter("ann", version)
    said = assembly.say("bob", version, Act.SIGN)
    borrowed = assembly.signed(version, said, assembly.device("ann"))
    with pytest.raises(BrowserKeyTaken):
        execute(assembly.database, signing.enter, borrowed)


def test_a_member_has_so_many_entries(assembly: Assembly, monkeypatch: pytest.MonkeyPatch) -> None:
    assert TURNS_MAX == 50
    monkeypatch.setattr(signing, "TURNS_MAX", 2)
    version = assembly.adopted()
    assembly.enter("ann", version)
    assembly.enter("ann", version, Act.WITHDRAW)
    with pytest.raises(TooManyEntries):
        assembly.enter("ann", version)


def test_who_is_forgotten_leaves_entries_without_a_name(assembly: Assembly, tmp_path: Path) -> None:
    version, database = assembly.adopted(), assembly.database
    assembly.enter("ann", version)
    assembly.enter("bob", version)
    assembly.comment("ann", version, "Mine.")
    ann = assembly.world.linked["ann"]
    with database.read() as work:
        told = tell(work, ann)
    state = StateFolder(tmp_path / "erasing")
    state.prepare()
    erase_and_list(database, state, EraseMember(ann, told.confirm, "member"))
    with database.read() as work:
        counted = [
            work.connection.exec_driver_sql(f"SELECT count(*) FROM memorandum_{each}").scalar_one()
            for each in ("entries", "evidence", "signers", "comments")
        ]
        assert register_store.signer(work, ann) is None
    assert counted == [2, 1, 1, 0]
    assert _findings(assembly) == []
    with pytest.raises(MemberNotActive):
        assembly.say("ann", version, Act.SIGN)


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("UPDATE memorandum_entries SET language = 'ru' WHERE number = 1", "was altered"),
        ("UPDATE memorandum_entries SET recorded_at = now()", "was altered"),
        ("DELETE FROM memorandum_entries WHERE number = 2", "stands where 2 should be"),
        ("UPDATE memorandum_evidence SET evidence = '{}'", "rests on another signature"),
        ("UPDATE memorandum_signers SET salt = sha256('x')", "a pseudonym of somebody else"),
        ('UPDATE memorandum_versions SET title = \'{"en": "x", "ru": "y"}\'', "another text"),
        ("UPDATE memorandum_versions SET questions = '[]'", "is not what was decided on"),
        (
            "UPDATE memorandum_decisions SET decided_by = v.proposed_by FROM memorandum_versions v",
            "was published by who proposed it",
        ),
    ],
)
def test_the_ledgers_check_finds_what_was_altered(
    assembly: Assembly, migrator_url: str, statement: str, finding: str
) -> None:
    version = assembly.adopted()
    for name in ("ann", "bob", "cid"):
        assembly.enter(name, version)
    engine = sa.create_engine(migrator_url)
    with engine.begin() as connection:
        for table in ("entries", "versions", "decisions"):
            connection.exec_driver_sql(f"ALTER TABLE memorandum_{table} DISABLE TRIGGER USER")
        connection.exec_driver_sql("DELETE FROM memorandum_evidence WHERE number = 2")
        connection.exec_driver_sql(statement)
    engine.dispose()
    assert any(finding in each for each in _findings(assembly)), _findings(assembly)
