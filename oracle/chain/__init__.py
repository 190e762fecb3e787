"""What the oracle asks of an EVM chain, and the one adapter that asks it."""
