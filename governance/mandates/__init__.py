"""What an executed vote orders beyond the chain: a project's budget, points for grants, a text."""
