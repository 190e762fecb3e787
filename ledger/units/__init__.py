"""Programmes beside the one whose points are money's worth, each in a unit of its own.

What they award is neither redeemed nor carried anywhere, so it needs no lots and no journal: it is
the projection itself, worked out from the facts when somebody asks.
"""
