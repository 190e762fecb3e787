"""How often Python looks for garbage in a process that serves or works.

What the application is made of lives as long as the process: it is set apart once, so that no
collection walks it. What a request makes is freed by counting references the moment it is answered;
hundreds that wait for one commit would only be walked, again and again, for nothing. So collections
are rarer than Python's defaults, and still bounded: cycles (of failures mostly) do not add up.
"""

from __future__ import annotations

import gc
from typing import Final

NEW_OBJECTS: Final = 50_000
"""Containers made and not freed since the last collection of the young; Python's own is 700."""
YOUNG_COLLECTIONS: Final = 20
MIDDLE_COLLECTIONS: Final = 20


def collect_rarely() -> None:
    """Set everything that is there apart, and collect rarely from now on.

    To be called once, when the application of a serving process is made, workers are about to be
    forked or a process begins its checks: never by what shares its process with others.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, YOUNG_COLLECTIONS, MIDDLE_COLLECTIONS)
