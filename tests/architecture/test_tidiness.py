"""Sizes, bans and words that STYLE sets, checked on every module."""

from __future__ import annotations

import ast
import re
from typing import Final

import pytest

from tests.architecture.sources import committed_files, modules, text, tree

MODULE_LINES_MAX: Final = 400
LONGER_MODULES: Final = {
    "ledger/log/verifier.py": 750,  # One file without imports of ours, for members to take away.
    "governance/recount/polls.py": 850,  # As that one, and it brings three kinds of signatures.
    "governance/recount/memorandum.py": 650,  # As that one.
    "governance/recount/proposals.py": 550,  # As that one.
}
FUNCTION_LINES_MAX: Final = 50
POSITIONAL_MAX: Final = 5
BANNED_NAMES: Final = {"utils", "helpers", "helper", "manager", "misc", "common"}
BROAD_EXCEPT_ONLY_IN: Final = {
    "ledger/kernel/outbox.py": "the entry point of every consumer",
    "ledger/kernel/batcher.py": "callers of other threads must hear",
    "api/http/envelope.py": "the entry point of every request",
    "api/supervisor/run.py": "a part that was started is stopped whatever happens",
}
CLOCK_AND_RANDOM: Final = re.compile(
    r"\b(datetime\.(now|utcnow|today)|time\.time|uuid4|uuid1|os\.environ|os\.getenv)\b"
)
CLOCK_AND_RANDOM_ONLY_IN: Final = {
    "ledger/kernel/clock.py",
    "ledger/kernel/ids.py",
    "api/settings.py",
}
MIGRATIONS: Final = "api/migrations/versions/"


def _functions(module: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [node for node in ast.walk(tree(module)) if isinstance(node, kinds)]


@pytest.mark.parametrize("module", modules())
def test_a_module_fits_on_a_few_screens(module: str) -> None:
    assert text(module).count("\n") <= LONGER_MODULES.get(module, MODULE_LINES_MAX)


@pytest.mark.parametrize("module", [m for m in modules() if not m.startswith(MIGRATIONS)])
def test_functions_fit_on_one_screen(module: str) -> None:
    too_long = {
        function.name: length
        for function in _functions(module)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES_MAX
    }
    assert too_long == {}


def test_no_function_takes_many_positional_parameters() -> None:
    found = [
        f"{module}:{function.lineno} {function.name}"
        for module in modules()
        for function in _functions(module)
        if not _is_route(function)
        and sum(
            argument.arg not in {"self", "cls"}
            for argument in (*function.args.posonlyargs, *function.args.args)
        )
        > POSITIONAL_MAX
    ]
    assert found == []


def _is_route(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """FastAPI and Typer pass parameters by name."""
    called = {ast.unparse(one).split("(")[0] for one in function.decorator_list}
    return any(name.split(".")[0] in {"router", "app"} for name in called)


def test_names_of_modules_say_what_is_in_them() -> None:
    words = {module: set(re.split(r"[/_.]", module)) for module in modules()}
    assert [module for module in modules() if words[module] & BANNED_NAMES] == []


def test_every_module_says_what_it_does() -> None:
    assert [
        module
        for module in modules()
        if text(module).strip() and not ast.get_docstring(tree(module))
    ] == []


def test_nothing_is_left_to_do_in_the_code() -> None:
    pattern = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    here = "tests/architecture/"
    suffixes = (".py", ".sol", ".js", ".mjs", ".html", ".yaml", ".css", ".sh")
    found = []
    for name in committed_files():
        if name.endswith(suffixes) and not name.startswith(here):
            for number, line in enumerate(_lines(name), 1):
                if pattern.search(line):
                    found.append(f"{name}:{number}")
    assert found == []


def _lines(name: str) -> list[str]:
    return text(name).splitlines()


def test_time_randomness_and_environment_come_through_their_doors() -> None:
    found = [
        f"{module}:{node.lineno}"
        for module in modules()
        if module not in CLOCK_AND_RANDOM_ONLY_IN
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Attribute) and CLOCK_AND_RANDOM.search(ast.unparse(node))
    ]
    assert found == []


def test_everything_is_caught_at_named_entry_points_only() -> None:
    found = {
        module
        for module in modules()
        for node in ast.walk(tree(module))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or {"Exception", "BaseException"} & _names(node.type))
    }
    assert found - set(BROAD_EXCEPT_ONLY_IN) == set()


def _names(node: ast.expr) -> set[str]:
    return {name.id for name in ast.walk(node) if isinstance(name, ast.Name)}


def test_ignores_name_a_code_and_a_reason() -> None:
    ignore = re.compile(r"#\s*(type:\s*ignore|noqa)")
    good = re.compile(r"#\s*(type:\s*ignore\[[\w, -]+\]\s*#\s*\S|noqa:\s*[A-Z]+\d+[\w, ]*\s-\s\S)")
    found = [
        f"{module}:{number}"
        for module in modules()
        for number, line in enumerate(text(module).splitlines(), 1)
        if ignore.search(line) and not good.search(line)
    ]
    assert found == []


def test_domain_modules_have_no_type_ignores() -> None:
    assert [
        module
        for module in modules()
        if module.startswith(("ledger/", "governance/")) and "type: ignore" in text(module)
    ] == []
