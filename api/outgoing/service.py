"""Proposing hooks and approving them with another person; handing messages over for delivery.

Whatever is told to another system leaves the installation for good, so that takes two persons, as
everything that gives authority does. Ending takes one, and no delay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import orjson

from api.outgoing import store
from api.outgoing.model import (
    DELIVERED_KEPT,
    HOOKS_MAX,
    ApproveHook,
    ChangeHook,
    Hook,
    HookContentDiffers,
    HookNeedsAnotherPerson,
    HookState,
    Message,
    ProposedHook,
    ProposeHook,
    TooManyHooks,
    UnknownHook,
    check_url,
    content_digest,
)
from api.webhooks.standard_webhooks import new_secret
from ledger.kernel.canonical import Json
from ledger.kernel.ids import format_id
from ledger.kernel.transaction import Work
from ledger.members import service as members


class SecretBox(Protocol):
    """Seals secrets at rest."""

    def seal(self, secret: str) -> bytes:
        """The sealed form."""
        ...


class Proposing:
    """The use case that makes secrets."""

    def __init__(self, box: SecretBox) -> None:
        self._box = box

    def propose(self, work: Work, command: ProposeHook) -> ProposedHook:
        """Ask that messages go to an address; its secret signs them once another admin approved.

        Raises:
            NotAnAdmin: the proposer is none.
            HookInvalid: nothing can be sent there.
            TooManyHooks: there are as many as may be.
        """
        members.require_admin(work, command.proposed_by)
        url = check_url(command.url, allows_private=command.allows_private)
        if len(store.hooks(work)) >= HOOKS_MAX:
            raise TooManyHooks(f"There are {HOOKS_MAX} hooks already.", limit=HOOKS_MAX)
        hook_id, secret = work.new_id(), new_secret(work.ids.secret())
        hook = Hook(
            hook_id,
            url,
            content_digest(hook_id, url, command.proposed_by),
            HookState.DRAFT,
            command.proposed_by,
            work.now,
            None,
            None,
        )
        store.insert_hook(work, hook, self._box.seal(secret))
        return ProposedHook(hook, secret)


def approve(work: Work, command: ApproveHook) -> None:
    """Send to a hook from now on whatever happens from now on.

    Raises:
        NotAnAdmin: whoever approves is none.
        UnknownHook: there is no such proposal.
        HookNeedsAnotherPerson: it is their own.
        HookContentDiffers: it is another than was read.
    """
    members.require_admin(work, command.approved_by)
    hook = _require(work, command.hook_id, HookState.DRAFT)
    if hook.proposed_by == command.approved_by:
        raise HookNeedsAnotherPerson("Another administrator approves a hook.")
    if hook.content_digest != command.content_digest:
        raise HookContentDiffers("This hook is another than the one that was shown.")
    store.approve(work, hook.hook_id, command.approved_by)


def end(work: Work, command: ChangeHook) -> None:
    """Send to a hook no more; of a proposal, withdraw or reject it.

    Raises:
        NotAnAdmin: whoever does it is none.
        UnknownHook: there is none such, or it has ended.
    """
    members.require_admin(work, command.changed_by)
    store.end(work, _require(work, command.hook_id).hook_id, command.changed_by)


def resume(work: Work, command: ChangeHook) -> None:
    """Go on with a hook that was paused, and begin anew with what it has not heard.

    Raises:
        NotAnAdmin: whoever does it is none.
        UnknownHook: there is none such, or it is not paused.
    """
    members.require_admin(work, command.changed_by)
    hook = _require(work, command.hook_id, HookState.PAUSED)
    store.set_state(work, hook.hook_id, HookState.PAUSED, HookState.LIVE)
    store.try_again(work, hook.hook_id)


def send(work: Work, messages: Sequence[Message]) -> int:
    """Have messages delivered to every approved hook, after this transaction; how many deliveries.

    A hook that is paused misses nothing: it hears all of it once it goes on.
    """
    approved = [hook for hook in store.hooks(work) if hook.state is not HookState.DRAFT]
    deliveries = [
        (work.new_id(), hook.hook_id, message.member_id, message.type, _body(message))
        for message in messages
        for hook in approved
    ]
    if deliveries:
        store.insert_deliveries(work, deliveries)
    return len(deliveries)


def forget_old(work: Work) -> int:
    """Forget what was delivered long ago, and what was for hooks that ended; how many."""
    return store.delete_old(work, work.now - DELIVERED_KEPT)


def _body(message: Message) -> str:
    content: dict[str, Json] = {
        "type": message.type,
        "timestamp": message.occurred_at,
        "data": {"member": format_id("mem", message.member_id), **message.content},
    }
    return orjson.dumps(content).decode()


def _require(work: Work, hook_id: UUID, state: HookState | None = None) -> Hook:
    hook = store.find(work, hook_id)
    if hook is None or (state is not None and hook.state is not state):
        raise UnknownHook("There is no such hook to do this with.")
    return hook
