"""Permits: who may move how many of a member's tokens, by the member's signature alone."""
