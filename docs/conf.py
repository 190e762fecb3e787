"""The documentation as a site: ``scripts/docs`` builds it, any warning is an error.

The references of the HTTP interface and of the command line are written while it is built, from
what the program itself says, so they cannot be stale.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

project = "Vklad"
author = "Vklad"
copyright = "Vklad, Apache-2.0"  # noqa: A001 - Sphinx's name for it
extensions = ["myst_parser"]
myst_heading_anchors = 4
nitpicky = True
html_theme = "furo"
html_title = "Vklad"
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False
html_favicon = "../api/pages/static/icon.svg"

Operation = dict[str, Any]


def http_reference() -> str:
    """Every route of ``openapi.json``: verb, path, what for, answers."""
    described = json.loads((HERE / "openapi.json").read_text("utf-8"))
    by_tag: dict[str, list[str]] = {}
    for path, verbs in described["paths"].items():
        for verb, operation in verbs.items():
            tag = (operation.get("tags") or [path.split("/")[2 if path.startswith("/v1") else 1]])[
                0
            ]
            by_tag.setdefault(tag, []).append(_route(verb, path, operation))
    head = "| | | | answers |\n|---|---|---|---|\n"
    return "\n\n".join(
        f"## {tag}\n\n{head}" + "\n".join(rows) for tag, rows in sorted(by_tag.items())
    )


def _route(verb: str, path: str, operation: Operation) -> str:
    said = (operation.get("description") or operation.get("summary") or "").split("\n\n")[0]
    said = " ".join(said.split()).replace("|", "\\|")
    answers = ", ".join(sorted(operation["responses"]))
    return f"| `{verb.upper()}` | `{path}` | {said} | {answers} |"


def command_reference() -> str:
    """Every command of ``vklad`` with its arguments, as ``--help`` says them."""
    import typer  # noqa: PLC0415 - after the checkout is on the path

    from api.cli.main import app  # noqa: PLC0415 - after the checkout is on the path

    return "\n\n".join(_commands(typer.main.get_command(app), "vklad", 2))


def _commands(command: Any, name: str, level: int) -> list[str]:
    parts = [f"{'#' * level} `{name}`", command.help or ""]
    rows = [_parameter(each) for each in command.params if not getattr(each, "hidden", False)]
    rows = [row for row in rows if "--help" not in row]
    if rows and not getattr(command, "commands", None):
        parts.append("| | |\n|---|---|\n" + "\n".join(rows))
    for child, below in sorted(getattr(command, "commands", {}).items()):
        if not below.hidden:
            parts += _commands(below, f"{name} {child}", min(level + 1, 4))
    return parts


def _parameter(parameter: Any) -> str:
    names = [*parameter.opts, *parameter.secondary_opts]
    shown = ", ".join(names) if parameter.param_type_name == "option" else names[0].upper()
    said = " ".join((getattr(parameter, "help", None) or "").split()).replace("|", "\\|")
    return f"| `{shown}` | {said} |"


def settings_reference() -> str:
    """Every environment variable and what it does."""
    from api.settings import Settings  # noqa: PLC0415 - after the checkout is on the path

    rows = [
        f"| `VKLAD_{name.upper()}` | {' '.join((field.description or '').split())} |"
        for name, field in Settings.model_fields.items()
        if field.description
    ]
    return "| variable | what it does |\n|---|---|\n" + "\n".join(rows)


def event_reference() -> str:
    """Every type of ``event-types.json``: what it says, what is kept of it, an example."""
    described = json.loads((HERE / "event-types.json").read_text("utf-8"))
    return "\n\n".join(_event_type(each) for each in described["data"])


def _event_type(described: dict[str, Any]) -> str:
    fields = described["schema"]["properties"]["data"]["properties"]
    rows = [
        f"| `{name}` | {kind} | {fields[name].get('description', '')} |"
        for name, kind in described["keeps"].items()
    ]
    parts = [
        f"## `{described['type']}`",
        described["says"],
        "| field of `data` | kind | |\n|---|---|---|\n" + "\n".join(rows),
        f"```json\n{json.dumps(described['example'], indent=1)}\n```",
    ]
    made = [
        f"{adapter}: {', '.join(f'`{one}`' for one in described['made_of'][key])}"
        for adapter, key in (("xAPI", "xapi"), ("Discourse", "discourse"))
        if described["made_of"][key]
    ]
    if made:
        parts.append(f"Made of: {'; '.join(made)}.")
    return "\n\n".join(parts)


WRITTEN = {
    "reference/events": event_reference,
    "reference/http": http_reference,
    "reference/commands": command_reference,
    "reference/settings": settings_reference,
}
PLAIN = ("http", "csv", "jsonl")
"""Fences that a highlighter would not know: conversations over HTTP, and lines of data."""


def _write(_: Any, name: str, source: list[str]) -> None:
    if name in WRITTEN:
        source[0] = source[0].replace("(written while this is built)", WRITTEN[name]())


def setup(app: Any) -> None:
    """Sphinx's hook."""
    from pygments.lexers.special import TextLexer  # noqa: PLC0415 - comes with Sphinx

    app.connect("source-read", _write)
    for name in PLAIN:
        app.add_lexer(name, TextLexer)
