"""Ballots signed by members, carried to the chain in batches, and what became of each."""
