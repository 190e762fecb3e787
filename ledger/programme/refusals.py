"""What the language of programmes has words for and this version does not execute.

Such a field is refused by name, never ignored: a programme that promises it must not be scored
without it. To execute one, take its name out here and put its shape into ``schema``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from ledger.programme.source import Path, Plain

_PROGRAMME: Final = frozenset(
    {
        *("budget", "expiry", "inactivity_decay"),
        *("pools", "purchases", "referrals"),
    }
)
_RULE: Final = frozenset({"budget", "cap", "condition", "expiry", "vesting_condition", "voice"})


def unexecuted(content: Plain) -> Iterator[tuple[Path, str, str]]:
    """Path, what is not executed, and what would be right instead, for each such field."""
    if not isinstance(content, Mapping):
        return
    for name in content.keys() & _PROGRAMME:
        yield (name,), f"`{name}`", f"leave `{name}` out"
    if content.get("period") == "year":
        yield ("period",), "a period of a year", "period: month"
    if content.get("rounding") in ("half_even", "up", "half_down"):
        yield ("rounding",), f"the rounding {content['rounding']}", "rounding: half_up"
    rules = content.get("rules")
    for index, rule in enumerate(rules if isinstance(rules, list) else []):
        if isinstance(rule, Mapping):
            yield from _of_rule(("rules", index), rule)


def _of_rule(path: Path, rule: Mapping[str | int, Plain]) -> Iterator[tuple[Path, str, str]]:
    for name in rule.keys() & _RULE:
        yield (*path, name), f"`{name}` of a rule", f"leave `{name}` out"
