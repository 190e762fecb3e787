"""How others sign and word what they send: verification profiles and mappings to our events.

All pure but ``intake``: bytes, headers and secrets in; events out. Storing is ``ledger.events``'s.
"""
