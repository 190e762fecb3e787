"""Delegating votes by signature, without paying gas."""
