"""Members, links, roles and one-time links against a real database."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from ledger.kernel import outbox
from ledger.kernel.transaction import Database, Work, execute
from ledger.members import service, store
from ledger.members.links import service as links
from ledger.members.model import (
    AdminExists,
    ApproveRole,
    BadDisplayName,
    BadIdentity,
    BlockMember,
    CreateMember,
    IdentityKey,
    IdentityNotLinked,
    IdentityTaken,
    IssueLink,
    LinkIdentity,
    LinkSpent,
    MemberNotActive,
    NotAnAdmin,
    ProposeRole,
    RevokeRole,
    Role,
    RoleNeedsAnotherPerson,
    RoleNotProposed,
    TakeIn,
    TooFewAdmins,
    UnknownIdentity,
    UnknownLink,
    UnknownMember,
    UnlinkIdentity,
    UseLink,
    WordCountsNoLonger,
)
from tests.support.admins import blocked

KEY = IdentityKey("lms", "https://lms.example", "1042")
NOBODY = UUID(int=7)


def create(database: Database, name: str | None = None) -> UUID:
    return execute(database, service.create_member, CreateMember("en", name)).member_id


def reference(database: Database, key: IdentityKey = KEY) -> UUID:
    return execute(database, service.references_of, [key])[key]


def waiting(database: Database) -> list[str]:
    with database.read() as work:
        return outbox.waiting_keys(work, "score")


def set_status(database: Database, member_id: UUID, status: str) -> None:
    with database.engine.begin() as connection:
        connection.execute(
            sa.text("UPDATE members SET status = :s WHERE member_id = :m"),
            {"s": status, "m": member_id},
        )


def test_a_member_has_a_name_and_a_language(database: Database) -> None:
    member_id = create(database, "Анна")
    with database.read() as work:
        member = service.require_member(work, member_id)
        assert (member.display_name, member.locale, member.status) == ("Анна", "en", "active")
        assert store.list_members(work, after=None, limit=10) == [member]
        assert store.list_members(work, after=member_id, limit=10) == []
        assert store.count_members(work) == 1
        with pytest.raises(UnknownMember):
            service.require_member(work, NOBODY)


def test_a_name_that_cannot_be_shown_is_refused(database: Database) -> None:
    for name in ("", "   ", "x" * 121, "a\nb"):
        with pytest.raises(BadDisplayName):
            create(database, name)


def test_a_key_has_one_reference_for_ever(database: Database) -> None:
    first = reference(database)
    others = [IdentityKey("lms", "https://other.example", "1042"), IdentityKey("x", "y", "1042")]
    known = execute(database, service.references_of, [KEY, *others, KEY])
    assert known[KEY] == first
    assert len(set(known.values())) == 3


@pytest.mark.parametrize("key", [("", "i", "s"), ("p", "i", "s" * 257), ("p", "i", "a\x00")])
def test_a_key_that_cannot_be_one_is_refused(database: Database, key: tuple[str, str, str]) -> None:
    with pytest.raises(BadIdentity):
        reference(database, IdentityKey(*key))


def test_two_who_ask_for_the_same_new_keys_get_the_same_references(database: Database) -> None:
    keys = [IdentityKey("lms", "i", str(number)) for number in range(200)]
    found: list[dict[IdentityKey, UUID]] = []
    gate = threading.Barrier(4)

    def ask(order: list[IdentityKey]) -> None:
        gate.wait()
        found.append(execute(database, service.references_of, order))

    threads = [
        threading.Thread(target=ask, args=(order,))
        for order in (keys, keys[::-1], keys, keys[::-1])
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(one == found[0] for one in found)
    with database.engine.connect() as connection:
        count = connection.execute(sa.text("SELECT count(*) FROM identities")).scalar_one()
        assert count == 200, "no reference without a key is left behind"


def test_linking_asks_for_a_score_once(database: Database) -> None:
    member_id, ref = create(database), reference(database)
    link = LinkIdentity(member_id, ref, "lms_link", b"\x01" * 32)
    execute(database, service.link_identity, link)
    assert waiting(database) == [str(member_id)]
    execute(database, service.link_identity, link)
    with database.read() as work:
        found = service.member_of(work, KEY)
        assert found is not None
        assert found.member_id == member_id
        assert service.references_of_member(work, member_id) == [ref]
        assert service.members_of(work, [ref, NOBODY]) == {ref: member_id}
        assert [one.key for one in store.identities_of_member(work, member_id)] == [KEY]
        assert store.keys_by_reference(work, [ref]) == {ref: KEY}
        log = work.connection.execute(sa.text("SELECT action FROM identity_links")).scalars().all()
    assert log == ["linked"], "saying it again is not a second link"


def test_an_identity_is_one_members(database: Database) -> None:
    first, second, ref = create(database), create(database), reference(database)
    execute(database, service.link_identity, LinkIdentity(first, ref, "lms_link"))
    with pytest.raises(IdentityTaken):
        execute(database, service.link_identity, LinkIdentity(second, ref, "lms_link"))


def test_linking_needs_both_sides(database: Database) -> None:
    member_id, ref = create(database), reference(database)
    with pytest.raises(UnknownMember):
        execute(database, service.link_identity, LinkIdentity(NOBODY, ref, "p"))
    with pytest.raises(UnknownIdentity):
        execute(database, service.link_identity, LinkIdentity(member_id, NOBODY, "p"))
    set_status(database, member_id, "blocked")
    with pytest.raises(MemberNotActive):
        execute(database, service.link_identity, LinkIdentity(member_id, ref, "p"))


def test_unlinking_parks_again_and_is_logged(database: Database) -> None:
    member_id, ref = create(database), reference(database)
    execute(database, service.link_identity, LinkIdentity(member_id, ref, "p"))
    execute(database, service.unlink_identity, UnlinkIdentity(member_id, ref, "own_wish"))
    with database.read() as work:
        assert service.member_of(work, KEY) is None
        log = work.connection.execute(
            sa.text("SELECT action FROM identity_links ORDER BY link_id")
        ).scalars()
        assert list(log) == ["linked", "unlinked"]
    with pytest.raises(IdentityNotLinked):
        execute(database, service.unlink_identity, UnlinkIdentity(member_id, ref, "own_wish"))
    with pytest.raises(UnknownMember):
        execute(database, service.unlink_identity, UnlinkIdentity(NOBODY, ref, "own_wish"))


def test_the_link_log_refuses_to_be_changed(database: Database) -> None:
    execute(
        database, service.link_identity, LinkIdentity(create(database), reference(database), "p")
    )
    with pytest.raises(DBAPIError, match="append-only"), database.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM identity_links"))


def test_taking_in_twice_at_once_makes_one_member_each(database: Database) -> None:
    keys = [IdentityKey("lms", "i", str(number)) for number in range(50)]
    refs = list(execute(database, service.references_of, keys).values())
    made: list[list[UUID]] = []
    threads = [
        threading.Thread(
            target=lambda: made.append(execute(database, service.take_in, TakeIn(refs, "import")))
        )
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, made)) == [0, 0, 50]
    assert len(waiting(database)) == 50
    assert execute(database, service.take_in, TakeIn([], "import")) == []


def test_links_from_the_server_make_two_admins_and_no_more(database: Database) -> None:
    first, second, third = create(database), create(database), create(database)
    for _ in range(2):
        execute(database, service.make_first_admin, first)
    execute(database, service.make_first_admin, second)
    with pytest.raises(AdminExists):
        execute(database, service.make_first_admin, third)
    with database.read() as work:
        assert store.count_admins(work) == 2


def test_roles_need_two_persons(database: Database) -> None:
    first, second, third = create(database), create(database), create(database)
    execute(database, service.make_first_admin, first)
    execute(database, service.make_first_admin, second)
    with pytest.raises(NotAnAdmin):
        execute(database, service.propose_role, ProposeRole(first, Role.CURATOR, third))

    execute(database, service.propose_role, ProposeRole(third, Role.ADMIN, first))
    with pytest.raises(RoleNeedsAnotherPerson):
        execute(database, service.approve_role, ApproveRole(third, Role.ADMIN, first))
    with pytest.raises(RoleNotProposed):
        execute(database, service.approve_role, ApproveRole(third, Role.AUDITOR, second))
    with blocked(database, first), pytest.raises(WordCountsNoLonger):
        execute(database, service.approve_role, ApproveRole(third, Role.ADMIN, second))
    for _ in range(2):
        execute(database, service.approve_role, ApproveRole(third, Role.ADMIN, second))
    with database.read() as work:
        assert service.roles_of(work, third) == {Role.ADMIN}
        assert len(store.list_roles(work)) == 3
    set_status(database, third, "blocked")
    with database.read() as work:
        assert service.roles_of(work, third) == frozenset()
    with pytest.raises(MemberNotActive):
        execute(database, service.propose_role, ProposeRole(third, Role.AUDITOR, first))
    with pytest.raises(NotAnAdmin):
        execute(database, service.revoke_role, RevokeRole(first, Role.ADMIN, third))
    for _ in range(2):
        execute(database, service.revoke_role, RevokeRole(third, Role.ADMIN, second))
    with database.read() as work:
        assert store.count_admins(work) == 2
        log = sa.text("SELECT action, changed_by FROM role_changes WHERE member_id = :third")
        rows = work.connection.execute(log, {"third": third}).all()
    assert sorted(rows, key=str) == sorted(
        [("proposed", first), ("granted", second), ("revoked", second)], key=str
    )


def test_a_member_is_blocked_but_two_admins_remain(database: Database) -> None:
    first, second, third = create(database), create(database), create(database)
    for one in (first, second):
        execute(database, service.make_first_admin, one)
    with pytest.raises(NotAnAdmin):
        execute(database, service.block_member, BlockMember(first, third))
    for one in (first, second):
        with pytest.raises(TooFewAdmins):
            execute(database, service.block_member, BlockMember(one, first))
    execute(database, service.propose_role, ProposeRole(third, Role.ADMIN, first))
    execute(database, service.approve_role, ApproveRole(third, Role.ADMIN, second))
    for _ in range(2):
        execute(database, service.block_member, BlockMember(second, first))
    with database.read() as work:
        assert service.require_member(work, second).status == "blocked"
        assert service.roles_of(work, second) == frozenset()
    with pytest.raises(TooFewAdmins):
        execute(database, service.block_member, BlockMember(third, first))
    set_status(database, second, "erased")
    with pytest.raises(MemberNotActive):
        execute(database, service.block_member, BlockMember(second, first))
    with pytest.raises(UnknownMember):
        execute(database, service.block_member, BlockMember(UUID(int=5), first))


def test_two_active_admins_remain_whoever_asks(database: Database) -> None:
    first, second, third = create(database), create(database), create(database)
    execute(database, service.make_first_admin, first)
    with pytest.raises(TooFewAdmins):
        execute(database, service.revoke_role, RevokeRole(first, Role.ADMIN, first))
    execute(database, service.make_first_admin, second)
    for one, by in ((first, second), (second, first), (first, first)):
        with pytest.raises(TooFewAdmins):
            execute(database, service.revoke_role, RevokeRole(one, Role.ADMIN, by))
    execute(database, service.propose_role, ProposeRole(third, Role.ADMIN, first))
    execute(database, service.revoke_role, RevokeRole(third, Role.ADMIN, first))
    execute(database, service.propose_role, ProposeRole(third, Role.ADMIN, first))
    execute(database, service.approve_role, ApproveRole(third, Role.ADMIN, second))
    set_status(database, third, "blocked")
    with pytest.raises(TooFewAdmins):
        execute(database, service.revoke_role, RevokeRole(first, Role.ADMIN, second))
    set_status(database, third, "active")

    refused: list[str] = []

    def remove(one: UUID, by: UUID) -> None:
        try:
            execute(database, service.revoke_role, RevokeRole(one, Role.ADMIN, by))
        except (TooFewAdmins, NotAnAdmin) as error:
            refused.append(error.code)

    threads = [
        threading.Thread(target=remove, args=pair)
        for pair in ((first, second), (second, third), (third, first))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 2
    with database.read() as work:
        assert store.count_admins(work) == 2


def test_no_link_makes_an_admin_once_there_were_two(database: Database) -> None:
    first, second, third = create(database), create(database), create(database)
    for member_id in (first, second):
        execute(database, service.make_first_admin, member_id)

    def forget(work: Work, member_id: UUID) -> None:
        store.delete_role(work, member_id, Role.ADMIN)

    execute(database, forget, second)
    with pytest.raises(AdminExists):
        execute(database, service.make_first_admin, third)


def test_nobody_approves_their_own_promotion(database: Database) -> None:
    first, second = create(database), create(database)
    execute(database, service.make_first_admin, first)

    def propose_for_admin(work: Work, _: None) -> None:
        store.insert_role(work, first, Role.AUDITOR, second)

    execute(database, propose_for_admin, None)
    with pytest.raises(RoleNeedsAnotherPerson):
        execute(database, service.approve_role, ApproveRole(first, Role.AUDITOR, first))


def test_a_link_works_once_for_its_purpose(database: Database) -> None:
    issued = execute(
        database, links.issue_link, IssueLink("first_admin", {"a": [1]}, timedelta(hours=1))
    )
    with pytest.raises(UnknownLink):
        execute(database, links.use_link, UseLink("link_lms", issued.token))
    assert execute(database, links.use_link, UseLink("first_admin", issued.token)) == {"a": [1]}
    with pytest.raises(LinkSpent):
        execute(database, links.use_link, UseLink("first_admin", issued.token))


def test_a_link_dies_at_its_time(database: Database) -> None:
    issued = execute(database, links.issue_link, IssueLink("p", None, timedelta(hours=1)))

    def later(work: Work, command: UseLink) -> object:
        return links.use_link(replace(work, now=issued.expires_at), command)

    with pytest.raises(LinkSpent):
        execute(database, later, UseLink("p", issued.token))
