"""What anybody can check alone: an entry's proof, a receipt, and an award out of raw facts."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from datetime import datetime
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
from doors import expect, good, wait_for
from firsts_doors import day_of, verified
from firsts_student import last_awards, proof_of

if TYPE_CHECKING:
    from story import Story

TIMEOUT_S: Final = 60
ROOT: Final = Path(__file__).parents[3]
RECOMPUTE: Final = ROOT / "scripts" / "lib" / "recompute_award.py"
_OTHERWISE: Final = {
    "lms.exercise.completed": "lms.section.read",
    "lms.section.read": "lms.exercise.completed",
}


def prove_offline(story: Story) -> str:
    """An award's entry is proved, and its receipt worked out anew, without asking anybody."""
    award = next(
        a for a in last_awards(story) if a["entry"] and "base" in a["receipt"] and a["points"]
    )
    receipt = award["receipt"]
    exact = Fraction(receipt["base"])
    for multiplier in receipt["multipliers"]:
        exact *= Fraction(multiplier["factor"])
    worth = floor(exact + Fraction(1, 2)) - receipt["trimmed"]
    expect(worth == award["points"], f"the receipt comes to {worth}, {award['points']} were paid")
    verifier = good(httpx.get(f"{story.base_url}/v1/log/verifier.py", timeout=TIMEOUT_S)).text
    proof = wait_for("a proof", lambda: proof_of(story, award["entry"]))
    story.seen["proof"], story.seen["verifier"] = proof, verifier
    said = verified(verifier, proof)
    expect(said.returncode == 0, f"the proof does not hold: {said.stdout}{said.stderr}")
    forged = json.loads(json.dumps(proof))
    forged["transfers"][0]["amount"] += 1
    denied = verified(verifier, forged)
    expect(denied.returncode != 0, "a forged proof holds")
    seen = denied.stderr.startswith("NOT VERIFIED: ") and "cannot be read" not in denied.stderr
    expect(seen, f"the verifier stumbled over a forged proof: {denied.stderr[-300:]}")
    return f"{worth} = {receipt['base']} × factors; {said.stdout.strip().splitlines()[-1][:80]}"


def recompute_from_facts(story: Story) -> str:
    """From raw facts and the rules alone a script comes to the same awards; not from forged facts.

    Takes the version that ``see_before_and_reach_back`` restated with: it alone counts since then.
    """
    programme = story.get("/v1/programmes/in-force")
    since = day_of(datetime.fromisoformat(story.seen["since"]))
    paid = {
        (award["rule"], award["receipt"]["event"]["id"]): award
        for award in last_awards(story)
        if award["receipt"].get("programme", {}).get("hash") == programme["hash"]
        and day_of(datetime.fromisoformat(award["receipt"]["event"]["time"])) > since
    }
    facts, identities = _exported(str(story.balance(story.student)["member"]))
    worked_out = _worked_out(programme["source"], facts, identities)
    for cause, award in paid.items():
        stated = [award["receipt"]["base"]]
        stated += [multiplier["factor"] for multiplier in award["receipt"]["multipliers"]]
        journal = (award["points"], [Fraction(each) for each in stated])
        found = worked_out.get(cause)
        expect(found == journal, f"{cause}: {found} of the facts, {journal} of the journal")
    counted = {event for _, event in paid}
    acts = [each for each in facts if each["type"] in _OTHERWISE and each["id"] in counted]
    expect(acts, f"no act of {since} or later is paid by the version in force")
    forged = acts[-1]
    for lie in ({"type": _OTHERWISE[forged["type"]]}, {"subject": "idn_of_a_stranger"}):
        told = [{**fact, **lie} if fact is forged else fact for fact in facts]
        wrong = _worked_out(programme["source"], told, identities)
        same = all(wrong.get(c) == worked_out[c] for c in paid if c[1] == forged["id"])
        expect(not same, f"with {lie} in {forged['id']} nothing is different")
    return (
        f"{len(paid)} awards out of {len(facts)} facts, factor by factor; "
        "a fact of another kind or another person comes to something else"
    )


def _exported(member: str) -> tuple[list[dict[str, Any]], str]:
    """What the operator's command prints: a member's raw facts, and who the member is in them."""
    command = [sys.executable, "-m", "api.cli.main", "members", "facts", member]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )
    expect(done.returncode == 0, f"no facts: {done.stderr[-300:]}")
    facts = [json.loads(line) for line in done.stdout.splitlines()]
    return facts, done.stderr.strip().splitlines()[-1]


def _worked_out(
    programme: str, facts: list[dict[str, Any]], identities: str
) -> dict[tuple[str, str], tuple[int, list[Fraction]]]:
    """(rule, event) and the points and factors that the script comes to, which knows nothing else.

    In an empty folder and by itself.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "programme.yaml").write_text(programme, "utf-8")
        (folder / "facts.jsonl").write_text("".join(f"{json.dumps(f)}\n" for f in facts), "utf-8")
        done = subprocess.run(
            [sys.executable, "-I", RECOMPUTE, "programme.yaml", "facts.jsonl", identities],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    expect(done.returncode == 0, f"the script failed: {done.stderr[-300:]}")
    rows = (line.split("\t") for line in done.stdout.splitlines())
    return {
        (rule, event): (int(points), [Fraction(each) for each in factors.split(" x ")])
        for rule, event, points, _, factors in rows
    }
