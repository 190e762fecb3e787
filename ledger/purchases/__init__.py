"""Members buy from each other for points, and the price is shared by a rule of the programme.

Prices enter only in offers that a source signed. Chooses no lots (``ledger.lots``).
"""
