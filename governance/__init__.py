"""Proposals, ballots and delegation, and how a passed vote changes the programme."""
