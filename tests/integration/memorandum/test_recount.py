"""A stranger checks the register from its file alone: every kind of cheating is found and named."""

from __future__ import annotations

import ast
import copy
import json
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from api import memoranda
from api.erasing import EraseMember, erase_and_list, tell
from api.supervisor.state import StateFolder
from governance.memorandum import service
from governance.memorandum.errors import NothingPublished, NotSigned
from governance.memorandum.register import Act
from governance.recount import memorandum as recount
from ledger.kernel.canonical import canonical_json
from tests.support.memorandum import Assembly, as_read, wording

Export = dict[str, Any]
Change = Callable[[Export], None]


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    """Files of one register, made once for all that tamper with copies of them."""
    return {}


@pytest.fixture
def files(kept: dict[str, Any], request: pytest.FixtureRequest) -> dict[str, Any]:
    """An export, receipts, and a head that somebody kept in between."""
    if not kept:
        assembly: Assembly = request.getfixturevalue("assembly")
        first = assembly.adopted("one")
        assembly.enter("ann", first, language="ru")
        assembly.enter("bob", first)
        with assembly.database.read() as work:
            kept["head"] = as_read(memoranda.head_file(assembly.composition, work))
        kept["early"] = assembly.receipt("ann")
        assembly.enter("ann", first, Act.WITHDRAW)
        second = assembly.publish(assembly.propose(wording("two")))
        assembly.enter("ann", second)
        assembly.enter("cid", second)
        kept["export"] = assembly.export()
        for name in ("ann", "bob"):
            kept[name] = assembly.receipt(name)
    return copy.deepcopy(kept)


def test_it_imports_nothing_of_ours() -> None:
    tree = ast.parse(Path(recount.__file__).read_text("utf-8"))
    imported = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert {name.split(".")[0] for name in imported} <= {*sys.stdlib_module_names}


def test_before_anything_is_there(assembly: Assembly) -> None:
    with assembly.database.read() as work:
        with pytest.raises(NothingPublished):
            memoranda.export_file(assembly.composition, work)
        with pytest.raises(NothingPublished):
            service.require_in_force(work)
        with pytest.raises(NotSigned):
            memoranda.receipt_file(assembly.composition, work, assembly.world.linked["ann"])


def test_what_holds(files: dict[str, Any]) -> None:
    export = files["export"]
    said = recount.check_export(
        export,
        [files["ann"], files["bob"], files["early"]],
        [files["head"]],
        known=export["seals"]["head"]["key"],
    )
    first, second = (each["content"][:16] for each in export["versions"])
    assert said[1:] == [
        f"Version 1, {first}…: 1 stand by it, 1 have withdrawn.",
        f"Version 2, {second}…: 2 stand by it, 0 have withdrawn.",
        "Your 3 entries are in the register.",
        "Your 1 entries are in the register.",
        "Your 1 entries are in the register; 2 came later.",
    ]
    assert "5 entries of 3 members." in said[0]
    mine = recount.check_receipt(files["ann"])
    assert [each.partition(": ")[2] for each in mine[1:]] == [
        "sign version 1 (device).",
        "withdraw version 1 (device).",
        "sign version 2 (device).",
    ]


def _chained_again(export: Export) -> None:
    """The register made anew over whatever there is: a server that hides its traces."""
    register = export["head"]["register"]
    start = {"format": "vklad.memorandum.register.v1", "register": register}
    head = sha256(canonical_json(start)).digest()
    for number, entry in enumerate(export["entries"], 1):
        entry["entry"] = number
        content = {k: v for k, v in entry.items() if k not in {"signature", "head"}}
        head = sha256(b"\x02" + head + sha256(canonical_json(content)).digest()).digest()
        entry["head"] = head.hex()
    export["head"] |= {"size": len(export["entries"]), "head": head.hex()}
    export["seals"]["head"] = None


def _signed_anew(entry: dict[str, Any]) -> None:
    entry["evidence"] = sha256(canonical_json(entry["signature"])).hexdigest()


def _remove(number: int) -> Change:
    return lambda export: export["entries"].pop(number - 1)


def _remove_and_hide(export: Export) -> None:
    """Ann's withdrawal taken out, so that she seems to stand by the first version."""
    gone = export["entries"].pop(2)
    for entry in export["entries"]:
        if entry["member"] == gone["member"] and entry["turn"] > gone["turn"]:
            entry["turn"] -= 1
    export["versions"][0]["tally"] = {
        "standing": 2,
        "read_in": {"en": 1, "ru": 1},
        "withdrawn": 0,
    }
    _chained_again(export)


def _remove_last_and_hide(export: Export) -> None:
    export["entries"].pop()
    export["versions"][1]["tally"]["standing"] = 1
    export["versions"][1]["tally"]["read_in"]["en"] = 1
    _chained_again(export)


def _double(export: Export) -> None:
    export["entries"].insert(1, copy.deepcopy(export["entries"][0]))


def _tell_again(export: Export) -> None:
    """Ann's signature from before her withdrawal, told again after it."""
    export["entries"].append(copy.deepcopy(export["entries"][0]))
    _chained_again(export)


def _alter(number: int, **changes: Any) -> Change:
    return lambda export: export["entries"][number - 1].update(changes)


def _alter_and_hide(which: int, **changes: Any) -> Change:
    def change(export: Export) -> None:
        export["entries"][which - 1].update(changes)
        _chained_again(export)

    return change


def _move_to_second(export: Export) -> None:
    """Bob's signature under the first version carried over to the second."""
    second = export["versions"][1]["content"]
    export["entries"][1] |= {"content": second, "number": 2}
    _chained_again(export)


def _stuff(export: Export) -> None:
    """Somebody made up, with a signature that is somebody else's."""
    export["entries"].append(copy.deepcopy(export["entries"][1]) | {"member": "ab" * 32})
    _chained_again(export)


def _borrow_key(export: Export) -> None:
    """One browser's key for two members: who is made up has no key of their own."""
    made = copy.deepcopy(export["entries"][4])
    made |= {"member": export["entries"][1]["member"], "turn": 2}
    export["entries"].append(made)
    _chained_again(export)


def _other_signature(export: Export) -> None:
    export["entries"][0]["signature"]["signature"] = "00" * 64
    _signed_anew(export["entries"][0])
    _chained_again(export)


def _reword(export: Export) -> None:
    export["versions"][1]["text"]["sections"][0]["passage"]["en"] = "We pay."


def _reword_and_hide(export: Export) -> None:
    version = export["versions"][0]
    version["text"]["sections"][0]["passage"]["en"] = "We pay."
    version["content"] = sha256(canonical_json(version["text"])).hexdigest()


def _other_register(export: Export) -> None:
    export["head"]["register"] = "cd" * 32
    export["seals"]["head"] = None


def _count(field: str, value: Any) -> Change:
    return lambda export: export["versions"][0]["tally"].update({field: value})


def _cut(export: Export) -> None:
    export["entries"].pop()
    export["versions"][1]["tally"] |= {"standing": 1, "read_in": {"en": 1, "ru": 0}}


def _reseal(export: Export) -> None:
    export["head"]["at"] = "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (_remove(2), "entry 2 was taken out"),
        (_cut, "4 entries are here, the head is of 5"),
        (_remove_and_hide, "not signed by the browser's key"),
        (_double, "is there twice"),
        (_tell_again, "out of turn: told twice"),
        (_alter(2, recorded_at="2020-01-01T00:00:00Z"), "was altered, or one before it"),
        (_alter(2, more=1), "other fields than an entry"),
        (_alter(2, register="00" * 32), "of another register"),
        (_alter(2, kind="word"), "of a kind that there is not"),
        (_alter(2, signature=None), "taken on the keeper's word"),
        (_alter_and_hide(1, language="en"), "not signed by the browser's key"),
        (_alter_and_hide(2, signed_at="2020-01-01T00:00:00Z"), "not signed by the browser's key"),
        (_alter_and_hide(3, act="sign"), "says 'sign' where its member had said so before"),
        (_alter_and_hide(1, language="de"), "read in no language of the text"),
        (_alter_and_hide(2, number=2), "of no version that was published"),
        (_move_to_second, "not signed by the browser's key"),
        (_stuff, "not signed by the browser's key"),
        (_borrow_key, "not signed by the browser's key"),
        (_other_signature, "not signed by the browser's key"),
        (_reword, "the text of version 2 was altered"),
        (_reword_and_hide, "version 2 does not follow the one before it"),
        (_other_register, "of another register"),
        (_count("standing", 9), "is counted"),
        (_count("read_in", {"en": 0, "ru": 1}), "is counted"),
        (_reseal, "the signature of the register's head is wrong"),
    ],
)
def test_every_kind_of_cheating_is_named(
    files: dict[str, Any], change: Change, sentence: str
) -> None:
    export = files["export"]
    change(export)
    if sentence.startswith("taken on"):
        assert any(sentence in each for each in recount.check_export(export))
        return
    with pytest.raises(recount.Fault, match=sentence.replace("'", ".")):
        recount.check_export(export)


def test_what_was_taken_out_without_a_trace_is_found_by_who_kept_something(
    files: dict[str, Any],
) -> None:
    export = files["export"]
    _remove_last_and_hide(export)
    assert recount.check_export(export)  # By itself it holds: the last entry is not missed.
    longer = {**files["head"], "head": {**files["export"]["head"], "size": 5}, "seal": None}
    with pytest.raises(recount.Fault, match="has 5 entries, here are 4"):
        recount.check_export(export, kept=[longer])
    gone = copy.deepcopy(files["ann"])
    gone["entries"][0]["head"] = "00" * 32
    with pytest.raises(recount.Fault, match="an entry of your receipt is not in the register"):
        recount.check_export(files["export"], [gone])
    other = copy.deepcopy(files["head"])
    other["head"]["head"], other["seal"] = "00" * 32, None
    with pytest.raises(recount.Fault, match="was changed since it was kept"):
        recount.check_export(export, kept=[other])
    with pytest.raises(recount.Fault, match="is not signed"):
        recount.check_export(files["export"], kept=[files["head"]], known="00" * 32)


def test_a_key_is_one_members(files: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    export = files["export"]
    _stuff(export)
    monkeypatch.setattr(recount, "is_signed_by_device", lambda *_: True)
    with pytest.raises(recount.Fault, match=r"a key that is another member.s"):
        recount.check_export(export)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"member": "mem_other"}, "the pseudonym is not this member's"),
        ({"salt": "00" * 32}, "the pseudonym is not this member's"),
        ({"format": "other"}, "this is not a receipt"),
    ],
)
def test_a_receipt_of_somebody_else(
    files: dict[str, Any], changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(recount.Fault, match=sentence):
        recount.check_receipt(files["ann"] | changes)
    strange = copy.deepcopy(files["ann"])
    strange["entries"] = files["bob"]["entries"]
    with pytest.raises(recount.Fault, match="not this member's"):
        recount.check_receipt(strange)


def test_after_an_erasure_the_chain_holds(assembly: Assembly, tmp_path: Path) -> None:
    version = assembly.adopted()
    assembly.enter("ann", version)
    assembly.enter("bob", version)
    receipt, before = assembly.receipt("ann"), assembly.export()
    ann = assembly.world.linked["ann"]
    with assembly.database.read() as work:
        told = tell(work, ann)
    state = StateFolder(tmp_path / "erasing")
    state.prepare()
    erase_and_list(assembly.database, state, EraseMember(ann, told.confirm, "member"))
    after = assembly.export()
    assert [each["head"] for each in after["entries"]] == [
        each["head"] for each in before["entries"]
    ]
    said = recount.check_export(after, [receipt])
    assert "1 entries are of members who were since forgotten: taken on the keeper's word." in said
    assert said[-1] == "Your 1 entries are in the register."
    assert receipt["entries"][0]["signature"]["key"] not in json.dumps(after)


def test_the_command(
    files: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = {}
    for name, document in files.items():
        paths[name] = str(tmp_path / f"{name}.json")
        Path(paths[name]).write_text(json.dumps(document), "utf-8")
    whole = [paths["export"], "--receipt", paths["ann"], "--head", paths["head"]]
    assert recount.main(whole) == 0
    assert capsys.readouterr().out.endswith("VERIFIED\n")
    assert recount.main([paths["ann"]]) == 0
    for wrong in ("head", "nothing"):
        assert recount.main([paths.get(wrong, "/nowhere")]) == 1
    for text in ('{"format": 1.5}', '{"a": 1, "a": 2}', "[]", '{"format": "%s"}'):
        path = tmp_path / "wrong.json"
        path.write_text(text % recount.EXPORT_FORMAT if "%" in text else text, "utf-8")
        assert recount.main([str(path)]) == 1
    assert capsys.readouterr().err.count("NOT VERIFIED") == 6
