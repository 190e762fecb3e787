"""Which wallet speaks for which member, now and before."""
