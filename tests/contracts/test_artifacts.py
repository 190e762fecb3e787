"""What is committed is what the sources give; and what the compiler driver refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
import solcx

from oracle.contracts import compiler, toolchain
from oracle.contracts.__main__ import main
from oracle.contracts.compiler import CompilationFailed


@pytest.fixture(scope="module", autouse=True)
def _npm() -> None:
    toolchain.npm_ci()


def test_artifacts_and_bindings_are_fresh(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().out


def test_an_explorer_makes_the_same_code_of_what_it_is_given() -> None:
    given = compiler.standard_input()
    answer = solcx.compile_standard(given, solc_binary=str(toolchain.solc_wrapper()))
    for name in compiler.CONTRACTS:
        made = answer["contracts"][f"contracts/{name}.sol"][name]["evm"]["bytecode"]["object"]
        assert made == compiler.load_artifact(name)["bytecode"]


def test_an_input_without_its_packages_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolchain, "PROJECT_DIR", tmp_path)
    with pytest.raises(toolchain.ToolMissing, match="There is no @openzeppelin/"):
        compiler.standard_input()


def test_staleness_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in compiler.ARTIFACTS_DIR.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    committed = {name: compiler.load_artifact(name) for name in compiler.CONTRACTS}
    monkeypatch.setattr(compiler, "compile_contracts", lambda: committed)
    stale = tmp_path / "Anchors.json"
    stale.write_text(stale.read_text().replace("HeadAnchored", "HeadHidden"))
    monkeypatch.setattr(compiler, "ARTIFACTS_DIR", tmp_path)
    assert main(["--check"]) == 1
    assert "Anchors.json" in capsys.readouterr().out


def test_misuse_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--chekc"]) == 2
    assert "usage" in capsys.readouterr().err


def test_wrong_sources_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "VklToken.sol").write_text("pragma solidity 0.8.30; contract VklToken { nonsense }")
    monkeypatch.setattr(toolchain, "CONTRACTS_DIR", tmp_path)
    with pytest.raises(CompilationFailed, match=r"VklToken\.sol"):
        compiler.compile_contracts()


def test_warnings_about_our_sources_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "// SPDX-License-Identifier: Apache-2.0\npragma solidity 0.8.30;\n"
    text += "contract VklToken { function f() external pure { uint256 unused; } }"
    (tmp_path / "VklToken.sol").write_text(text)
    monkeypatch.setattr(toolchain, "CONTRACTS_DIR", tmp_path)
    with pytest.raises(CompilationFailed, match="Unused local variable"):
        compiler.compile_contracts()


def test_bytecode_depends_on_code_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in toolchain.CONTRACTS_DIR.rglob("*.sol"):
        copied = tmp_path / path.relative_to(toolchain.CONTRACTS_DIR)
        copied.parent.mkdir(exist_ok=True)
        copied.write_text(path.read_text() + "\n// a word more\n")
    committed = compiler.load_artifact("PointsBridge")["bytecode"]
    monkeypatch.setattr(toolchain, "CONTRACTS_DIR", tmp_path)
    assert compiler.compile_contracts()["PointsBridge"]["bytecode"] == committed


def test_the_wrapper_speaks_as_the_native_compiler(tmp_path: Path) -> None:
    import solcx  # noqa: PLC0415 - only here

    source = (
        "// SPDX-License-Identifier: MIT\npragma solidity 0.8.30; contract A { uint256 public a; }"
    )
    made = solcx.compile_source(
        source, output_values=["abi", "bin"], solc_binary=str(toolchain.solc_wrapper())
    )
    assert made["<stdin>:A"]["abi"][0]["name"] == "a"
    assert len(made["<stdin>:A"]["bin"]) > 100
