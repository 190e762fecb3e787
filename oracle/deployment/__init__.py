"""Putting the contracts on a chain, and proving that what is there is ours."""
