"""Balances brought along from another system: a CSV, looked at, approved by two, paid in parts."""
