"""A member's week on one page: what there was, what moved it and why, what there is."""
