"""Whose turn it is: at most one worker at a time does a periodic job of one name."""
