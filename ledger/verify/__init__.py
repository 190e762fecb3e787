"""The ledger proves itself: every rule of it that can be checked from what is stored."""
