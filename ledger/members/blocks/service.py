"""Blocking a member and lifting it.

A blocked member is not let in, so redeems, buys, thanks, invites and votes nowhere, and nobody can
spend for them. Facts go on being stored and scored: what they earn waits until the block is lifted.
"""

from __future__ import annotations

from ledger.kernel.transaction import Work
from ledger.members import service as members
from ledger.members import store as members_store
from ledger.members.blocks import store
from ledger.members.blocks.model import (
    Block,
    MemberNotBlocked,
    Unblock,
    UnblockNeedsAnotherPerson,
    check_reason,
)
from ledger.members.model import BlockMember, MemberStatus, UnknownMember


def block(work: Work, command: Block) -> None:
    """Block a member. Blocking again changes nothing.

    Raises:
        BlockReasonUnreadable: of the reason.
        NotAnAdmin, UnknownMember, MemberNotActive, TooFewAdmins: as ``members.block_member``.
    """
    reason = check_reason(command.reason)
    members_store.lock_membership(work)
    before = members_store.lock_member(work, command.member_id)
    members.block_member(work, BlockMember(command.member_id, command.by))
    if before is MemberStatus.ACTIVE:
        store.insert(work, command.member_id, "blocked", command.by, reason)


def unblock(work: Work, command: Unblock) -> None:
    """Lift a block.

    Raises:
        BlockReasonUnreadable: of the reason.
        NotAnAdmin: whoever does it is none.
        UnknownMember: no such member.
        MemberNotBlocked: there is nothing to lift.
        UnblockNeedsAnotherPerson: who blocked them asks, or they themselves.
    """
    reason = check_reason(command.reason)
    members_store.lock_membership(work)
    members.require_admin(work, command.by)
    status = members_store.lock_member(work, command.member_id)
    if status is None:
        raise UnknownMember("There is no such member.", member_id=str(command.member_id))
    if status is not MemberStatus.BLOCKED:
        raise MemberNotBlocked("This member is not blocked.")
    blockers = [one.by for one in store.history(work, command.member_id)[:1]]
    if command.by in {command.member_id, *blockers}:
        raise UnblockNeedsAnotherPerson("A block is lifted by another person than who set it.")
    members_store.set_status(work, command.member_id, MemberStatus.ACTIVE)
    store.insert(work, command.member_id, "unblocked", command.by, reason)
