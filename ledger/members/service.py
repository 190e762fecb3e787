"""Taking members in, saying whose an identity is, giving roles.

Whoever changes whose an identity is asks in the same transaction for the members it touches to be
scored again, so what was parked is credited. Joining two members is ``ledger/merges``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from ledger.events.beside_store import members_beside
from ledger.kernel import outbox
from ledger.kernel.transaction import Work
from ledger.members import store
from ledger.members.model import (
    ADMINS_BY_LINK_MAX,
    LINKED_TOPIC,
    SCORE_TOPIC,
    AdminExists,
    ApproveRole,
    BadIdentity,
    BlockMember,
    CreateMember,
    IdentityKey,
    IdentityNotLinked,
    IdentityTaken,
    LinkIdentity,
    Member,
    MemberNotActive,
    MemberStatus,
    NotAnAdmin,
    ProposeRole,
    RevokeRole,
    Role,
    RoleNeedsAnotherPerson,
    RoleNotProposed,
    TakeIn,
    TooFewAdmins,
    UnknownIdentity,
    UnknownMember,
    UnlinkIdentity,
    check_display_name,
    check_key,
)
from ledger.members.roles import store as role_log
from ledger.members.roles.owners import require_another_owner
from ledger.members.roles.words import require_word


def create_member(work: Work, command: CreateMember) -> Member:
    """Take somebody in, active and without identities.

    Raises:
        BadDisplayName: the name cannot be shown.
    """
    name = check_display_name(command.display_name)
    member_id = work.ids.new(work.now)
    store.insert_members(work, [member_id], command.locale)
    if name is not None:
        store.set_display_name(work, member_id, name)
    return Member(member_id, MemberStatus.ACTIVE, command.locale, work.now, name)


def references_of(work: Work, keys: Sequence[IdentityKey]) -> dict[IdentityKey, UUID]:
    """The reference of each key; unknown keys get a fresh random one, linked to nobody.

    Raises:
        BadIdentity: a key that cannot be one.
    """
    wanted = sorted({check_key(key) for key in keys})
    known = store.references_by_key(work, wanted) if wanted else {}
    missing = [key for key in wanted if key not in known]
    if missing:
        store.insert_identities(work, [(key, work.ids.new(work.now)) for key in missing])
        known |= store.references_by_key(work, missing)
    return known


def link_identity(work: Work, command: LinkIdentity) -> None:
    """Say that an identity is this member. Saying it again changes nothing.

    Raises:
        UnknownMember, MemberNotActive: there is nobody to link to.
        UnknownIdentity: no such reference.
        IdentityTaken: it is another member's.
    """
    store.lock_membership(work)
    _lock_active(work, command.member_id)
    exists, owner = store.owner_of_reference(work, command.reference)
    if not exists:
        raise UnknownIdentity("There is no such identity.", reference=str(command.reference))
    if owner == command.member_id:
        return
    if owner is not None:
        raise IdentityTaken("This identity is linked to another member.")
    pair = (command.reference, command.member_id)
    store.set_owner(work, [pair], command.proof_kind)
    store.insert_links(
        work,
        [pair],
        action="linked",
        proof_kind=command.proof_kind,
        proof_digest=command.proof_digest,
    )
    _score_again(work, [command.member_id], [command.reference])
    outbox.put(work, LINKED_TOPIC, str(command.member_id))


def unlink_identity(work: Work, command: UnlinkIdentity) -> None:
    """Say that an identity is this member no longer; its facts are parked again.

    Raises:
        UnknownMember: no such member.
        IdentityNotLinked: it is not this member's.
    """
    store.lock_membership(work)
    if store.lock_member(work, command.member_id) is None:
        raise UnknownMember("There is no such member.", member_id=str(command.member_id))
    _, owner = store.owner_of_reference(work, command.reference)
    if owner != command.member_id:
        raise IdentityNotLinked("This identity is not linked to this member.")
    store.set_owner(work, [(command.reference, None)], None)
    store.insert_links(
        work,
        [(command.reference, command.member_id)],
        action="unlinked",
        proof_kind=command.proof_kind,
        proof_digest=command.proof_digest,
    )
    _score_again(work, [command.member_id], [command.reference])


def take_in(work: Work, command: TakeIn) -> list[UUID]:
    """Make a member for each of these identities that is nobody's; the new members' ids.

    Two of these at once wait for each other, so an identity gets one member.
    """
    store.lock_membership(work)
    unlinked = store.unlinked_of(work, command.references) if command.references else []
    if not unlinked:
        return []
    pairs = [(reference, work.ids.new(work.now)) for reference in unlinked]
    store.insert_members(work, new_ids := [one for _, one in pairs], command.locale)
    proof = command.proof_kind
    store.set_owner(work, pairs, proof)
    store.insert_links(work, pairs, action="linked", proof_kind=proof, proof_digest=None)
    _score_again(work, new_ids, unlinked)
    outbox.put_many(work, LINKED_TOPIC, [(str(member_id), None) for member_id in new_ids])
    return new_ids


def _score_again(work: Work, member_ids: Sequence[UUID], references: Sequence[UUID]) -> None:
    """These, and whoever meets the identities in a fact: an act of one's own earns nobody."""
    asked = {*member_ids, *members_beside(work, references)}
    outbox.put_many(work, SCORE_TOPIC, [(str(member_id), None) for member_id in sorted(asked)])


def member_of(work: Work, key: IdentityKey) -> Member | None:
    """Whose this identity is; ``None`` if nobody's or never seen."""
    try:
        reference = store.references_by_key(work, [check_key(key)]).get(key)
    except BadIdentity:
        return None
    if reference is None:
        return None
    _, owner = store.owner_of_reference(work, reference)
    return None if owner is None else store.find_member(work, owner)


def members_of(work: Work, references: Iterable[UUID]) -> dict[UUID, UUID]:
    """Reference → member id, for the linked ones."""
    return store.members_by_reference(work, references)


def references_of_member(work: Work, member_id: UUID) -> list[UUID]:
    """The references linked to a member."""
    return store.references_of_member(work, member_id)


def require_member(work: Work, member_id: UUID) -> Member:
    """The member.

    Raises:
        UnknownMember: no such member.
    """
    member = store.find_member(work, member_id)
    if member is None:
        raise UnknownMember("There is no such member.", member_id=str(member_id))
    return member


def require_active(work: Work, member_id: UUID) -> None:
    """Return if the member takes part.

    Raises:
        UnknownMember: no such member.
        MemberNotActive: blocked or erased.
    """
    if require_member(work, member_id).status is not MemberStatus.ACTIVE:
        raise MemberNotActive("This member does not take part.", member_id=str(member_id))


def roles_of(work: Work, member_id: UUID) -> frozenset[Role]:
    """What the member may do beyond what every member may; nothing if blocked."""
    return store.roles_of(work, member_id)


def require_admin(work: Work, member_id: UUID) -> None:
    """Return if the member is an active admin.

    Raises:
        NotAnAdmin: otherwise.
    """
    if Role.ADMIN not in store.roles_of(work, member_id):
        raise NotAnAdmin("Only an admin may do this.")


def propose_role(work: Work, command: ProposeRole) -> None:
    """Ask that a member be given a role. Asking again changes nothing.

    Raises:
        NotAnAdmin: the proposer is none.
        UnknownMember, MemberNotActive: there is nobody to give it to.
    """
    require_admin(work, command.proposed_by)
    _lock_active(work, command.member_id)
    if store.insert_role(work, command.member_id, command.role, command.proposed_by):
        role_log.insert_change(
            work, command.member_id, command.role, "proposed", command.proposed_by
        )


def approve_role(work: Work, command: ApproveRole) -> None:
    """Give a proposed role. Approving again changes nothing.

    Raises:
        NotAnAdmin: the approver is none.
        RoleNotProposed: nothing to approve.
        RoleNeedsAnotherPerson: the approver proposed it, or is the one to be promoted.
        WordCountsNoLonger: who proposed it is no admin any more.
    """
    require_admin(work, command.approved_by)
    grant = store.find_role(work, command.member_id, command.role)
    if grant is None:
        raise RoleNotProposed("This role was not proposed for this member.", role=command.role)
    if command.approved_by in {grant.proposed_by, command.member_id}:
        raise RoleNeedsAnotherPerson(
            "A role is approved by a person who neither proposed it nor gets it."
        )
    if grant.state == "proposed":
        if grant.proposed_by is not None:
            require_word(work, grant.proposed_by)
        store.grant_role(work, command.member_id, command.role, command.approved_by)
        role_log.insert_change(
            work, command.member_id, command.role, "granted", command.approved_by
        )


def revoke_role(work: Work, command: RevokeRole) -> None:
    """Take a role, or its proposal, away. Taking it away again changes nothing.

    Nobody is left alone at the top: what takes two persons would take one from then on.

    Raises:
        NotAnAdmin: whoever does it is none.
        TooFewAdmins: it is an admin's, and fewer than two others are there to go on.
        TooFewOwners: it is the last owner's.
    """
    store.lock_membership(work)
    require_admin(work, command.revoked_by)
    grant = store.find_role(work, command.member_id, command.role)
    if grant is None:
        return
    if grant.role is Role.ADMIN and grant.state == "granted":
        _require_enough_others(work, command.member_id)
    if grant.role is Role.OWNER and grant.state == "granted":
        require_another_owner(work, command.member_id)
    store.delete_role(work, command.member_id, command.role)
    role_log.insert_change(work, command.member_id, command.role, "revoked", command.revoked_by)


def block_member(work: Work, command: BlockMember) -> None:
    """Let a member take part no longer. Blocking again changes nothing.

    Raises:
        NotAnAdmin: whoever does it is none.
        UnknownMember: no such member.
        MemberNotActive: an erased one stays erased.
        TooFewAdmins, TooFewOwners: those that have to remain would not.
    """
    store.lock_membership(work)
    require_admin(work, command.blocked_by)
    status = store.lock_member(work, command.member_id)
    if status is MemberStatus.BLOCKED:
        return
    _lock_active(work, command.member_id)
    require_dispensable(work, command.member_id)
    store.set_status(work, command.member_id, MemberStatus.BLOCKED)


def require_dispensable(work: Work, member_id: UUID) -> None:
    """Return if the member may leave; the caller holds the membership lock.

    Raises:
        TooFewAdmins: it is an active admin, and fewer than two others are there to go on.
        TooFewOwners: it is the last owner.
    """
    roles = store.roles_of(work, member_id)
    if Role.ADMIN in roles:
        _require_enough_others(work, member_id)
    if Role.OWNER in roles:
        require_another_owner(work, member_id)


def make_first_admin(work: Work, member_id: UUID) -> None:
    """Make an admin without a second person; the caller spent a one-time link.

    Links printed on the server make the first ``ADMINS_BY_LINK_MAX``, because from then on it takes
    two admins to make another.

    Raises:
        UnknownMember, MemberNotActive: there is nobody to promote.
        AdminExists: there are enough to approve each other.
    """
    store.lock_membership(work)
    _lock_active(work, member_id)
    if Role.ADMIN in store.roles_of(work, member_id):
        return
    require_link_of_use(work)
    store.delete_role(work, member_id, Role.ADMIN)
    store.insert_role(work, member_id, Role.ADMIN, None)
    store.grant_role(work, member_id, Role.ADMIN, None)
    role_log.insert_change(work, member_id, Role.ADMIN, "granted", None)


def require_link_of_use(work: Work) -> None:
    """Return if a link from the server may still make an admin: there were never enough.

    Raises:
        AdminExists: there are, or were, enough to approve each other.
    """
    if max(store.count_admins(work), role_log.count_ever_admins(work)) >= ADMINS_BY_LINK_MAX:
        raise AdminExists(
            f"There were {ADMINS_BY_LINK_MAX} admins already. One proposes you, another approves.",
            admins_by_link_max=ADMINS_BY_LINK_MAX,
        )


def _require_enough_others(work: Work, member_id: UUID) -> None:
    if store.count_other_active_admins(work, member_id) < ADMINS_BY_LINK_MAX:
        raise TooFewAdmins(
            f"At least {ADMINS_BY_LINK_MAX} admins have to remain. Give somebody else the role "
            "first.",
            admins_min=ADMINS_BY_LINK_MAX,
        )


def _lock_active(work: Work, member_id: UUID) -> None:
    status = store.lock_member(work, member_id)
    if status is None:
        raise UnknownMember("There is no such member.", member_id=str(member_id))
    if status is not MemberStatus.ACTIVE:
        raise MemberNotActive(f"This member is {status}.", status=status)
