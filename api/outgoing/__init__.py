"""Webhooks that we send: who is told what, signed, and again until it was heard."""
