"""What happens, in order. A step returns one line of what was seen; ``sabotaged`` breaks it."""
# ruff: noqa: S311, TID251 - choices that a seed repeats; imports nothing of ours, not the clock

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any, Final

import httpx
from doors import (
    SCORED_S,
    WAIT_S,
    Node,
    Person,
    School,
    are_scored,
    damaging,
    expect,
    good,
    moment_text,
    now_text,
    quoted,
    sign_text,
    sign_typed,
    wait_for,
    wallet_of,
)
from eth_account.signers.local import LocalAccount
from previewing import previewed
from proving import UNIT, let_the_ledger_prove_itself, prove_the_reserve

ISSUER: Final = "https://lms.example"
BALANCE_OF: Final = "0x70a08231"
GET_VOTES: Final = "0x9ab24eb0"
SETTLED: Final = frozenset(
    {"executed", "defeated", "canceled", "expired", "refused", "execution_reverted"}
)


class Story:
    """What the steps share: the doors, and what earlier steps brought about."""

    def __init__(self, base_url: str, node: Node, seed: int, sabotaged_step: int) -> None:
        self.base_url, self.node, self.seed = base_url, node, seed
        self.draw = random.Random(seed)
        self.sabotaged_step, self.step = sabotaged_step, 0
        self.tag = f"{seed}-{int(time.time())}"
        self.people: dict[str, Person] = {}
        self.seen: dict[str, Any] = {}
        self.mending: list[Callable[[], None]] = []
        numbers = self.draw.sample(range(7, 31), 4)
        self.student, *self.voters = [f"p{number:02}" for number in numbers]
        self.lms = {f"p{number:02}": str(1000 + number) for number in numbers}

    @property
    def sabotaged(self) -> bool:
        """Whether this very step is to be broken."""
        return self.sabotages(self.step)

    def sabotages(self, step: int) -> bool:
        """Whether that step is to be broken, maybe by what an earlier one does."""
        return step == self.sabotaged_step

    def get(self, path: str) -> Any:
        """A public JSON answer."""
        return good(httpx.get(self.base_url + path, timeout=30)).json()

    def balance(self, subject: str) -> dict[str, int]:
        """What somebody has, by their own door."""
        found: dict[str, int] = self.people[subject].get("/v1/balances")
        return found


def sign_everybody_in(story: Story) -> str:
    """The installation is ready; two admins, a student and three voters sign in."""
    ready = httpx.get(f"{story.base_url}/readyz", timeout=10)
    expect(ready.status_code == 200, "not ready")
    for subject in ("admin", "second-admin", story.student, *story.voters):
        comes_as = story.voters[0] if story.sabotaged and subject == "second-admin" else subject
        story.people[subject] = Person(story.base_url, comes_as)
    roles = {name: who.get("/v1/session")["roles"] for name, who in story.people.items()}
    expect("admin" in roles["admin"] and "admin" in roles["second-admin"], f"no admins: {roles}")
    those = [story.people[each] for each in (story.student, *story.voters)]
    wait_for("their history to be scored", lambda: are_scored(those), seconds=SCORED_S)
    return f"student {story.student}, voters {', '.join(story.voters)}"


def register_a_school(story: Story) -> str:
    """One admin proposes a source, a secret and a key of it; another approves each."""
    name, uri = f"demo-{story.tag}", f"https://lms.example/{story.tag}"
    spec = {
        "name": name,
        "uri": uri,
        "profile": "standard_webhooks",
        "lateness_days": 30,
        "hourly_budget": 1000,
        "authority": {"types": ["*"], "issuers": {"lms": ISSUER}, "attributes": ["*"]},
    }
    first, second = story.people["admin"], story.people["second-admin"]
    change = first.post("/v1/sources/changes", spec)
    approver = first if story.sabotaged else second
    approver.post(f"/v1/sources/changes/{change['id']}/approve", {"digest": change["digest"]})
    secret = first.post(f"/v1/sources/{name}/secrets", {})
    key = first.post("/v1/api-keys", {"name": name, "scopes": ["redemptions:write"], "source": uri})
    for made in (secret, key):
        path = f"/v1/sources/credentials/{made['id']}/approve"
        second.post(path, {"digest": made["digest"]})
    story.seen["school"] = School(story.base_url, name, uri, secret["secret"], key["key"])
    expect(name in {each["name"] for each in second.get("/v1/sources")["data"]}, "not listed")
    return f"source {name}"


def turn_an_event_into_points(story: Story) -> str:
    """A signed webhook becomes an award with a receipt, and the balance grows by it."""
    school: School = story.seen["school"]
    before = story.balance(story.student)["available"]
    event = _event(story, story.student, "lms.exercise.completed", "first")
    secret = "whsec_" + "A" * 44 if story.sabotaged else None
    expect(good(school.deliver(event, secret=secret)).status_code == 202, "not accepted")
    expect(school.deliver(event, secret="whsec_" + "B" * 44).status_code == 401, "forgery passed")
    award = wait_for("the award", lambda: _award_of(story, story.student, event["id"]))
    expect(award["receipt"]["event"]["type"] == "lms.exercise.completed", "another receipt")
    expect(school.deliver(event).status_code == 202, "a re-send is refused")
    after = story.balance(story.student)["available"]
    expect(after - before == award["points"], f"{after} - {before} is not {award['points']}")
    story.seen["old_award"] = award
    return f"{award['points']} points by rule {award['rule']}; a re-send added nothing"


def grant_points(story: Story) -> str:
    """An admin proposes a grant, another approves exactly that; the voters are paid."""
    first, second = story.people["admin"], story.people["second-admin"]
    everybody = [story.student, *story.voters]
    members = {who: story.balance(who)["member"] for who in everybody}
    before = {who: story.balance(who)["available"] for who in everybody}
    budget = first.post("/v1/budgets", {"name": f"demo {story.tag}", "points": 2000})
    second.post(f"/v1/budgets/{budget['id']}/approve", {"content": budget["content"]})
    csv = "member,points\n" + "\n".join(f"{member},300" for member in members.values())
    wish = {"budget": budget["id"], "reason": "For walking through the demo", "csv": csv}
    shown = first.post("/v1/grants/preview", wish)
    grant = first.post("/v1/grants", {**wish, "confirm": shown["confirm"]})
    approver = first if story.sabotaged else second
    approver.post(f"/v1/grants/{grant['id']}/approve", {"content": grant["content"]})
    gained = {who: story.balance(who)["available"] - before[who] for who in everybody}
    expect(set(gained.values()) == {300}, f"not paid as granted: {gained}")
    return f"4 × 300 points out of budget {budget['id']}"


def buy_with_a_discount(story: Story) -> str:
    """A signed order is quoted, held and captured; a refund brings points back."""
    school: School = story.seen["school"]
    student = story.people[story.student]
    before = story.balance(story.student)["available"]
    order = school.order(story.lms[story.student], f"A-{story.tag}", 100_000)
    if story.sabotaged:
        order = order[:-4] + ("AAAA" if order[-4:] != "AAAA" else "BBBB")
    quote = student.post("/v1/quotes", {"order": order, "points": 200})
    held = student.post("/v1/redemptions", {"order": order, "quote": quote["token"]})
    expect(story.balance(story.student)["held"] >= 200, "nothing is on hold")
    school.post(f"/v1/redemptions/{held['id']}/capture", {})
    again = student.send("POST", "/v1/redemptions", {"order": order, "quote": quote["token"]})
    expect(again.status_code == 409, "the order was used twice")
    expect(story.balance(story.student)["available"] == before - 200, "not 200 points spent")
    refund = {"refund_id": f"R-{story.tag}", "amount_minor": 40_000}
    back = school.post(f"/v1/redemptions/{held['id']}/refunds", refund)["points"]
    expect(back == 100, f"half the money brought {back} of 200 points back")
    expect(story.balance(story.student)["available"] == before - 100, "they did not arrive")
    expect(f"A-{story.tag}" in student.page(f"/checkout/{held['id']}"), "no page of it")
    return "200 points held and spent, 100 back for half the money"


def link_wallets(story: Story) -> str:
    """The voters link wallets by signing a message (EIP-4361)."""
    for subject in story.voters:
        key = wallet_of(f"{story.tag}-{subject}")
        link_wallet(story, subject, key, wallet_of("a stranger") if story.sabotaged else key)
        linked = story.people[subject].get("/v1/wallet")["address"]
        expect(linked.lower() == key.address.lower(), f"{linked} is linked")
    return ", ".join(wallet_of(f"{story.tag}-{who}").address[:10] + "…" for who in story.voters)


def link_wallet(
    story: Story, subject: str, key: LocalAccount, signer: LocalAccount | None = None
) -> None:
    """Take the wallet away that somebody has, and link another."""
    person = story.people[subject]
    person.send("DELETE", "/v1/wallet")
    asked = person.post("/v1/wallet/challenge", {"address": key.address})
    signature = sign_text(signer or key, asked["message"])
    signed = {"message": asked["message"], "signature": signature}
    good(person.send("PUT", "/v1/wallet", signed))


def carry_points_on_chain(story: Story) -> str:
    """Points go to escrow, a batch is committed and executed, tokens are in the wallets."""
    if story.sabotaged:
        with damaging():
            link_wallet(story, story.voters[0], wallet_of(f"{story.tag}-a thief"))
    for subject in story.voters:
        before = story.balance(subject)["available"]
        story.people[subject].post("/v1/bridge/requests", {"points": 200})
        expect(story.balance(subject)["available"] == before - 200, "points did not leave")
    message = story.people[story.voters[0]].get("/v1/delegation-message")
    token = message["typed_data"]["domain"]["verifyingContract"]
    story.seen["token"] = token
    for subject in story.voters:
        address = wallet_of(f"{story.tag}-{subject}").address
        wait_for(
            f"tokens of {subject}",
            lambda address=address: story.node.call(token, BALANCE_OF, address) == 200 * UNIT,
            seconds=30 if story.sabotaged else WAIT_S,
        )
    return f"3 × 200 tokens of {token[:10]}… by JSON-RPC"


def delegate_without_gas(story: Story) -> str:
    """Each voter delegates to itself by signature; the chain counts the votes."""
    token = story.seen["token"]
    for subject in story.voters:
        person, key = story.people[subject], wallet_of(f"{story.tag}-{subject}")
        message = person.get("/v1/delegation-message")
        signer = wallet_of("a stranger") if story.sabotaged else key
        body = {name: message[name] for name in ("delegatee", "nonce", "expiry")}
        body["signature"] = sign_typed(signer, message["typed_data"])
        person.post("/v1/delegations", body)
    for subject in story.voters:
        key = wallet_of(f"{story.tag}-{subject}")
        wait_for(
            f"votes of {subject}",
            lambda key=key: story.node.call(token, GET_VOTES, key.address) == 200 * UNIT,
        )
        expect(int(story.node.ask("eth_getBalance", key.address, "latest"), 16) == 0, "paid gas")
    return "200 votes each, and no wallet ever had anything to pay gas with"


def propose_new_rules(story: Story) -> str:
    """A member proposes a programme version by signature."""
    text = story.get("/v1/programmes/in-force")["source"]
    version = f"demo-{story.tag}"
    changed = with_points(text, version, points="20" if "points: 10\n" in text else "10")
    stored = story.people["admin"].post("/v1/programmes", {"source": changed})
    previewed(story, stored["hash"], "forward", now_text())
    proposer, key = story.people[story.voters[0]], wallet_of(f"{story.tag}-{story.voters[0]}")
    draft = {
        "kind": "programme",
        "title": f"Exercises count otherwise ({story.tag})",
        "body": "An exercise takes longer than a section.",
        "programme": stored["hash"],
        "effective_at": now_text(),
    }
    wait_for("the votes to count", lambda: proposer.get("/v1/voting-power")["may_propose"])
    shown = proposer.post("/v1/proposal-messages", draft)
    signer = wallet_of("a stranger") if story.sabotaged else key
    signed = {
        **draft,
        **{name: shown[name] for name in ("preview", "replaces", "deadline")},
        "signature": sign_typed(signer, shown["typed_data"]),
    }
    made = proposer.post("/v1/proposals", signed)
    story.seen |= {"proposal": made["id"], "programme": stored["hash"]}
    wait_for("voting to begin", lambda: _proposal(story)["state"] == "active")
    return f"proposal {made['id'][:12]}… for {stored['hash'][:12]}…"


def vote(story: Story) -> str:
    """Three voters sign ballots; the relayer carries them; the chain has counted them."""
    support = "against" if story.sabotages(story.step + 1) else "for"
    stranger = wallet_of("a stranger") if story.sabotaged else None
    for subject, signer in zip(story.voters, (None, None, stranger), strict=True):
        ballot = cast_ballot(story, subject, support, signer)
        path = f"/v1/proposals/{story.seen['proposal']}/ballots"
        twice = story.people[subject].send("POST", path, ballot)
        expect(twice.status_code == 409, f"voted twice: {twice.status_code}")
    wait_for("three ballots", lambda: _proposal(story)["standing"]["voters"] == 3)
    return f"{support}: {int(_proposal(story)['standing'][support]) // UNIT} votes of 3 voters"


def cast_ballot(
    story: Story, subject: str, support: str, signer: LocalAccount | None = None
) -> dict[str, Any]:
    """Sign a ballot, unless another does, and hand it to the relayer."""
    person, key = story.people[subject], wallet_of(f"{story.tag}-{subject}")
    path = f"/v1/proposals/{story.seen['proposal']}"
    message = person.get(f"{path}/ballot-message?support={support}&reason={quoted('За дело')}")
    ballot = {
        "support": support,
        "reason": "За дело",
        "nonce": message["nonce"],
        "signature": sign_typed(signer or key, message["typed_data"]),
    }
    person.post(f"{path}/ballots", ballot)
    return ballot


def let_it_take_effect(story: Story) -> str:
    """The passed proposal is queued and executed; the version is in force here and there."""
    wanted = story.seen["programme"]
    wait_for("the outcome", lambda: _proposal(story)["state"] in SETTLED, seconds=120)
    state = _proposal(story)["state"]
    expect(state == "executed", f"the proposal is {state}")
    wait_for("the version in force", lambda: _in_force(story) == wanted)
    votes = story.get("/v1/programme-votes")["data"]
    expect(votes[0]["programme"] == wanted and votes[0]["outcome"] == "activated", f"{votes[0]}")
    return f"in force by vote {votes[0]['number']}, transaction {votes[0]['transaction'][:12]}…"


def score_by_the_new_rules(story: Story) -> str:
    """The next event is scored by the new version, the old one keeps its points."""
    school: School = story.seen["school"]
    old = story.seen["old_award"]
    event = _event(story, story.student, "lms.exercise.completed", "second")
    if story.sabotaged:
        event["time"] = old["receipt"]["event"]["time"]
    good(school.deliver(event))
    new = wait_for("the award", lambda: _award_of(story, story.student, event["id"]))
    expect(new["receipt"]["programme"]["hash"] == story.seen["programme"], "by the old rules")
    kept = _award_of(story, story.student, old["receipt"]["event"]["id"])
    expect(kept["points"] == old["points"], "the old award changed")
    expect(new["receipt"]["base"] != old["receipt"]["base"], "the same base")
    return f"base {old['receipt']['base']} then, {new['receipt']['base']} now"


def carry_tokens_back(story: Story) -> str:
    """A voter signs 50 tokens back; they are burnt, and the points are there again."""
    subject = story.voters[1]
    person, key = story.people[subject], wallet_of(f"{story.tag}-{subject}")
    before = story.balance(subject)["available"]
    asked = person.post("/v1/bridge/redemptions", {"points": 50})
    signer = wallet_of("a stranger") if story.sabotaged else key
    signature = sign_typed(signer, asked["typed_data"])
    person.post(f"/v1/bridge/redemptions/{asked['reference']}/signatures", {"signature": signature})
    wait_for("the points", lambda: story.balance(subject)["available"] == before + 50)
    left = story.node.call(story.seen["token"], BALANCE_OF, key.address)
    expect(left == 150 * UNIT, f"{left} token units are left")
    return "50 points back, 150 tokens left"


STEPS: Final[tuple[Callable[[Story], str], ...]] = (
    sign_everybody_in,
    register_a_school,
    turn_an_event_into_points,
    grant_points,
    buy_with_a_discount,
    link_wallets,
    carry_points_on_chain,
    delegate_without_gas,
    propose_new_rules,
    vote,
    let_it_take_effect,
    score_by_the_new_rules,
    carry_tokens_back,
    prove_the_reserve,
    let_the_ledger_prove_itself,
)


def _event(story: Story, subject: str, kind: str, name: str) -> dict[str, Any]:
    return {
        "id": f"{story.tag}-{name}",
        "type": kind,
        "subject": f"lms:{story.lms[subject]}",
        "time": moment_text(),
        "data": {"object": f"unit-{story.tag}-{name}"},
    }


def _award_of(story: Story, subject: str, event_id: str) -> Any:
    for award in story.people[subject].get("/v1/awards?limit=50")["data"]:
        if award["receipt"].get("event", {}).get("id") == event_id:
            return award
    return None


def _proposal(story: Story) -> Any:
    return story.get(f"/v1/proposals/{story.seen['proposal']}")


def _in_force(story: Story) -> str:
    found: str = story.get("/v1/programmes/in-force")["hash"]
    return found


def with_points(text: str, version: str, points: str) -> str:
    """The programme in force with another version and other points for an exercise."""
    lines = text.splitlines()
    inside = False
    for number, line in enumerate(lines):
        if line.startswith("version:"):
            lines[number] = f'version: "{version}"'
        if line.strip().startswith("- id:"):
            inside = "exercise-completed" in line
        if inside and line.strip().startswith("points:"):
            lines[number] = f"    points: {points}"
    return "\n".join(lines) + "\n"
