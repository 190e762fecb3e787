"""The indexer: events of our contracts, read in order, unwound on a reorg, acted on when final."""
