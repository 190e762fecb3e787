"""What outsiders and members say of the text, how much of it, and how it is taken back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from api import memoranda
from governance.memorandum import voices, voices_store
from governance.memorandum.errors import (
    BadAnswers,
    BadComment,
    BadInterest,
    BadMemorandumSignature,
    CommentGone,
    CommentsClosed,
    CommentsNotForYou,
    StatementNotNow,
    ToldBefore,
    TooMuchSaid,
    UnknownComment,
    UnknownInterest,
)
from governance.memorandum.model import Version
from governance.memorandum.saying import (
    COMMENT_LIMITS,
    Comment,
    comment_statement,
    forget_statement,
    withdrawal_statement,
)
from governance.memorandum.voices import DeleteInterest, HideComment, WithdrawComment, WriteComment
from ledger.kernel.transaction import execute
from ledger.members.model import NotAnAdmin
from tests.support.memorandum import CONSENT, Assembly, wording


def _shown(assembly: Assembly, version: Version) -> list[str]:
    with assembly.database.read() as work:
        return [each.said for each in voices_store.comments(work, version.version_id, 100)]


def _withdrawal(assembly: Assembly, name: str, comment: Comment) -> WithdrawComment:
    statement = withdrawal_statement(assembly.register(), comment.comment_id)
    return WithdrawComment(comment.comment_id, assembly.outsider(name, statement))


def test_outsiders_and_members_comment_and_take_it_back(assembly: Assembly) -> None:
    version, database = assembly.propose(), assembly.database
    strange = assembly.comment("Zoe", version, "<b>Why?</b>")
    own = assembly.comment("ann", version, "Because.", section="b")
    assert _shown(assembly, version) == ["<b>Why?</b>", "Because."]
    assembly.publish(version)
    assembly.comment("Zoe", version, "Aha.")

    with pytest.raises(UnknownComment):
        execute(database, voices.withdraw, _withdrawal(assembly, "Max", strange))
    with pytest.raises(UnknownComment):
        execute(
            database,
            voices.withdraw,
            WithdrawComment(own.comment_id, assembly.world.linked["bob"]),
        )
    theirs = _withdrawal(assembly, "Zoe", strange)
    with pytest.raises(BadMemorandumSignature):
        execute(database, voices.withdraw, replace(theirs, comment_id=own.comment_id))
    execute(database, voices.withdraw, theirs)
    with pytest.raises(CommentGone):
        execute(database, voices.withdraw, theirs)
    execute(
        database, voices.withdraw, WithdrawComment(own.comment_id, assembly.world.linked["ann"])
    )
    assert _shown(assembly, version) == ["Aha."]


def test_what_cannot_be_a_comment(assembly: Assembly) -> None:
    version = assembly.adopted("one")
    for changes in ({"section": "zzz"}, {"said": " "}, {"said": "x" * 2_001}):
        with pytest.raises(BadComment):
            assembly.comment("Zoe", version, **{"said": "x", **changes})
    with pytest.raises(BadComment):
        assembly.comment("two\nlines", version, "x")
    assembly.publish(assembly.propose(wording("two")))
    with pytest.raises(CommentsClosed):
        assembly.comment("Zoe", version, "too late")


def test_an_outsiders_word_is_signed_now_and_said_once(assembly: Assembly) -> None:
    version, database = assembly.adopted(), assembly.database
    statement = comment_statement(assembly.register(), version, "a", "Zoe", "Hello")
    by = assembly.outsider("Zoe", statement)
    good = WriteComment(version.version_id, "a", "Zoe", "en", "Hello", by)
    for other in (
        replace(good, said="Altered"),
        replace(good, section_id="b"),
        replace(good, name="Max"),
        replace(good, by=replace(by, public_key=assembly.device("Max").key)),
    ):
        with pytest.raises(BadMemorandumSignature):
            execute(database, voices.comment, other)
    elsewhere = comment_statement(bytes(32), version, "a", "Zoe", "Hello")
    with pytest.raises(BadMemorandumSignature):
        execute(database, voices.comment, replace(good, by=assembly.outsider("Zoe", elsewhere)))
    execute(database, voices.comment, good)
    with pytest.raises(ToldBefore):
        execute(database, voices.comment, good)
    assembly.forward(minutes=11)
    with pytest.raises(StatementNotNow):
        execute(database, voices.comment, good)


def test_comments_are_not_stuffed(assembly: Assembly, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        voices, "COMMENT_LIMITS", replace(COMMENT_LIMITS, of_one=2, of_network=4, of_all=5)
    )
    version = assembly.adopted()
    said = iter(f"comment {number}" for number in range(100))

    def refused(name: str, network: bytes | None = b"n" * 32) -> str:
        with pytest.raises(TooMuchSaid) as found:
            assembly.comment(name, version, next(said), network=network)
        return str(found.value.operands["whose"])

    for name in ("Zoe", "Zoe", "Max", "Max"):
        assembly.comment(name, version, next(said))
    assert refused("Zoe", None) == "one"
    assert refused("Ivy") == "network"
    assembly.comment("Ivy", version, next(said), network=b"m" * 32)
    assert refused("Leo", b"k" * 32) == "all"
    for _ in range(2):
        assembly.comment("ann", version, next(said))
    with pytest.raises(TooMuchSaid):
        assembly.comment("ann", version, next(said))
    assembly.forward(hours=25)
    assembly.comment("Zoe", version, next(said))
    with assembly.database.read() as work:
        left = work.connection.exec_driver_sql(
            "SELECT count(*) FROM memorandum_networks"
        ).scalar_one()
    assert left == 3  # From where people spoke yesterday is forgotten.


def test_a_moderator_hides_for_a_reason(assembly: Assembly) -> None:
    version, database = assembly.adopted(), assembly.database
    comment = assembly.comment("Zoe", version, "Buy my shoes")
    hide = HideComment(comment.comment_id, assembly.world.first_admin, "Advertising")
    with pytest.raises(CommentsNotForYou):
        execute(database, voices.hide, replace(hide, by=assembly.world.linked["ann"]))
    with pytest.raises(BadComment):
        execute(database, voices.hide, replace(hide, reason=" "))
    with pytest.raises(UnknownComment):
        execute(database, voices.hide, replace(hide, comment_id=UUID(int=1)))
    execute(database, voices.hide, hide)
    with pytest.raises(CommentGone):
        execute(database, voices.hide, hide)
    assert _shown(assembly, version) == []
    with database.read() as work:
        (hidden,) = voices_store.comments(work, version.version_id, 10, shown=False)
    told = memoranda.comment_json(hidden)
    assert (told["said"], told["name"], told["hidden_reason"]) == (None, None, "Advertising")


def test_interest_is_kept_replaced_and_deleted(assembly: Assembly) -> None:
    database = assembly.database
    execute(database, voices.register_interest, assembly.interest("Zoe", "zoe@example.org"))
    first = assembly.interest("Zoe", "never mind")
    with pytest.raises(ToldBefore):  # Of two at the same second the first stands.
        execute(database, voices.register_interest, first)
    with pytest.raises(BadInterest):
        execute(database, voices.register_interest, assembly.interest("Zoe", "x" * 121))
    with pytest.raises(BadMemorandumSignature):
        execute(database, voices.register_interest, replace(first, consent=bytes(32)))
    assembly.forward(minutes=1)
    execute(database, voices.register_interest, assembly.interest("Zoe", ""))
    execute(database, voices.register_interest, assembly.interest("Max"))
    with database.read() as work:
        found = {each.name: each for each in voices_store.interests_page(work, None, 10)}
        assert voices_store.count_interests(work) == 2
    assert (found["Zoe"].contact, CONSENT) == ("", bytes(range(32)))
    delete = DeleteInterest(found["Max"].interest_id, assembly.world.first_admin)
    with pytest.raises(NotAnAdmin):
        execute(database, voices.delete_interest, replace(delete, by=assembly.world.linked["ann"]))
    execute(database, voices.delete_interest, delete)
    with pytest.raises(UnknownInterest):
        execute(database, voices.delete_interest, delete)


def test_answers_are_counted_by_browser(assembly: Assembly) -> None:
    version, database = assembly.propose(), assembly.database
    for name, answers in (("Zoe", {"join": 0, "when": 2}), ("Max", {"join": 0})):
        execute(database, voices.answer, assembly.answers(name, version, **answers))
    for wrong in ({"join": 2}, {"other": 0}, {}):
        with pytest.raises(BadAnswers):
            execute(database, voices.answer, assembly.answers("Ivy", version, **wrong))
    again = assembly.answers("Max", version, join=1)
    with pytest.raises(ToldBefore):
        execute(database, voices.answer, again)
    assembly.forward(minutes=1)
    execute(database, voices.answer, assembly.answers("Max", version, join=1))
    with pytest.raises(ToldBefore):  # The earlier answers, told again.
        execute(database, voices.answer, again)
    with database.read() as work:
        told = memoranda.answers_json(work, version)
    assert told == {
        "by": "outsiders",
        "browsers": 2,
        "questions": [
            {"id": "join", "chosen": [1, 1]},
            {"id": "when", "chosen": [0, 0, 1]},
        ],
    }


def test_an_outsider_has_everything_deleted(assembly: Assembly) -> None:
    version, database = assembly.adopted(), assembly.database
    assembly.comment("Zoe", version, "One")
    assembly.comment("Max", version, "Two")
    execute(database, voices.register_interest, assembly.interest("Zoe", "zoe@example.org"))
    execute(database, voices.answer, assembly.answers("Zoe", version, join=0))
    by = assembly.outsider("Zoe", forget_statement(assembly.register()))
    with pytest.raises(BadMemorandumSignature):
        execute(database, voices.forget, replace(by, public_key=assembly.device("Max").key))
    late = replace(by, said_at=_moved(by.said_at, hours=1))
    with pytest.raises((BadMemorandumSignature, StatementNotNow)):
        execute(database, voices.forget, late)
    assert execute(database, voices.forget, by) == 3
    assert _shown(assembly, version) == ["Two"]
    with database.read() as work:
        assert voices_store.count_interests(work) == 0
        assert voices_store.count_answers(work, version.version_id) == (0, {})


def _moved(moment: datetime, *, hours: int) -> datetime:
    return moment + timedelta(hours=hours)
