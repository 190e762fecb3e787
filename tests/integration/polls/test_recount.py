"""A stranger recounts from the export alone: every kind of cheating is found and named."""

from __future__ import annotations

import ast
import contextlib
import copy
import json
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from api import polling
from api.cli.main import app as commands
from governance.polls import service, voting
from governance.polls.counting import Method
from governance.polls.errors import NotEligible, PollNotCounted
from governance.polls.model import Poll
from governance.polls.verify import check_polls
from governance.recount import polls as recount
from ledger.kernel.canonical import canonical_json
from ledger.kernel.transaction import execute
from tests.conftest import DEEP
from tests.support.polls import Device, Electorate, recounted

Export = dict[str, Any]
Change = Callable[[Export], None]


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    """Files of one poll, made once for all that tamper with copies of them."""
    return {}


@pytest.fixture
def files(kept: dict[str, Any], request: pytest.FixtureRequest) -> dict[str, Any]:
    """An export, receipts of its voters, and the announcement that somebody kept."""
    if not kept:
        electorate: Electorate = request.getfixturevalue("electorate")
        poll = _played(electorate)
        with electorate.database.read() as work:
            opening = polling.opening_file(electorate.composition, work, poll.poll_id)
        kept["opening"] = json.loads(json.dumps(opening))
        kept["early"] = electorate.receipt(poll, "bob")
        poll = electorate.close(poll)
        kept["export"] = electorate.export(poll)
        for name in ("ann", "bob", "dan", "eve"):
            kept[name] = electorate.receipt(poll, name)
    return copy.deepcopy(kept)


def _played(electorate: Electorate) -> Poll:
    poll = electorate.announce(method=Method.RANKED)
    electorate.vote(poll, ann=[0, 1], bob=[1], cid=[2, 0, 1])
    electorate.cast(electorate.ballot(poll, "dan", 1))
    electorate.vote(poll, ann=[2, 1])
    return poll


def test_it_imports_nothing_of_ours() -> None:
    tree = ast.parse(Path(recount.__file__).read_text("utf-8"))
    imported = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert {name.split(".")[0] for name in imported} <= {*sys.stdlib_module_names}


def test_what_holds(files: dict[str, Any]) -> None:
    export = files["export"]
    said = "\n".join(
        recounted(
            export,
            *(files[name] for name in ("ann", "bob", "dan", "eve", "early")),
            openings=[files["opening"]],
            known=export["seals"]["closing"]["key"],
        )
    )
    assert "7 voters, 5 ballots cast, 4 count." in said
    assert "Result, of signed ballots: 3 of weight 3; first: Plums" in said
    assert "Unsigned: 1 of weight 1; first: Pears" in said
    assert "1 ballots rest on the keeper's word alone." in said
    assert "Your ballot 5 is in the export and counts." in said
    assert "Nor is one in the export." in said
    assert "for: Plums > Pears" in "\n".join(recount.check_receipt(files["ann"]))


def _renumbered(export: Export) -> None:
    """The register made anew over whatever ballots there are: a server that hides its traces."""
    head = sha256(canonical_json(export["definition"])).digest()
    for number, ballot in enumerate(export["ballots"], 1):
        ballot["number"] = number
        head = sha256(b"\x02" + head + bytes.fromhex(ballot["commitment"])).digest()
        ballot["register_head"] = head.hex()
    export["closing"] |= {"register_size": len(export["ballots"]), "register_head": head.hex()}


def _recommitted(export: Export, ballot: dict[str, Any]) -> None:
    said = recount.statement_of(export["definition"], ballot)
    content = {**said, "kind": ballot["kind"], "evidence": ballot["evidence_digest"]}
    ballot["commitment"] = sha256(canonical_json(content)).hexdigest()


def _counted_again(export: Export) -> None:
    """Everything that follows from voters and ballots made anew, but for signatures."""
    _renumbered(export)
    last = {ballot["voter"]: ballot for ballot in export["ballots"]}
    final = sorted(last.values(), key=lambda each: each["number"])
    leaves = [
        bytes.fromhex(each["commitment"]) + int(each["weight"]).to_bytes(32, "big")
        for each in final
    ]
    closing, definition = export["closing"], export["definition"]
    closing |= {"counted": len(final), "tally_root": recount.tree_root(leaves).hex()}
    for name, some in (
        ("signed", [each for each in final if each["kind"] != "unsigned"]),
        ("unsigned", [each for each in final if each["kind"] == "unsigned"]),
        ("together", final),
    ):
        weighed = [(int(each["weight"]), each["choice"]) for each in some]
        options = len(definition["options"])
        closing["tallies"][name] = recount.tally(definition["method"], options, weighed)
    export["seals"] = {"opening": None, "closing": None}


def _remove(number: int) -> Change:
    return lambda export: export["ballots"].pop(number - 1)


def _add(export: Export) -> None:
    ballot = copy.deepcopy(export["ballots"][0])
    export["ballots"].append(ballot | {"number": 6, "voter": "ab" * 32})


def _double(export: Export) -> None:
    export["ballots"].insert(2, copy.deepcopy(export["ballots"][1]))


def _tell_again(export: Export) -> None:
    """Ann's first ballot told again at the end, so that her change of mind does not count."""
    export["ballots"].append(copy.deepcopy(export["ballots"][0]) | {"number": 6})


def _alter(**changes: Any) -> Change:
    return lambda export: export["ballots"][1].update(changes)


def _alter_and_hide(export: Export) -> None:
    ballot = export["ballots"][1]
    ballot["choice"] = [0]
    _recommitted(export, ballot)
    _counted_again(export)


def _reweigh(export: Export) -> None:
    export["ballots"][1]["weight"] = "2"


def _reweigh_voter(export: Export) -> None:
    pseudonym = export["ballots"][1]["voter"]
    next(each for each in export["voters"] if each[0] == pseudonym)[1] = "2"


def _swap_weights(export: Export) -> None:
    """The sum stays, the tree does not."""
    export["voters"][0][1], export["voters"][1][1] = "2", "1"
    export["opening"]["weight"] = "8"


def _drop_signature(export: Export) -> None:
    export["ballots"][0]["evidence"] = None


def _other_signature(export: Export) -> None:
    export["ballots"][0]["evidence"]["signature"] = "00" * 64


def _unsign(export: Export) -> None:
    export["ballots"][0] |= {"kind": "unsigned", "evidence": None, "evidence_digest": None}


def _talk_over(export: Export) -> None:
    """An unsigned ballot for Cid, who had signed one."""
    third = export["ballots"][2]
    forged = copy.deepcopy(third) | {"number": 6, "version": 2, "choice": [1]}
    forged |= {"kind": "unsigned", "evidence": None, "evidence_digest": None}
    _recommitted(export, forged)
    export["ballots"].append(forged)
    _counted_again(export)


def _stuff_signed(export: Export) -> None:
    """A ballot said to be signed, for somebody absent, by nobody's key."""
    used = {each["voter"] for each in export["ballots"]}
    absent = next(each[0] for each in export["voters"] if each[0] not in used)
    forged = copy.deepcopy(export["ballots"][0]) | {"number": 6, "voter": absent, "version": 1}
    _recommitted(export, forged)
    export["ballots"].append(forged)
    _counted_again(export)


def _state(name: str, value: Any) -> Change:
    return lambda export: export["closing"].update({name: value})


def _state_tally(name: str, field: str, value: Any) -> Change:
    return lambda export: export["closing"]["tallies"][name].update({field: value})


def _unsealed(change: Change) -> Change:
    def apply(export: Export) -> None:
        export["seals"] = {"opening": None, "closing": None}
        change(export)

    return apply


CHEATS: dict[str, tuple[Change, str]] = {
    "removed": (_remove(2), "ballot 2 was taken out"),
    "removed last": (_remove(5), "4 ballots are here, 5 were in the register"),
    "added": (_add, "ballot 6 was added: nobody of the voters announced cast it"),
    "double": (_double, "ballot 2 is there twice"),
    "told again": (_tell_again, "ballot 6 is number 1 of its voter, out of turn: told twice"),
    "altered": (_alter(choice=[0]), "ballot 2 was altered"),
    "other salt": (_alter(salt="00" * 32), "ballot 2 was altered"),
    "altered and hidden": (_alter_and_hide, "ballot 2 is not signed by the device key"),
    "re-weighted": (_reweigh, "ballot 2 is weighed 2, its voter has 1: re-weighted"),
    "re-weighted voter": (_reweigh_voter, "the voters weigh 8 together, 7 was announced"),
    "weights swapped": (_unsealed(_swap_weights), "is not the one that was announced"),
    "signature dropped": (_drop_signature, "the signature of ballot 1 was taken away"),
    "other signature": (_other_signature, "the signature of ballot 1 was altered"),
    "called unsigned": (_unsign, "ballot 1 was altered"),
    "signature of nothing": (
        lambda export: export["ballots"][3].update(evidence={"key": "x"}),
        "ballot 4 is said unsigned",
    ),
    "talked over": (_talk_over, "ballot 6 is unsigned and would replace a signed one"),
    "stuffed as signed": (_stuff_signed, "ballot 6 is not signed by the device key"),
    "bad choice": (_alter(choice=[7]), "ballot 2 was altered"),
    "more fields": (_alter(note="x"), "ballot 2 has other fields"),
    "register of others": (
        _unsealed(_state("register_head", "00" * 32)),
        "the register is not the one whose head was published",
    ),
    "other count": (_unsealed(_state("counted", 5)), "4 ballots count, 5 were counted"),
    "other tree": (_unsealed(_state("tally_root", "00" * 32)), "another root"),
    "other winner": (
        _unsealed(_state_tally("signed", "winners", [0])),
        "signed ballots: winners is [2], [0] is stated",
    ),
    "other total": (
        _unsealed(_state_tally("unsigned", "totals", ["1", "0", "0"])),
        "unsigned ballots: totals",
    ),
    "result re-signed by nobody": (_state("counted", 5), "the signature of the result is wrong"),
    "other voters": (
        _unsealed(_state("eligibility_root", "00" * 32)),
        "the result is of other voters",
    ),
    "other question": (
        lambda export: export["definition"].update(title="Another"),
        "the question is not the one that was announced",
    ),
    "result of another": (
        _unsealed(_state("definition", "00" * 32)),
        "the result is of another question",
    ),
    "voter twice": (
        lambda export: export["voters"].insert(1, export["voters"][0]),
        "is listed twice",
    ),
    "voter out of order": (lambda export: export["voters"].reverse(), "is out of order"),
    "voter taken out": (lambda export: export["voters"].pop(), "6 voters are listed, 7"),
    "no weight": (
        lambda export: export["voters"][0].__setitem__(1, "0"),
        "weighs nothing",
    ),
    "spelled otherwise": (
        lambda export: export["voters"][0].__setitem__(1, "01"),
        "is not a weight",
    ),
    "no export": (lambda export: export.update(format="x"), "this is not the export of a poll"),
}


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_cheat_is_found_and_named(files: dict[str, Any], cheat: str) -> None:
    change, sentence = CHEATS[cheat]
    export = files["export"]
    change(export)
    with pytest.raises(recount.Fault) as fault:
        recounted(export)
    assert sentence in str(fault.value)


def test_a_ballot_put_in_between_breaks_the_register(files: dict[str, Any]) -> None:
    export = files["export"]
    export["ballots"].pop(1)
    for number, ballot in enumerate(export["ballots"], 1):
        ballot["number"] = number
    with pytest.raises(recount.Fault, match="ballot 2 does not follow the ballots before it"):
        recounted(export)


def test_what_was_made_anew_whole_is_found_by_receipts(files: dict[str, Any]) -> None:
    """A keeper who makes everything anew, signatures too, is given away by whoever kept one."""
    export = files["export"]
    export["ballots"].pop(1)
    _counted_again(export)
    recounted(export)
    assert "not in the register: taken out or replaced" in _fault(export, files["early"])
    assert "two were given out" in _fault(export, files["bob"])
    with pytest.raises(recount.Fault, match="the announcement is not signed"):
        recounted(export, known="00" * 32)


def test_an_unsigned_ballot_for_somebody_absent_is_found_by_them(files: dict[str, Any]) -> None:
    """The keeper can make an unsigned ballot up. It stands apart, and the absent one can tell."""
    export, absent = files["export"], files["eve"]
    forged = copy.deepcopy(export["ballots"][3]) | {"voter": absent["voter"]["pseudonym"]}
    forged |= {"number": 6, "version": 1}
    _recommitted(export, forged)
    export["ballots"].append(forged)
    _counted_again(export)
    said = "\n".join(recounted(export))
    assert "Result, of signed ballots: 3 of weight 3" in said
    assert "Unsigned: 2 of weight 2" in said
    absent["closing"] = None
    assert "ballot 6 is cast in your name, and your receipt knows of none" in _fault(export, absent)


def test_a_keeper_with_a_key_of_its_own_is_found_by_the_absent(files: dict[str, Any]) -> None:
    """The keeper lets a key of its own sign for Eve: only Eve can tell, and she can."""
    export, eve, device = files["export"], files["eve"], Device()
    forged = copy.deepcopy(export["ballots"][0])
    forged |= {"number": 6, "voter": eve["voter"]["pseudonym"], "version": 1, "choice": [0]}
    message = b"vklad.poll.ballot.v1\n" + canonical_json(
        recount.statement_of(export["definition"], forged)
    )
    forged["evidence"] = {"key": device.key.hex(), "signature": device.sign(message).hex()}
    forged["evidence_digest"] = sha256(canonical_json(forged["evidence"])).hexdigest()
    _recommitted(export, forged)
    export["ballots"].append(forged)
    _counted_again(export)
    recounted(export)
    eve["closing"] = None
    assert "ballot 6 is cast in your name" in _fault(export, eve)
    ann = files["ann"]
    ann["closing"] = None
    assert "Your ballot 5 is in the export" in recounted(export, ann)[-1]


def test_a_ballot_cast_after_the_receipt_in_ones_name(files: dict[str, Any]) -> None:
    export, bob, device = files["export"], files["early"], Device()
    forged = copy.deepcopy(export["ballots"][1]) | {"number": 6, "version": 2, "choice": [0]}
    said = recount.statement_of(export["definition"], forged)
    message = b"vklad.poll.ballot.v1\n" + canonical_json(said)
    forged["evidence"] = {"key": device.key.hex(), "signature": device.sign(message).hex()}
    forged["evidence_digest"] = sha256(canonical_json(forged["evidence"])).hexdigest()
    _recommitted(export, forged)
    export["ballots"].append(forged)
    _counted_again(export)
    assert "ballot 6 counts in your name instead of yours, 2" in _fault(export, bob)


def _fault(export: Export, receipt: dict[str, Any]) -> str:
    with pytest.raises(recount.Fault) as fault:
        recounted(export, receipt)
    return str(fault.value)


RECEIPTS: dict[str, tuple[Change, str]] = {
    "another member": (lambda r: r.update(member="mem_x"), "not this member's"),
    "another weight": (lambda r: r["voter"].update(weight="2"), "not among those announced"),
    "another place": (lambda r: r["voter"]["place"].update(index=0, path=[]), "path is too short"),
    "a longer path": (lambda r: r["place"]["path"].extend(["00" * 32] * 9), "path is too long"),
    "no such leaf": (lambda r: r["place"].update(index=9), "has no leaf 9"),
    "another choice": (lambda r: r["ballot"].update(choice=[0]), "the ballot was altered"),
    "another's ballot": (lambda r: r["ballot"].update(voter="00" * 32), "another voter's"),
    "not counted": (lambda r: r["place"].update(path=["00" * 32] * 2), "was not counted"),
    "acknowledged another": (
        lambda r: r["acknowledgement"].update(number=9),
        "what was acknowledged is another ballot",
    ),
    "acknowledged by nobody": (
        lambda r: r["seals"]["acknowledgement"].update(signature="00" * 64),
        "the signature of the acknowledgement is wrong",
    ),
    "no receipt": (lambda r: r.update(format="x"), "this is not a receipt"),
}


@pytest.mark.parametrize("change", RECEIPTS)
def test_a_receipt_that_does_not_hold(files: dict[str, Any], change: str) -> None:
    alter, sentence = RECEIPTS[change]
    alter(files["ann"])
    with pytest.raises(recount.Fault) as fault:
        recount.check_receipt(files["ann"])
    assert sentence in str(fault.value)


def test_another_announcement_was_kept(files: dict[str, Any]) -> None:
    files["opening"]["opening"]["eligibility_root"] = "00" * 32
    with pytest.raises(recount.Fault, match="the announcement you kept is another"):
        recounted(files["export"], openings=[files["opening"]])


def test_by_the_command(files: dict[str, Any], tmp_path: Path) -> None:
    paths = {}
    for name in ("export", "ann", "opening"):
        paths[name] = tmp_path / f"{name}.json"
        paths[name].write_text(json.dumps(files[name]))
    run = CliRunner()
    verify = ["governance", "verify", str(paths["export"])]
    whole = [*verify, "--receipt", str(paths["ann"]), "--opening", str(paths["opening"])]
    answer = run.invoke(commands, whole)
    assert answer.exit_code == 0, answer.output
    assert answer.output.endswith("VERIFIED\n")
    assert run.invoke(commands, ["governance", "verify", str(paths["ann"])]).exit_code == 0
    files["export"]["ballots"].pop()
    paths["export"].write_text(json.dumps(files["export"]))
    answer = run.invoke(commands, verify)
    assert (answer.exit_code, answer.stdout) == (1, "")
    assert "NOT VERIFIED: 4 ballots are here" in answer.stderr
    for text in ("", "{", "[]", '{"kind": "poll"}', '{"kind": "x"}', '{"kind": 1.5}', "\xff"):
        paths["export"].write_bytes(text.encode("latin-1"))
        answer = run.invoke(commands, verify)
        assert answer.exit_code == 1, text
        assert "NOT VERIFIED" in answer.stderr
    assert run.invoke(commands, ["governance", "verify", str(tmp_path / "none")]).exit_code != 0


def test_nothing_of_a_choice_before_it_is_counted(electorate: Electorate) -> None:
    poll = _played(electorate)
    with electorate.database.read() as work:
        with pytest.raises(PollNotCounted):
            polling.export_file(electorate.composition, work, poll.poll_id)
        shown = json.dumps(
            [
                polling.poll_json(service.require_poll(work, poll.poll_id), work),
                polling.opening_file(electorate.composition, work, poll.poll_id),
            ]
        )
        newcomer = electorate.world.first_admin
        part = voting.my_part(work, poll.poll_id, newcomer)
    assert "choice" not in shown
    assert part is not None
    assert list(part.ballots) == []
    # Equal choices hide behind salts.
    commitments = {ballot["commitment"] for ballot in _all(electorate, poll)}
    assert len(commitments) == 5
    stranger = electorate.world.link("zoe")
    with electorate.database.read() as work, pytest.raises(NotEligible):
        polling.receipt_file(electorate.composition, work, poll.poll_id, stranger)


def _all(electorate: Electorate, poll: Poll) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = electorate.export(electorate.close(poll))["ballots"]
    return found


def test_two_polls_have_no_pseudonym_or_key_in_common(electorate: Electorate) -> None:
    first, second = _played(electorate), _played(electorate)
    electorate.clock.forward(timedelta(days=1))
    exports = [electorate.export(electorate.close(each)) for each in (first, second)]
    seen = [
        {
            *(row[0] for row in export["voters"]),
            *(each["evidence"]["key"] for each in export["ballots"] if each["evidence"]),
        }
        for export in exports
    ]
    assert not seen[0] & seen[1]


def test_verify_finds_what_somebody_changed_in_the_database(
    electorate: Electorate, migrator_url: str
) -> None:
    poll = electorate.close(_played(electorate))
    engine = sa.create_engine(migrator_url, poolclass=sa.NullPool)
    for change, sentence in (
        ("UPDATE poll_ballots SET choice = '[0]' WHERE number = 2", "has ballot 2 altered"),
        ("UPDATE poll_voters SET weight = 2", "other voters or weights"),
        ("UPDATE polls SET title = 'x'", "another question"),
        ("UPDATE polls SET closing = closing || '{\"counted\": 9}'", "something else"),
        ("UPDATE poll_evidence SET evidence = '{}' WHERE number = 1", "signature of ballot 1"),
        ("UPDATE poll_names SET salt = decode(repeat('00', 32), 'hex')", "a pseudonym of somebody"),
    ):
        with engine.connect() as connection:
            for table in ("poll_ballots", "poll_voters", "polls"):
                connection.execute(sa.text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
            connection.execute(sa.text(change))
            work = type("Work", (), {"connection": connection, "now": electorate.clock.now()})()
            found = [each.problem for each in check_polls(work)]
            connection.rollback()
        assert len(found) == 1, change
        assert sentence in found[0]
    with electorate.database.read() as work:
        assert list(check_polls(work)) == []
        assert poll.closing is not None


def test_a_poll_is_counted_once(electorate: Electorate) -> None:
    poll = electorate.close(_played(electorate))
    assert not execute(electorate.database, service.count_poll, poll.poll_id)


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every value of a document is that holds no other."""
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in parts:
        if isinstance(inner, dict | list) and inner:
            yield from _leaves(inner, (*path, key))
        else:
            yield (*path, key)


def _changed(value: Any) -> Any:
    """Another value of the same kind; of hex, other hex."""
    if value is None:
        return 1
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str) and value:
        return value[:-1] + ("0" if value[-1] != "0" else "1")
    return "x"


def test_no_value_of_an_export_can_be_changed(
    files: dict[str, Any], record_property: Callable[[str, object], None]
) -> None:
    export = files["export"]
    places = [path for path in _leaves(export) if path != ("kind",)]
    chosen = places if DEEP else places[::6]
    missed = []
    for path in chosen:
        changed = copy.deepcopy(export)
        *way, last = path
        place = changed
        for key in way:
            place = place[key]
        place[last] = _changed(place[last])
        with contextlib.suppress(recount.Fault, KeyError, TypeError, ValueError, IndexError):
            recounted(changed)
            missed.append(path)
    record_property("changed", len(chosen))
    assert missed == []
