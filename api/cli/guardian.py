"""`vklad chain guardian | pause | unpause | veto | reason` and `vklad governance cancel`: stopping.

They run on the guardian's own machine: its key (keystore or remote signer, as every role's), a node
and the deployment record. No database of ours is needed, and none is asked.

Without `--confirm` each says what it would do and sends nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Annotated, Final

import httpx
import typer

from api.bridging import LOCAL_STUCK_AFTER, is_local
from api.chain import NotDeployed, deployment_of, finality, open_chain, open_signer
from api.governing import proposal_number
from api.settings import Settings, load_settings
from api.supervisor.state import StateFolder
from governance.proposals.cancelling import cancelling
from ledger.kernel.errors import ErrorKind, VkladError
from oracle.bindings import points_bridge
from oracle.bridge.reading import head
from oracle.chain.port import BlockHeader, Chain
from oracle.chain.typed_data import stop_reason
from oracle.deployment.model import Deployment
from oracle.guardian import reading, reasons
from oracle.guardian.model import (
    BRIDGE,
    Act,
    ActNotConfirmed,
    Office,
    moment_of,
    require_power,
    said,
)
from oracle.guardian.sending import ROLE, WAIT_S, Guarding, send
from oracle.sender.model import SenderPolicy, SenderRole


class ReasonNotDelivered(VkladError):
    """The school did not take the words, or did not answer."""

    code = "reason_not_delivered"
    kind = ErrorKind.UNAVAILABLE


Confirm = Annotated[
    str | None, typer.Option(help="What the dry run printed; without it nothing is sent.")
]
Wait = Annotated[float, typer.Option(help="Seconds to wait until it is final.")]
Offices = Callable[[Chain, Deployment, BlockHeader], Office]
POST_TIMEOUT_S: Final = 20.0
DIGEST_SHOWN: Final = 16
"""Hex digits of a confirmation: enough to tell one's own acts apart."""


def guardian(
    *,
    account: Annotated[
        bool, typer.Option("--account", help="Only print the account of the guardian's key here.")
    ] = False,
) -> None:
    """Say who the guardian is, until when, and whether the bridge is paused.

    With --account the key of this machine is made if there is none; no chain is asked.
    """
    settings = load_settings()
    if account:
        state = StateFolder(settings.state_folder)
        state.prepare()
        typer.echo(open_signer(settings, state, (ROLE,)).address(ROLE))
        return
    chain, deployment = _contracts(settings)
    at = head(chain)
    now = moment_of(at.timestamp_s)
    for office_of in (reading.bridge_office, reading.governor_office):
        office = office_of(chain, deployment, at)
        term = "in term until" if office.serves_at(now) else "its term is over since"
        typer.echo(f"{office.contract}: {office.guardian}, {term} {said(office.term_ends_at)}")
    paused = reading.is_paused(chain, deployment, at)
    typer.echo("The bridge is paused." if paused else "The bridge is not paused.")


def pause(*, confirm: Confirm = None, wait_s: Wait = WAIT_S) -> None:
    """Pause the bridge: nobody commits or executes a batch; tokens still come back."""
    opened = _open(load_settings(), wait_s)
    _require_power(opened, reading.bridge_office)
    _do(opened, reading.pausing(opened.chain, opened.deployment), confirm)


def unpause() -> None:
    """Say how a paused bridge starts again: no key can do that, only a vote."""
    settings = load_settings()
    chain, deployment = _contracts(settings)
    reading.require_paused(chain, deployment)
    typer.echo(f"The bridge {deployment.address(BRIDGE)} is paused.")
    typer.echo(
        "No guardian and no admin can unpause it: members do, by a vote of the kind unpause."
    )
    typer.echo(f"Propose it at {settings.origin}/votes/new; once passed it is executed by itself.")
    typer.echo("Without us: a proposal at the Governor that makes this one call:")
    typer.echo(f"  to {deployment.address(BRIDGE)}")
    typer.echo(f"  data 0x{points_bridge.unpause().calldata.hex()}")


def veto(
    batch: Annotated[int, typer.Argument(min=1, max=2**64 - 1, help="Its number on chain.")],
    *,
    confirm: Confirm = None,
    wait_s: Wait = WAIT_S,
) -> None:
    """Veto a BATCH that was committed and not executed: it is never minted."""
    opened = _open(load_settings(), wait_s)
    _require_power(opened, reading.bridge_office)
    _do(opened, reading.vetoing(opened.chain, opened.deployment, batch), confirm)


def reason(
    transaction: Annotated[str, typer.Argument(help="The act's transaction, 0x and 64 digits.")],
    words: Annotated[str, typer.Argument(help="Why; members see it and it is not changed.")],
    *,
    to: Annotated[
        str | None, typer.Option(help="The school's address; without it the words are printed.")
    ] = None,
    role: Annotated[
        SenderRole, typer.Option(help="Whose key acted: the guardian's or the watcher's.")
    ] = ROLE,
) -> None:
    """Tell members why something was stopped in a TRANSACTION, signed by the key that did it."""
    reasons.check_words(words)
    settings = load_settings()
    chain, deployment = _contracts(settings)
    signer = open_signer(settings, StateFolder(settings.state_folder), (role,))
    message = stop_reason(
        chain.chain_id(), deployment.address(BRIDGE), _transaction(transaction), words
    )
    signature = signer.sign_message(role, message).hex()
    signed = {"transaction": transaction, "reason": words, "signature": f"0x{signature}"}
    if to is None:
        typer.echo(json.dumps(signed, indent=2, ensure_ascii=False))
        typer.echo("Anybody may post this to /v1/guardian/reasons of the school.", err=True)
        return
    _post(f"{to.rstrip('/')}/v1/guardian/reasons", signed)
    typer.echo("Members see it now.")


def cancel(
    proposal: Annotated[str, typer.Argument(help="Its id: the digits in its address.")],
    *,
    confirm: Confirm = None,
    wait_s: Wait = WAIT_S,
) -> None:
    """Cancel a PROPOSAL on chain as its guardian; not one that only replaces guardians."""
    number = proposal_number(proposal)
    opened = _open(load_settings(), wait_s)
    _require_power(opened, reading.governor_office)
    _do(opened, cancelling(opened.chain, opened.deployment, number), confirm)


def _transaction(text: str) -> bytes:
    try:
        raw = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        raw = b""
    if len(raw) != reasons.HASH_BYTES or text != f"0x{raw.hex()}":
        raise reasons.UnknownAct(f"{text!r} is not 0x and 64 hex digits in lower case.")
    return raw


def _post(url: str, signed: dict[str, str]) -> None:
    try:
        answer = httpx.post(url, json=signed, timeout=POST_TIMEOUT_S)
    except httpx.HTTPError as failed:
        raise ReasonNotDelivered(
            f"{url} does not answer: {type(failed).__name__}. Try again, or print the words "
            "without --to and let somebody post them."
        ) from failed
    if answer.status_code != httpx.codes.CREATED:
        raise ReasonNotDelivered(f"{url} answered {answer.status_code}: {_detail(answer)}")


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return "it is no address of a school of ours."


def _contracts(settings: Settings) -> tuple[Chain, Deployment]:
    state = StateFolder(settings.state_folder)
    state.prepare()
    chain = open_chain(settings, state)
    try:
        return chain, deployment_of(chain, state)
    except NotDeployed as absent:
        raise NotDeployed(
            "This machine has no record of contracts on this chain. Put the school's deployment "
            f"record into {state.path / 'deployments'}."
        ) from absent


def _open(settings: Settings, wait_s: float = WAIT_S) -> Guarding:
    chain, deployment = _contracts(settings)
    local = is_local(deployment)
    return Guarding(
        chain,
        deployment,
        open_signer(settings, StateFolder(settings.state_folder), (ROLE,)),
        finality(settings),
        SenderPolicy(stuck_after=LOCAL_STUCK_AFTER) if local else SenderPolicy(),
        wait_s,
    )


def _require_power(opened: Guarding, office_of: Offices) -> None:
    at = head(opened.chain)
    office = office_of(opened.chain, opened.deployment, at)
    require_power(office, opened.account, moment_of(at.timestamp_s))


def _do(opened: Guarding, act: Act, confirm: str | None) -> None:
    digest = act.digest(opened.deployment.chain_id, opened.account).hex()[:DIGEST_SHOWN]
    for sentence in act.effects:
        typer.echo(sentence)
    if confirm is None:
        typer.echo(f"Nothing was sent. To do it: --confirm {digest}")
        return
    if confirm != digest:
        raise ActNotConfirmed(
            f"{confirm} confirms something else. What is above is confirmed by {digest}."
        )
    receipt = send(opened, act, typer.echo)
    transaction = f"0x{receipt.transaction_hash.hex()}"
    typer.echo(f'Tell members why: vklad chain reason {transaction} "…" --to URL')
