"""A fault that a person thought of, and the tests that must notice it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """What is wrong in the planted copy, and who shall find it; ``on_chain`` if with a node."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    on_chain: bool = False
