"""Opening budgets by two persons."""
