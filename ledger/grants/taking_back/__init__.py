"""Taking back what a grant paid, by two persons."""
