"""What a command of the CLI works with, given back at the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from api.composition import Composition, compose
from api.settings import load_settings


@contextmanager
def composed() -> Iterator[Composition]:
    """The composition of this installation's settings; its connections are closed afterwards."""
    composition = compose(load_settings())
    try:
        yield composition
    finally:
        composition.close()
