"""Guest passes: who brought whom, and what both are thanked with. Its budget is its own."""
