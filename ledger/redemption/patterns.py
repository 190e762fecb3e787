"""Patterns of products: an exact name, or a prefix and ``*``. Pure."""

from __future__ import annotations


def matches(product: str, pattern: str) -> bool:
    """Whether a product is of a pattern."""
    return product.startswith(pattern[:-1]) if _is_prefix(pattern) else product == pattern


def covers(pattern: str, other: str) -> bool:
    """Whether every product of ``other`` is of ``pattern``."""
    if _is_prefix(other):
        return _is_prefix(pattern) and other.startswith(pattern[:-1])
    return matches(other, pattern)


def common(one: str, other: str) -> str | None:
    """The pattern of what is of both, which is the narrower of the two; ``None``: nothing is."""
    if covers(one, other):
        return other
    return one if covers(other, one) else None


def _is_prefix(pattern: str) -> bool:
    return pattern.endswith("*")
