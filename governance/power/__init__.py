"""Who had tokens and votes when: the token's final events, read beside the indexer."""
