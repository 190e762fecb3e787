"""The last steps: what the installation claims of itself is worked out anew from outside."""

from __future__ import annotations

import time
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import httpx
from chain_proof import ChainBroken, Proof
from doors import Node, StepFailed, damaging, expect, good, quoted, wait_for
from proxy import tampering

if TYPE_CHECKING:
    from story import Story

UNIT: Final = 10**18
TOTAL_SUPPLY: Final = "0x18160ddd"
SLOTS_MAX: Final = 32
PAGES_MAX: Final = 10_000
HEADS_MAX: Final = 5
TIMEOUT_S: Final = 30
LETTERS: Final = "0123456789abcdefghjkmnpqrstvwxyz"
PAGE: Final = 100


def prove_the_reserve(story: Story) -> str:
    """Points in escrow equal the token's supply and what is in flight."""
    if story.sabotaged:
        with damaging():
            _forge_a_token(story)
    supply = story.node.call(story.seen["token"], TOTAL_SUPPLY)
    told: dict[str, Any] = {}

    def equal() -> bool:
        told.update(story.people[story.student].get("/v1/bridge/status"))
        final = told["chain"] and int(told["chain"]["token_supply_units"])
        return bool(told["balanced"]) and final == supply

    try:
        wait_for(f"both sides to be equal at {supply} token units", equal, seconds=20)
    except StepFailed as failure:
        findings = " ".join(told.get("findings", []))
        raise StepFailed(f"{failure}. {findings}".strip()) from failure
    return f"{supply // UNIT} tokens, each with a point in escrow"


def let_the_ledger_prove_itself(story: Story) -> str:
    """An auditor fetches every transfer and works out the hash chain anew to the stated head."""
    body = {"name": f"auditor-{story.tag}", "scopes": ["journal:read"]}
    key = story.people["admin"].post("/v1/api-keys", body)["key"]
    reader = {"Authorization": f"Bearer {key}"}
    proof, head = Proof(), _head(story, reader)
    expect(head["sequence"] > 0, "an empty journal")
    way = _tampering(story, head["sequence"]) if story.sabotaged else nullcontext(story.base_url)
    with way as base_url:
        for _ in range(HEADS_MAX):
            _read_to(proof, head, base_url, reader)
            lots = lots_of_student(story)
            before, head = head, _head(story, reader)
            if head == before:
                break
    expect(head == before, f"the journal went on {HEADS_MAX} times while it was read")
    for lot, parts in lots.items():
        for part, stated in parts.items():
            found = proof.balances.get((f"lot_{part}", lot), 0)
            expect(found == stated, f"lot {lot} has {found} {part}, its owner is told {stated}")
    return (
        f"{proof.sequence} transfers in {proof.entries} entries, gap-free, to the head "
        f"{proof.hash.hex()[:16]}…; {len(proof.balances)} balances, {len(lots)} lots compared"
    )


def _head(story: Story, reader: dict[str, str]) -> Any:
    url = f"{story.base_url}/v1/journal/head"
    return good(httpx.get(url, headers=reader, timeout=TIMEOUT_S)).json()


def _read_to(proof: Proof, head: Any, base_url: str, reader: dict[str, str]) -> None:
    """Page by page to this head; what was posted since is left for the next."""
    last, cursor = head["sequence"], ""
    proven = proof.sequence
    try:
        with httpx.Client(base_url=base_url, headers=reader, timeout=TIMEOUT_S) as http:
            for _ in range(PAGES_MAX):
                page = good(http.get(f"/v1/journal/transfers?limit={PAGE}{cursor}")).json()
                unread = [each for each in page["data"] if proven < each["sequence"] <= last]
                proof.read(unread)
                if proof.sequence >= last or page["next_cursor"] is None:
                    break
                cursor = f"&cursor={quoted(page['next_cursor'])}"
        proof.end(head)
    except ChainBroken as broken:
        raise StepFailed(str(broken)) from broken


def lots_of_student(story: Story) -> dict[str, dict[str, int]]:
    """What the student is told to have, by the plain id of each lot."""
    found, cursor = {}, ""
    for _ in range(PAGES_MAX):
        page = story.people[story.student].get(f"/v1/lots?limit={PAGE}{cursor}")
        for lot in page["data"]:
            parts = {name: lot[name] for name in ("pending", "available", "held")}
            found[plain_id(lot["id"])] = parts
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={quoted(page['next_cursor'])}"
    return found


def plain_id(text: str) -> str:
    """The UUID in an id: Crockford's base32 after the prefix."""
    number = 0
    for letter in text.partition("_")[2]:
        number = number * 32 + LETTERS.index(letter)
    return str(UUID(int=number))


def _tampering(story: Story, last: int) -> Any:
    """One field of one transfer is another on the way."""
    victim = story.draw.randint(1, last)
    name = story.draw.choice(("amount", "credit_balance_after", "line", "cause", "effective_at"))

    def change(body: dict[str, Any]) -> dict[str, Any]:
        for transfer in body["data"]:
            if transfer["sequence"] == victim:
                transfer[name] = _another(transfer[name])
        return body

    print(f"    on the way, {name} of transfer {victim} becomes another", flush=True)
    return tampering(story.base_url, change)


def _another(value: Any) -> Any:
    if isinstance(value, int):
        return value + 1
    return f"{value} " if value.startswith("{") else value.replace("20", "21", 1)


def _forge_a_token(story: Story) -> None:
    """One token more on the local chain, which no point stands behind; taken back in the end."""
    node, token = story.node, story.seen["token"]
    supply = node.call(token, TOTAL_SUPPLY)
    slot = _slot_of(node, token, supply)

    def put(amount: int) -> None:
        node.ask("anvil_setStorageAt", token, slot, f"0x{amount:064x}")
        for _ in range(2):
            node.ask("evm_mine")
            time.sleep(1)
        expect(node.call(token, TOTAL_SUPPLY) == amount, "the supply could not be forged")

    def mend() -> None:
        put(node.call(token, TOTAL_SUPPLY) - UNIT)
        student, admin = story.people[story.student], story.people["admin"]
        wait_for("the reserve", lambda: student.get("/v1/bridge/status")["balanced"])
        if not student.get("/v1/bridge/status")["open"]:
            admin.post("/v1/bridge/resumptions", {"reason": "The forged token is gone"})

    story.mending.append(mend)
    put(supply + UNIT)


def _slot_of(node: Node, token: str, supply: int) -> str:
    """Where the token keeps its supply."""
    for slot in range(SLOTS_MAX):
        if int(node.ask("eth_getStorageAt", token, hex(slot), "latest"), 16) == supply:
            return f"0x{slot:064x}"
    raise StepFailed("the token keeps its supply where nobody finds it")
