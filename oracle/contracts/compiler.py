"""Compile the Solidity sources into the artifacts that ship.

py-solc-x drives the pinned npm compiler through a wrapper. The artifacts are committed, so that a
running installation needs neither Node nor a compiler; a test compiles again and compares.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ledger.kernel.errors import ErrorKind, VkladError
from oracle.contracts import toolchain

ARTIFACTS_DIR: Final = Path(__file__).with_name("artifacts")
CONTRACTS: Final = (
    "VklToken",
    "PointsBridge",
    "VklTimelock",
    "VklGovernor",
    "BallotRelay",
    "ProgrammeRegistry",
    "Mandates",
    "Anchors",
)
SETTINGS: Final[Mapping[str, Any]] = {
    "optimizer": {"enabled": True, "runs": 200},
    "viaIR": False,
    "evmVersion": "prague",
    # Bytecode then depends on the code alone, not on comments or where the sources lay.
    "metadata": {"bytecodeHash": "none"},
    "outputSelection": {
        "*": {
            "*": [
                "abi",
                "evm.bytecode.object",
                "evm.deployedBytecode.object",
                "evm.deployedBytecode.immutableReferences",
                "storageLayout",
            ],
            "": ["ast"],
        }
    },
}
_IMPORT: Final = re.compile(r'^(?:import|\})[^"]*"([^"]+)";', re.MULTILINE)
"""What a source imports; lists of names may take several lines."""
CODE_BYTES_MAX: Final = 24_576
"""EIP-170."""


class CompilationFailed(VkladError):
    """The compiler refused the sources, or what it made cannot be deployed."""

    code = "compilation_failed"
    kind = ErrorKind.INVALID


def compile_contracts() -> dict[str, dict[str, Any]]:
    """The artifact of each of `CONTRACTS`, by name.

    Raises:
        ToolMissing: Node or the npm packages are not there.
        CompilationFailed: an error, or a warning about one of our own sources.
    """
    sources = {name: {"content": path.read_text()} for name, path in _sources()}
    answer = _compile(sources)
    for complaint in answer.get("errors", ()):
        if complaint.get("sourceLocation", {}).get("file") in sources:
            raise CompilationFailed(complaint["formattedMessage"])
    immutables = {
        str(node["id"]): node
        for unit in answer["sources"].values()
        for node in _variables(unit["ast"])
        if node.get("mutability") == "immutable"
    }
    return {
        name: _artifact(name, answer["contracts"][f"contracts/{name}.sol"][name], immutables)
        for name in CONTRACTS
    }


def standard_input() -> dict[str, Any]:
    """What an explorer is given to make the same code itself: every source, imported ones too.

    The standard JSON input of solc; paths are as in the sources' imports.

    Raises:
        ToolMissing: the npm packages are not there.
    """
    found = {name: path.read_text() for name, path in _sources()}
    left = list(found)
    while left:
        importing = left.pop()
        for path in _IMPORT.findall(found[importing]):
            near = posixpath.join(posixpath.dirname(importing), path)
            name = posixpath.normpath(near) if path.startswith(".") else path
            if name not in found:
                found[name] = _package_source(name)
                left.append(name)
    return {
        "language": "Solidity",
        "sources": {name: {"content": found[name]} for name in sorted(found)},
        "settings": {**SETTINGS, "outputSelection": {"*": {"*": ["evm.bytecode.object"]}}},
    }


def load_artifact(name: str) -> dict[str, Any]:
    """A committed artifact: abi, bytecode, deployedBytecode, immutables, storageLayout."""
    loaded: dict[str, Any] = json.loads((ARTIFACTS_DIR / f"{name}.json").read_text())
    return loaded


def render(artifact: Mapping[str, Any]) -> str:
    """The text of an artifact file."""
    return json.dumps(artifact, indent=1, sort_keys=True) + "\n"


def sources_digest() -> str:
    """SHA-256 over what decides the artifacts: our sources, the settings, the pinned packages."""
    digest = hashlib.sha256()
    for name, path in _sources():
        digest.update(f"{name}\0{path.read_text()}\0".encode())
    digest.update(json.dumps(SETTINGS, sort_keys=True).encode())
    for package in ("solc", "@openzeppelin/contracts"):
        digest.update(f"{package}@{toolchain.pinned_version(package)}\0".encode())
    return digest.hexdigest()


def _compile(sources: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    import solcx  # noqa: PLC0415 - only those who compile need it
    from solcx.exceptions import SolcError  # noqa: PLC0415 - as above

    request = {"language": "Solidity", "sources": sources, "settings": dict(SETTINGS)}
    try:
        answer: dict[str, Any] = solcx.compile_standard(
            request,
            base_path=str(toolchain.PROJECT_DIR / "node_modules"),
            solc_binary=str(toolchain.solc_wrapper()),
        )
    except SolcError as refused:
        raise CompilationFailed(str(refused)) from refused
    return answer


def _package_source(name: str) -> str:
    try:
        return (toolchain.PROJECT_DIR / "node_modules" / name).read_text()
    except FileNotFoundError as absent:
        raise toolchain.ToolMissing(
            f"There is no {name}: the npm packages are not installed. Run: scripts/compile"
        ) from absent


def _sources() -> Iterator[tuple[str, Path]]:
    for path in sorted(toolchain.CONTRACTS_DIR.rglob("*.sol")):
        yield f"contracts/{path.relative_to(toolchain.CONTRACTS_DIR).as_posix()}", path


def _artifact(
    name: str, unit: Mapping[str, Any], immutables: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    deployed = unit["evm"]["deployedBytecode"]
    if len(deployed["object"]) // 2 > CODE_BYTES_MAX:
        raise CompilationFailed(
            f"{name} has {len(deployed['object']) // 2} bytes of {CODE_BYTES_MAX} (EIP-170)."
        )
    return {
        "contract": name,
        "compiler": f"solc {toolchain.pinned_version('solc')}",
        "abi": unit["abi"],
        "bytecode": unit["evm"]["bytecode"]["object"],
        "deployedBytecode": deployed["object"],
        "immutables": {
            immutables[key]["name"]: places
            for key, places in deployed["immutableReferences"].items()
        },
        "storageLayout": [
            {
                "label": slot["label"],
                "slot": int(slot["slot"]),
                "offset": slot["offset"],
                "type": _type_label(unit["storageLayout"]["types"], slot["type"]),
            }
            for slot in unit["storageLayout"]["storage"]
        ],
    }


def _type_label(types: Mapping[str, Any], key: str) -> str:
    return str(types[key]["label"])


def _variables(node: object) -> Iterator[Mapping[str, Any]]:
    """Every variable declaration below an AST node."""
    if isinstance(node, list):
        for child in node:
            yield from _variables(child)
    elif isinstance(node, dict):
        if node.get("nodeType") == "VariableDeclaration":
            yield node
        for child in node.values():
            yield from _variables(child)
