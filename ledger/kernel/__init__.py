"""What every room stands on: units, time, ids, errors, transactions, outbox, idempotency.

Knows no domain word. Nothing in here imports from a room.
"""
