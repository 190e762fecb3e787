"""The transparency log over the journal: tree, signed heads, proofs that outsiders can check."""
