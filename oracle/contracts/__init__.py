"""Compiled contracts, the compile driver and the Node tools it needs."""
