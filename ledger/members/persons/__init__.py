"""Members who were found to be one person: who stands for whom, and whose rows are one's own."""
