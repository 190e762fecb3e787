"""Lots: what a member holds with one activation and one expiry; spending and returning them."""
