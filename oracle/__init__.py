"""Everything between the ledger and the chain: sender, indexer, bridge, reconciliation."""
