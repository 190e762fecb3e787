"""The refusals that the database itself makes: append-only tables and fixed columns (rule 2)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from ledger.verify.model import Finding

NAME: Final = "refusals"
FUNCTION: Final = "vklad_refuse_change"
ENABLED: Final = frozenset({"O", "A"})
"""``pg_trigger.tgenabled``: fires for ordinary sessions, or always."""

LEDGER_REFUSALS: Final = frozenset(
    {
        ("transfers", "transfers_append_only"),
        ("hold_returns", "hold_returns_append_only"),
        ("budgets", "budgets_append_only"),
        ("budget_proposals", "budget_proposals_append_only"),
        ("budget_decisions", "budget_decisions_append_only"),
        ("grant_take_backs", "grant_take_backs_append_only"),
        ("grant_take_back_decisions", "grant_take_back_decisions_append_only"),
        ("grant_lines", "grant_lines_append_only"),
        ("grant_approvals", "grant_approvals_append_only"),
        *(
            (table, f"{table}_append_only")
            for table in (
                "import_lines",
                "import_approvals",
                "import_payments",
                "import_take_backs",
            )
        ),
        *(
            (table, f"{table}_{suffix}")
            for table in (
                "accounts",
                "journal_head",
                "lots",
                "holds",
                "hold_parts",
                "grants",
                "imports",
            )
            for suffix in ("kept", "fixed")
        ),
    }
)
"""Table and trigger of every refusal that the journal, lots and grants rely on."""


class StoredTrigger(NamedTuple):
    """A trigger that calls :data:`FUNCTION`."""

    table: str
    name: str
    enabled: str


def check_refusals(
    expected: frozenset[tuple[str, str]], stored: Iterable[StoredTrigger]
) -> Iterator[Finding]:
    """Every refusal expected is there and fires."""
    found = {(trigger.table, trigger.name): trigger.enabled for trigger in stored}
    for table, name in sorted(expected):
        enabled = found.get((table, name))
        if enabled is None:
            problem = f"lacks the trigger {name}"
        elif enabled not in ENABLED:
            problem = f"has the trigger {name} switched off"
        else:
            continue
        yield Finding(NAME, "pg_trigger", table, problem)
