"""How many take part, who votes for whom, and how concentrated the power is."""
