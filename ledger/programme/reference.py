"""The reference of the programme language in Markdown, from the schema that checks it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from ledger.programme.schema import json_schema

_SECTIONS: Final = (
    ("ProgrammeFile", "The file"),
    ("RuleFile", "A rule"),
    ("LimitFile", "`limit` of a rule"),
    ("AttributeFile", "An attribute"),
    ("AttributeMultiplierFile", "A multiplier by attribute"),
    ("DayStreakMultiplierFile", "A multiplier by days in a row"),
    ("WeekStreakMultiplierFile", "A multiplier by weeks in a row"),
    ("FreezesFile", "`freezes` of a streak"),
    ("ExcuseFile", "`excused_by` of freezes"),
    ("CapFile", "`cap`"),
    ("NamedCapFile", "A cap of `caps`"),
    ("TermFile", "`validity`, and other lengths of life"),
    ("EndOfFile", "`validity` to the end of a month or year"),
    ("OnDayFile", "`validity` to a day"),
    ("VestingFile", "`vesting`"),
    ("ConditionFile", "`condition` of vesting"),
    ("ActiveFile", "`active`"),
    ("HappenedFile", "`happened`"),
    ("InactivityFile", "`inactivity`"),
    ("InactivityStepFile", "A step of `inactivity`"),
    ("EmissionFile", "`emission`"),
    ("BudgetFile", "A budget of `budgets`"),
    ("RedemptionFile", "`redemption`"),
    ("RateRowFile", "A row of dated `rates`"),
    ("ProductFile", "A product with terms of its own"),
    ("MemberLimitFile", "`member_limit` of redemption"),
    ("ReductionFile", "A row of `reductions`"),
    ("SplitsFile", "`splits`"),
    ("SplitFile", "A rule of `splits`"),
    ("ShareFile", "A share"),
    ("PurchaseLimitFile", "A row of `limits` of splits"),
    ("BridgeFile", "`bridge`"),
    ("StandingFile", "`standing`"),
    ("LevelsFile", "`levels`"),
    ("LevelFile", "A step of `levels`"),
    ("VoiceFile", "`voice`"),
    ("ThanksFile", "`thanks`"),
    ("RingsFile", "`rings` of thanks"),
    ("DetectorsFile", "`detectors`"),
    ("ReciprocityFile", "`reciprocity` of detectors"),
    ("VelocityFile", "`velocity` of detectors"),
    ("SharedDeviceFile", "`shared_device` of detectors"),
    ("RingFile", "`ring` of detectors"),
    ("TimeFile", "`time`"),
    ("ReferralFile", "`referral`"),
    ("SideFile", "A side of `referral`"),
    ("SubscriptionFile", "`subscription` of referral"),
    ("ReferralBudgetFile", "`budget` of referral"),
    ("ReviewFile", "`review` of referral"),
    ("TextFile", "`title`, and names of values"),
)


def reference() -> str:
    """Every section with its fields: whether they must be stated, what they mean, an example."""
    schema = json_schema()
    parts = []
    for name, heading in _SECTIONS:
        section = schema if name == "ProgrammeFile" else schema["$defs"][name]
        parts.append(f"### {heading}\n\n{section['description']}\n\n{_table(section)}")
    return "\n".join(parts)


def _table(section: Mapping[str, Any]) -> str:
    rows = ["| field | | meaning | example |", "|---|---|---|---|", *_rows(section)]
    return "\n".join(rows) + "\n"


def _rows(section: Mapping[str, Any]) -> Iterator[str]:
    required = set(section.get("required", ()))
    for name, field in section["properties"].items():
        if name in required:
            stated = "must"
        elif isinstance(default := field.get("default"), str | int):
            stated = f"default `{default}`"
        else:
            stated = ""
        example = json.dumps(field["examples"][0], ensure_ascii=False)
        yield f"| `{name}` | {stated} | {field['description']} | `{example}` |"
