"""Points become a discount: order → quote → hold → capture → refund (DESIGN 6).

Prices enter only in orders that a source signed. Knows no HTTP; chooses no lots (``ledger.lots``).
"""
