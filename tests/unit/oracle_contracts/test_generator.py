from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from oracle.contracts.__main__ import stale_bindings
from oracle.contracts.compiler import CONTRACTS, load_artifact, sources_digest
from oracle.contracts.generator import BINDINGS_DIR, generate_binding, module_name


def test_committed_bindings_are_fresh() -> None:
    assert list(stale_bindings()) == []


def test_committed_artifacts_belong_to_the_sources() -> None:
    """Seen without a compiler; `tests/contracts` compiles again."""
    committed = (BINDINGS_DIR.parent / "contracts" / "artifacts" / "sources.sha256").read_text()
    assert committed.strip() == sources_digest(), "run scripts/compile"


@pytest.mark.parametrize("contract", CONTRACTS)
def test_code_fits_a_block_chain(contract: str) -> None:
    """EIP-170, and EIP-3860 for what deploys it."""
    artifact = load_artifact(contract)
    assert len(artifact["deployedBytecode"]) // 2 <= 24_576
    assert len(artifact["bytecode"]) // 2 <= 49_152


def test_modules_are_named_for_contracts() -> None:
    assert module_name("VklToken") == "vkl_token"
    assert module_name("PointsBridge") == "points_bridge"


def function(
    name: str, inputs: list[dict[str, Any]], outputs: list[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "type": "function",
        "name": name,
        "inputs": inputs,
        "outputs": outputs,
        "stateMutability": "view",
    }


Make = Callable[[list[dict[str, Any]]], ModuleType]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Make:
    """Generates a binding and imports it."""

    def make(abi: list[dict[str, Any]]) -> ModuleType:
        module = ModuleType("made_up")
        monkeypatch.setitem(sys.modules, "made_up", module)
        exec(generate_binding("MadeUp", {"abi": abi}), vars(module))  # noqa: S102 - our own text
        return module

    return make


def test_awkward_names_become_python(made: Make) -> None:
    binding = made(
        [
            function("from", [{"name": "class", "type": "uint8"}], []),
            function("EIP712Name", [{"name": "", "type": "bool"}], []),
            function("twice", [{"name": "_a", "type": "uint8"}], []),
            function("twice", [{"name": "decode", "type": "bytes32"}], []),
        ]
    )
    assert binding.from_(class_=1).name == "from"
    assert binding.eip712_name(value_0=True).calldata[-1] == 1
    assert binding.twice(a=1).calldata[:4] != binding.twice_2(decode_=b"\0" * 32).calldata[:4]


def test_structs_inside_structs(made: Make) -> None:
    inner = {
        "name": "in",
        "type": "tuple[]",
        "internalType": "struct Lib.Inner[]",
        "components": [{"name": "x", "type": "uint8"}],
    }
    outer = {
        "name": "outer",
        "type": "tuple",
        "internalType": "struct Outer",
        "components": [inner, {"name": "y", "type": "address[2]"}],
    }
    binding = made([function("f", [outer], [outer])])
    zero = "0x0000000000000000000000000000000000000000"
    value = binding.Outer((binding.Inner(1), binding.Inner(2)), (zero, zero))
    call = binding.f(value)
    assert call.decode_answer(call.calldata[4:]) == value
