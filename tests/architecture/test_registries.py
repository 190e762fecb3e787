"""What is written down to be found: topics, jobs, routes, commands and migrations."""

from __future__ import annotations

import ast
from collections import Counter

from alembic.config import Config
from alembic.script import ScriptDirectory

from api.cli.main import GROUPS, app
from api.http.app import ROUTERS
from api.tasks.schedule import JOBS
from api.tasks.topics import TOPICS
from tests.architecture.sources import ROOT, modules, text, tree


def _constants_named(suffix: str) -> dict[str, str]:
    found = {}
    for module in modules():
        for node in tree(module).body:
            if (
                isinstance(node, ast.AnnAssign)
                and isinstance(node.target, ast.Name)
                and node.target.id.endswith(suffix)
                and isinstance(node.value, ast.Constant)
                and isinstance(node.value.value, str)
            ):
                found[f"{module}:{node.target.id}"] = node.value.value
    return found


def test_every_topic_that_is_put_has_a_handler() -> None:
    topics = _constants_named("TOPIC")
    assert topics
    assert {where: topic for where, topic in topics.items() if topic not in TOPICS} == {}


def test_jobs_have_names_of_their_own_and_an_interval() -> None:
    assert [name for name, count in Counter(job.name for job in JOBS).items() if count > 1] == []
    assert [job.name for job in JOBS if job.every_s < 1] == []


def test_every_module_of_routes_is_served() -> None:
    served = {id(router) for router in ROUTERS}
    routes = [
        module
        for module in modules()
        if module.startswith(("api/http/routes/", "api/pages/")) and "\nrouter" in text(module)
    ]
    assert routes
    listed = text("api/http/app.py")
    assert [
        module for module in routes if f"{module.rsplit('/', 1)[1][:-3]}.router" not in listed
    ] == []
    assert len(served) == len(ROUTERS)


def test_every_module_of_commands_is_listed() -> None:
    commands = {
        (command.callback.__module__ if command.callback else "")
        for command in app.registered_commands
    }
    for _, group in GROUPS:
        for command in group.registered_commands:
            commands.add(command.callback.__module__ if command.callback else "")
    defined = {
        module[:-3].replace("/", ".")
        for module in modules()
        if module.startswith("api/cli/") and "typer.Option" in text(module)
    }
    assert defined - commands == set()


def test_migrations_are_one_line_of_history() -> None:
    config = Config()
    config.set_main_option("script_location", str(ROOT / "api" / "migrations"))
    script = ScriptDirectory.from_config(config)
    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1
    revisions = [revision.revision for revision in script.walk_revisions()]
    assert revisions == sorted(revisions, reverse=True)
