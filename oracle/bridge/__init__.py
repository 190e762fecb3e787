"""The bridge: points become tokens by batches out of escrow, burnt tokens become points again."""
