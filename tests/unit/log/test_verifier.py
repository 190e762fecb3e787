"""The verifier alone: what it accepts, and that nothing in a proof can be changed."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.log import verifier
from ledger.log.verifier import Fault, check_proof
from tests.support.log import DAY, NOW, MemoryLog, MemorySigner

FILE = Path(verifier.__file__)


@pytest.fixture(scope="module")
def log() -> MemoryLog:
    return MemoryLog(25)


def _scalars(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            yield from _scalars(inner, (*path, key))
    else:
        yield path


def _changed(value: Any) -> Any:
    """The same kind of value, a little different."""
    if value is None:
        return "0198c2a0-0000-7000-8000-000000000001"
    if isinstance(value, int):
        return value + 1
    # The last digit that is one: ids, hashes and times all have some.
    place = max((i for i, letter in enumerate(value) if letter.isdigit()), default=None)
    if place is None:
        return value + "x"
    return value[:place] + str((int(value[place]) + 1) % 10) + value[place + 1 :]


def test_every_entry_at_every_size_is_proved(log: MemoryLog) -> None:
    for entry in range(25):
        for size in {2 * entry + 2, 31, 32, 33, 47, 50}:
            if size >= 2 * entry + 2:
                said = check_proof(log.proof(entry, size), [], [])
                assert f"It is in the log of {size} transfers" in " ".join(said)


def test_nothing_in_a_proof_can_be_changed(log: MemoryLog) -> None:
    """Each number and text of a proof, one by one; the newer head brings the path between."""
    proof, newer = log.proof(7, 20), log.head_file(45, NOW + 2 * DAY, since=20)
    assert check_proof(proof, [newer], [], log.keys[0].key.hex())
    tried = 0
    for document in (proof, newer):
        for path in _scalars(document):
            both = [copy.deepcopy(proof), copy.deepcopy(newer)]
            target: Any = both[document is newer]
            for key in path[:-1]:
                target = target[key]
            target[path[-1]] = _changed(target[path[-1]])
            with pytest.raises((Fault, ValueError, KeyError, TypeError)):
                check_proof(both[0], [both[1]], [], log.keys[0].key.hex())
            tried += 1
    assert tried > 80


def test_an_older_head_needs_the_path_to_the_proofs(log: MemoryLog) -> None:
    older = log.head_file(9, NOW - DAY)
    with pytest.raises(Fault, match="first=9&second=20"):
        check_proof(log.proof(7, 20), [older], [])
    assert check_proof(log.proof(7, 20, earlier=(9,)), [older], [])


def test_a_rewritten_log_does_not_fit_a_saved_head(log: MemoryLog) -> None:
    """The insider has the key, and makes every hash, node and signature anew."""
    other = MemoryLog(25, log.signers)
    other.keys = log.keys
    row = other.rows[9]
    forged = row.row._replace(hash=bytes(32))
    other.rows[9] = type(row)(forged, row.debit, row.credit)
    other.hashes[9] = bytes(32)
    for saved in (10, 20, 33, 40):
        proof = other.proof(12, 40, earlier=() if saved == 40 else (saved,))
        with pytest.raises(Fault, match="rewritten"):
            check_proof(proof, [log.head_file(saved)], [])


def test_strangers_keys_are_no_keys(log: MemoryLog) -> None:
    stranger = MemoryLog(25, (MemorySigner(), MemorySigner()))
    with pytest.raises(Fault, match="other keys"):
        check_proof(stranger.proof(7, 20), [log.head_file(20)], [])
    with pytest.raises(Fault, match="none of this log's"):
        check_proof(stranger.proof(7, 20), [], [], log.keys[0].key.hex())
    assert "anybody can make a key" in check_proof(stranger.proof(7, 20), [], [])[-1]


def test_part_of_an_entry_is_not_the_entry(log: MemoryLog) -> None:
    proof = log.proof(7, 20)
    proof["transfers"] = proof["transfers"][1:]
    with pytest.raises(Fault, match="whole entry"):
        check_proof(proof, [], [])
    with pytest.raises(Fault, match="no transfer"):
        check_proof({**proof, "transfers": []}, [], [])


def test_the_file_runs_alone(log: MemoryLog, tmp_path: Path) -> None:
    """Copied elsewhere, without the project on the path, isolated from installed packages."""
    copied = tmp_path / "check.py"
    copied.write_bytes(FILE.read_bytes())
    (tmp_path / "proof.json").write_text(json.dumps(log.proof(7, 20)))
    (tmp_path / "head.json").write_text(json.dumps(log.head_file(45, since=20)))
    told = log.keys[0].key.hex()
    arguments = ["proof.json", "--head", "head.json", "--key", told]

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", "-S", "check.py", *words]
        return subprocess.run(
            command, cwd=tmp_path, text=True, capture_output=True, timeout=60, check=False
        )

    good = run(*arguments)
    assert good.returncode == 0, good.stderr
    assert good.stdout.endswith("VERIFIED\n")
    broken = json.dumps(log.proof(7, 20)).replace('"amount": 8', '"amount": 9')
    (tmp_path / "proof.json").write_text(broken)
    bad = run(*arguments)
    assert bad.returncode == 1
    assert bad.stderr.startswith("NOT VERIFIED: ")
    for nonsense in ("[]", "{}", "", '{"format": 1.5}', '{"a": 1, "a": 2}'):
        (tmp_path / "proof.json").write_text(nonsense)
        assert run("proof.json").returncode == 1
    assert run("absent.json").returncode == 1
