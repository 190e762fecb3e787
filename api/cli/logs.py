"""What our processes write to their logs, and what never gets there."""

from __future__ import annotations

import logging
from typing import Final

_FORMAT: Final = "%(asctime)s %(levelname)s %(name)s %(message)s"
_TELLS_ADDRESSES: Final = ("httpx",)
"""Libraries that write the address of each request, which may hold a secret, at INFO."""


def begin_logging() -> None:
    """Write to standard error from INFO on; addresses that we ask are in no line of it."""
    logging.basicConfig(level=logging.INFO, format=_FORMAT)
    for name in _TELLS_ADDRESSES:
        logging.getLogger(name).setLevel(logging.WARNING)
