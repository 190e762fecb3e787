"""Signal polls: counted off chain, secret until they close, and recountable by anybody.

A poll binds nobody. What it says is checked from one file that everybody can have
(``governance/recount/polls.py``), by code that shares nothing with what counts here.
"""
