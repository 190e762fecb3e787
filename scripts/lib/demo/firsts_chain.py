"""What the chain adds: a reserve whole at each block looked at, rules by vote, a recount.

Left out where an installation has no chain.
"""

from __future__ import annotations

import contextlib
import copy
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
from doors import StepFailed, expect, good, now_text, sign_typed, wait_for, wallet_of
from firsts_doors import refused
from firsts_versions import preview_digest
from story import (
    carry_points_on_chain,
    cast_ballot,
    delegate_without_gas,
    let_it_take_effect,
    link_wallets,
    with_points,
)

if TYPE_CHECKING:
    from story import Story

UNIT: Final = 10**18
TOTAL_SUPPLY: Final = "0x18160ddd"
BLOCKS_MIN: Final = 5
CARRIED: Final = 600
"""Points, of all voters together."""
_SAMPLE_EVERY_S: Final = 1
_TIMEOUT_S: Final = 120


def keep_the_reserve_whole(story: Story) -> str:
    """While points go on chain, each final block looked at has a point in escrow for each token."""
    link_wallets(story)
    with _watched(story) as seen:
        carry_points_on_chain(story)
        delegate_without_gas(story)
        wait_for("blocks to become final", lambda: len(seen) >= BLOCKS_MIN and _moved(seen))
    for number, stated in sorted(seen.items()):
        escrow, flying = int(stated["escrowPoints"]), int(stated["inFlightPoints"])
        tag = hex(number)
        call = {"to": stated["token"], "data": TOTAL_SUPPLY}
        supply = int(story.node.ask("eth_call", call, tag), 16)
        expect(int(stated["supplyUnits"]) == supply, f"block {number} has {supply} units")
        expect(
            supply + flying * UNIT == escrow * UNIT, f"block {number}: {escrow} points, {supply}"
        )
    first, last = min(seen), max(seen)
    _a_changed_statement_is_found(story)
    return f"{len(seen)} of the final blocks {first} to {last}, {supply // UNIT} tokens at the last"


def change_the_rules_by_vote(story: Story) -> str:
    """A version that was looked at first is voted in; what it does stands in the text voted on."""
    text = story.get("/v1/programmes/in-force")["source"]
    points = "20" if "points: 10\n" in text else "10"
    stored = story.people["admin"].post(
        "/v1/programmes", {"source": with_points(text, f"voted-{story.tag}", points)}
    )
    digest = preview_digest(story, stored["hash"], now_text())
    subject = story.voters[0]
    proposer, key = story.people[subject], wallet_of(f"{story.tag}-{subject}")
    draft = {
        "kind": "programme",
        "title": f"Exercises count otherwise, as previewed ({story.tag})",
        "body": "What it does is below.",
        "programme": stored["hash"],
        "effective_at": now_text(),
    }
    wait_for("the votes to count", lambda: proposer.get("/v1/voting-power")["may_propose"])
    shown = proposer.post("/v1/proposal-messages", draft)
    wished = shown["typed_data"]["message"]["description"]
    expect(digest in wished, "the preview is not in the text that is signed")
    signed = {**draft, **{name: shown[name] for name in ("replaces", "deadline", "preview")}}
    prettier = copy.deepcopy(shown["typed_data"])
    prettier["message"]["description"] = wished.replace(digest, "0" * 64)
    forged = {**signed, "signature": sign_typed(key, prettier)}
    refusal = proposer.send("POST", "/v1/proposals", forged)
    refused(refusal, 422, "signature_not_yours", "another impact was voted on than was worked out")
    made = proposer.post(
        "/v1/proposals", {**signed, "signature": sign_typed(key, shown["typed_data"])}
    )
    expect(made["preview"] == f"0x{digest}", f"it names the preview {made['preview']}")
    path = f"/v1/proposals/{made['id']}"
    story.seen |= {"proposal": made["id"], "programme": stored["hash"]}
    wait_for("voting to begin", lambda: story.get(path)["state"] == "active")
    for each in story.voters:
        cast_ballot(story, each, "for")
    wait_for("three ballots", lambda: story.get(path)["standing"]["voters"] == 3)
    return f"{let_it_take_effect(story)}; its text names preview {digest[:12]}…"


def let_a_stranger_count(story: Story) -> str:
    """Who has the export and a node of their own counts the vote; one ballot altered is found."""
    path = f"/v1/proposals/{story.seen['proposal']}/export"
    export = story.get(path)
    program = good(story.people[story.student].http.get("/v1/proposal-verifier.py")).text
    said = _counted(story, program, export)
    expect(said.returncode == 0, f"not counted: {said.stdout}{said.stderr}")
    for change, sentence in (
        (lambda e: e["ballots"][0].update({"for": "1"}), "on chain it says"),
        (lambda e: e["ballots"].pop(), "is on chain and not in the export"),
        (lambda e: e.update({"description": e["description"] + " and beer"}), "has the id"),
    ):
        altered = copy.deepcopy(export)
        change(altered)
        wrong = _counted(story, program, altered)
        expect(wrong.returncode == 1 and sentence in wrong.stderr, f"not found: {wrong.stderr}")
    return said.stdout.splitlines()[1] + " Three alterations are found."


CHAIN_FIRSTS: Final = (keep_the_reserve_whole, change_the_rules_by_vote, let_a_stranger_count)


def _counted(story: Story, program: str, export: Any) -> subprocess.CompletedProcess[str]:
    """Run by a Python that knows nothing of ours."""
    with tempfile.TemporaryDirectory() as folder:
        file, code = Path(folder) / "export.json", Path(folder) / "proposals.py"
        file.write_text(json.dumps(export))
        code.write_text(program)
        return subprocess.run(
            [sys.executable, "-I", str(code), str(file), "--rpc", story.node.url],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )


def _stated(story: Story) -> dict[str, Any]:
    stated: dict[str, Any] = story.get("/v1/reserve")["statement"]["message"]
    return stated


def _moved(seen: dict[int, dict[str, Any]]) -> bool:
    """Whether all that the voters carried arrived in a final block, and nothing is in flight."""
    first, last = seen[min(seen)], seen[max(seen)]
    carried = int(last["supplyUnits"]) - int(first["supplyUnits"])
    return carried >= CARRIED * UNIT and int(last["inFlightPoints"]) == 0


@contextmanager
def _watched(story: Story) -> Iterator[dict[int, dict[str, Any]]]:
    """Statements of the reserve as blocks become final, by the block's number."""
    seen: dict[int, dict[str, Any]] = {}
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(_SAMPLE_EVERY_S):
            with contextlib.suppress(StepFailed, httpx.HTTPError):  # Asked too often, say.
                stated = _stated(story)
                seen[int(stated["blockNumber"])] = stated

    watching = threading.Thread(target=look, name="reserve", daemon=True)
    watching.start()
    try:
        yield seen
    finally:
        stop.set()
        watching.join(_TIMEOUT_S)


def _a_changed_statement_is_found(story: Story) -> None:
    """A statement with another supply is not what was signed."""
    whole = story.get("/v1/reserve")
    whole["statement"]["message"]["supplyUnits"] = "1"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "reserve.json"
        file.write_text(json.dumps(whole))
        said = subprocess.run(
            [
                *(sys.executable, "-m", "api.cli.main", "chain", "verify-reserve", str(file)),
                *("--rpc", story.node.url),
            ],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
        )
    expect(said.returncode == 1, f"a changed statement passes: {said.stdout}")
