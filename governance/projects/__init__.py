"""Work for the community, paid out of a budget that a pool of the school gave."""
