"""The journal: one immutable, hash-chained row per transfer, and the balances they add up to."""
