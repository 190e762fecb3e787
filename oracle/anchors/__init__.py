"""Heads of the transparency log on chain, where nobody here can change them."""
