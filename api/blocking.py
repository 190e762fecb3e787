"""Blocking a member and ending their sessions, in one transaction."""

from __future__ import annotations

from api.auth.sessions import close_sessions_of
from ledger.kernel.transaction import Work
from ledger.members.blocks import service
from ledger.members.blocks.model import Block


def block_and_sign_out(work: Work, command: Block) -> None:
    """As ``blocks.service.block``; then nobody is signed in as them.

    Raises:
        BlockReasonUnreadable, NotAnAdmin, UnknownMember, MemberNotActive, TooFewAdmins: as there.
    """
    service.block(work, command)
    close_sessions_of(work, command.member_id)
