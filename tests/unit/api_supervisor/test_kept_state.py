"""The chain's state file is whole at every start, wherever its writer was killed."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from api.supervisor.kept_state import KeptState

WHOLE = json.dumps({"block": 1, "accounts": {"0x1": {"balance": "0x0"}}})
NEXT = json.dumps({"block": 2, "accounts": {"0x1": {"balance": "0x1"}}})


@pytest.fixture
def kept(tmp_path: Path) -> KeptState:
    return KeptState(tmp_path / "anvil-state.json")


@pytest.mark.parametrize("length", range(len(NEXT)))
def test_half_a_file_is_replaced_by_the_last_whole_one(kept: KeptState, length: int) -> None:
    kept.file.write_text(WHOLE)
    kept.keep()
    kept.file.write_text(NEXT[:length])
    kept.keep()
    assert kept.mend()
    assert kept.file.read_text() == WHOLE
    assert not kept.mend()


def test_a_whole_file_stays_though_the_copy_is_older(kept: KeptState) -> None:
    kept.file.write_text(WHOLE)
    kept.keep()
    kept.file.write_text(NEXT)
    assert not kept.mend()
    assert kept.file.read_text() == NEXT
    kept.keep()
    assert kept.copy.read_text() == NEXT


def test_the_same_version_is_copied_once(kept: KeptState) -> None:
    kept.file.write_text(WHOLE)
    kept.keep()
    kept.copy.unlink()
    kept.keep()
    assert not kept.copy.exists()


def test_without_a_file_or_without_a_copy_nothing_is_done(kept: KeptState) -> None:
    kept.keep()
    assert not kept.mend()
    kept.file.write_text(WHOLE)
    assert not kept.mend()
    kept.keep()
    kept.file.unlink()
    assert not kept.mend()
    assert not kept.file.exists()


def _block(number: int, timestamp: int) -> dict[str, dict[str, str]]:
    return {"header": {"number": hex(number), "timestamp": hex(timestamp)}}


@pytest.mark.parametrize("order", list(itertools.permutations([90, 100, 1000])))
def test_of_several_first_blocks_the_oldest_stays(kept: KeptState, order: tuple[int, ...]) -> None:
    later = [_block(1, 91), _block(2, 1001)]
    made = {"accounts": {"0x1": {}}, "blocks": [*(_block(0, at) for at in order), *later]}
    kept.file.write_text(json.dumps(made))
    assert kept.mend()
    assert json.loads(kept.file.read_text()) == {**made, "blocks": [_block(0, 90), *later]}
    assert not kept.mend()
