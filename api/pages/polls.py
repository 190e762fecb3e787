"""Polls for people: what is asked, my ballot, what it came to, and how to recount it.

Everybody reads. Signing is the browser's part (``static/polls.mjs``); without it, or without a key,
a ballot can be cast unsigned by a plain form, and is counted apart.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Final, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from api.composition import Composition
from api.http.parts import parts_of
from api.http.principal import CurrentMember
from api.pages.poll_forms import LASTS, Typed, choice_of, chosen
from api.pages.rendering import View, ViewHere
from api.pages.reserve import said
from governance.polls import ballots_store, service, store, voting
from governance.polls.counting import Method
from governance.polls.errors import BadPoll
from governance.polls.model import (
    BODY_LENGTH_MAX,
    KEY_PREFIX,
    POLICY,
    PREFIX,
    Poll,
    PollState,
    Weighing,
    answer_text,
)
from governance.polls.service import WithdrawPoll, require_poll
from governance.polls.voting import CastPollBallot, MyPart, RevokeKey
from ledger.kernel.errors import VkladError
from ledger.kernel.ids import format_id, parse_id
from ledger.kernel.transaction import Work, execute
from ledger.kernel.units import TokenUnits
from ledger.members import service as members
from ledger.members.model import Role
from ledger.standing import service as standing
from ledger.wallets import service as wallets

router: Final = APIRouter(include_in_schema=False)

SHOWN_MAX: Final = 100
RECOUNT: Final = "python verifier.py vklad-poll-{poll}.json --receipt vklad-receipt-{poll}.json"
"""What somebody types who recounts, with the names that the files are saved under."""
TONES: Final = {
    PollState.ANNOUNCED: "info",
    PollState.OPEN: "accent",
    PollState.CLOSED: "quiet",
    PollState.COUNTED: "good",
    PollState.WITHDRAWN: "quiet",
}


def _composition(request: Request) -> Composition:
    return cast("Composition", parts_of(request))


async def _form(request: Request) -> FormData:
    return await request.form()


CompositionHere = Annotated[Composition, Depends(_composition)]
FormHere = Annotated[FormData, Depends(_form)]


@router.get("/polls")
def polls_list(view: ViewHere, composition: CompositionHere) -> Response:
    """Every poll: those under way first."""
    with composition.database.read() as work:
        found = store.page(work, None, SHOWN_MAX)
        now = work.now
        cast_in = {each.poll_id: _cast_in(work, each) for each in found}
    over = {PollState.COUNTED, PollState.WITHDRAWN}
    return view.render(
        "polls/list.html",
        under_way=[each for each in found if each.state(now) not in over],
        over=[each for each in found if each.state(now) in over],
        state=lambda poll: poll.state(now),
        cast_in=cast_in,
        tones=TONES,
        poll_id=lambda poll: format_id(PREFIX, poll.poll_id),
        winners=lambda poll: _winners(poll, "signed"),
    )


@router.get("/polls/new")
def new_poll(view: ViewHere, composition: CompositionHere, member_id: CurrentMember) -> Response:
    """Write a poll."""
    return _new(view, composition, member_id, Typed())


@router.post("/polls")
def announce(
    view: ViewHere, composition: CompositionHere, member_id: CurrentMember, form: FormHere
) -> Response:
    """Announce a poll; what is wrong is said beside the form."""
    typed = Typed.of(form)
    try:
        command = typed.command(composition, member_id, composition.database.clock.now())
        poll = execute(composition.database, service.announce, command)
    except VkladError as error:
        return _new(view, composition, member_id, typed, _wrong(view, error))
    path = f"/polls/{format_id(PREFIX, poll.poll_id)}"
    return view.redirect(path, notice="polls.announced_now")


@router.get("/polls/{poll_id}")
def poll_page(poll_id: str, view: ViewHere, composition: CompositionHere) -> Response:
    """One poll: the question, my say, the result, and how to recount it."""
    return _page(view, composition, parse_id(PREFIX, poll_id))


@router.post("/polls/{poll_id}/ballots")
def cast_unsigned(
    poll_id: str,
    view: ViewHere,
    composition: CompositionHere,
    member_id: CurrentMember,
    form: FormHere,
) -> Response:
    """Vote without a signature."""
    number = parse_id(PREFIX, poll_id)
    with composition.database.read() as work:
        poll = require_poll(work, number)
        part = voting.my_part(work, number, member_id)
    try:
        choice = choice_of(poll, form)
        version = 1 if part is None else part.next_version
        salt = hashlib.sha256(composition.database.ids.secret().encode()).digest()
        ballot = CastPollBallot(number, member_id, choice, version, salt, None)
        execute(composition.database, voting.cast, ballot)
    except VkladError as error:
        return _page(view, composition, number, said(view, error))
    return view.redirect(f"/polls/{poll_id}", notice="polls.cast_now")


@router.post("/polls/{poll_id}/keys/{key_id}/revoke")
def revoke_key(
    poll_id: str,
    key_id: str,
    view: ViewHere,
    composition: CompositionHere,
    member_id: CurrentMember,
) -> Response:
    """Take no more ballots of a key."""
    command = RevokeKey(parse_id(PREFIX, poll_id), member_id, parse_id(KEY_PREFIX, key_id))
    execute(composition.database, voting.revoke_key, command)
    return view.redirect(f"/polls/{poll_id}", notice="polls.revoked_now")


@router.post("/polls/{poll_id}/withdraw")
def withdraw(
    poll_id: str, view: ViewHere, composition: CompositionHere, member_id: CurrentMember
) -> Response:
    """Let a poll not take place."""
    command = WithdrawPoll(parse_id(PREFIX, poll_id), member_id)
    execute(composition.database, service.withdraw, command)
    return view.redirect(f"/polls/{poll_id}", notice="polls.withdrawn_now")


def _wrong(view: View, error: VkladError) -> str:
    """What is wrong with a new poll, by the names that the form has for its parts."""
    if isinstance(error, BadPoll):
        return view.catalogue.text(view.language, f"polls.new.wrong.{error.operands['field']}")
    return said(view, error)


def _new(
    view: View,
    composition: Composition,
    member_id: UUID,
    typed: Typed,
    problem: str | None = None,
) -> Response:
    with composition.database.read() as work:
        is_admin = Role.ADMIN in members.roles_of(work, member_id)
        reached = standing.standing_of(work, member_id).standing.points
    return view.render(
        "polls/new.html",
        status=200 if problem is None else 422,
        typed=typed,
        problem=problem,
        methods=list(Method),
        weighings=[
            each for each in Weighing if each is not Weighing.TOKEN or composition.chain_is_on
        ],
        lasts=list(LASTS),
        may_announce=is_admin or reached >= POLICY.standing_min,
        reached=reached,
        needed=POLICY.standing_min,
        body_max=BODY_LENGTH_MAX,
    )


def _page(
    view: View, composition: Composition, poll_id: UUID, problem: str | None = None
) -> Response:
    member_id = None if view.principal is None else view.principal.member_id
    with composition.database.read() as work:
        poll = require_poll(work, poll_id)
        now = work.now
        part = None if member_id is None else voting.my_part(work, poll_id, member_id)
        wallet = None if member_id is None else wallets.wallet_of(work, member_id)
        ballots = _cast_in(work, poll)
    state = poll.state(now)
    last = part.ballots[-1] if part is not None and part.ballots else None
    may_withdraw = state is PollState.ANNOUNCED and (
        member_id == poll.author_id or view.has_role(Role.ADMIN)
    )
    return view.render(
        "polls/detail.html",
        status=200 if problem is None else 422,
        poll=poll,
        poll_id=format_id(PREFIX, poll_id),
        definition=poll.definition,
        state=state,
        tones=TONES,
        ballots=ballots,
        member_id=member_id,
        part=part,
        last=last,
        answer=None if last is None else answer_text(poll.definition, last.choice),
        chosen=chosen(poll, last),
        key_id=lambda key: format_id(KEY_PREFIX, key.key_id),
        wallet=wallet if composition.chain_is_on else None,
        may_sign_off=part is not None and _may_cast_unsigned(part),
        may_withdraw=may_withdraw,
        problem=problem,
        weighed=lambda amount: _weighed(view, poll, int(amount)),
        result=_result(poll),
        command=RECOUNT.format(poll=format_id(PREFIX, poll_id)),
    )


def _cast_in(work: Work, poll: Poll) -> int:
    last = ballots_store.last_in_register(work, poll.poll_id)
    return 0 if last is None else last[0]


def _may_cast_unsigned(part: MyPart) -> bool:
    return not any(each.is_signed for each in part.ballots)


def _result(poll: Poll) -> dict[str, Any] | None:
    """The three tallies as a page shows them: each option's total, bar and whether it leads."""
    if poll.closing is None:
        return None
    tallies = cast("dict[str, dict[str, Any]]", poll.closing["tallies"])
    return {name: _shown(poll, tally) for name, tally in tallies.items()}


def _shown(poll: Poll, tally: dict[str, Any]) -> dict[str, Any]:
    totals = [int(each) for each in tally["totals"]]
    return {
        "ballots": tally["ballots"],
        "weight": int(tally["weight"]),
        "blank": int(tally["blank"]),
        "spent": int(tally["spent"]),
        "most": max([*totals, 1]),
        "options": [
            {"name": name, "total": total, "wins": number in tally["winners"]}
            for number, (name, total) in enumerate(
                zip(poll.definition.options, totals, strict=True)
            )
        ],
        "rounds": tally["rounds"],
        "winners": [poll.definition.options[number] for number in tally["winners"]],
    }


def _winners(poll: Poll, name: str) -> str:
    result = _result(poll)
    return "" if result is None else ", ".join(result[name]["winners"])


def _weighed(view: View, poll: Poll, amount: int) -> str:
    """A weight in words: members, points of voice, tokens; in quadratic counting, votes."""
    key = "votes" if poll.definition.method is Method.QUADRATIC else poll.definition.weighing
    if key == Weighing.TOKEN:
        return view.catalogue.text(view.language, "polls.weight.token", tokens=TokenUnits(amount))
    return view.catalogue.text(view.language, f"polls.weight.{key}", count=amount)
