"""What the canonical form of a programme says of purchases."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.kernel.canonical import Json
from ledger.programme.model_commerce import Reduction


def commerce_form(found: Sequence[Reduction], shares: Json) -> dict[str, Json]:
    """What the canonical form says of purchases; nothing, if the programme says nothing."""
    form: dict[str, Json] = {}
    if found:
        form["reductions"] = [
            {
                "rules": list(each.rules),
                "on": each.on,
                "key": each.key,
                **(
                    {"takes": each.takes, "to": each.to}
                    if each.takes
                    else {"whole": each.whole, "part": each.part}
                ),
                "once_per": each.once_per,
            }
            for each in found
        ]
    return form if shares is None else {**form, "splits": shares}
