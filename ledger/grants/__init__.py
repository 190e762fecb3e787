"""Grants: points given by persons, within a budget, with a second person's approval."""
