"""Reconciliation: what is in escrow is what the chain owes, at every final block (rule 7)."""
