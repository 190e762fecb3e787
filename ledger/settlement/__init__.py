"""Awards settled: what is paid, when it vests, when it expires, and what cannot be paid yet."""
