"""``slither-mutate`` as it is, but each mutant is written down instead of being tried at once.

Run by the Python of the tools: ``list_mutants.py OUT.jsonl SLITHER_MUTATE_ARGUMENT…``. It compiles
and tries mutants one by one, which takes days here; `judging` compiles many at a time.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from slither.tools.mutator import __main__ as slither_mutate
from slither.tools.mutator.mutators import abstract_mutator

CAUGHT: Final = 1


def main() -> None:
    """List what its mutators make of one file."""
    with Path(sys.argv.pop(1)).open("w", encoding="utf-8") as out:

        def write_down(*given: Any) -> int:
            _folder, _file, patch, _command, mutator, *_rest = given
            out.write(json.dumps({"mutator": mutator, **patch}) + "\n")
            return CAUGHT

        abstract_mutator.test_patch = write_down
        slither_mutate.main()


if __name__ == "__main__":
    main()
