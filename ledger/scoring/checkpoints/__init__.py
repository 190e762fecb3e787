"""Checkpoints of folds, so that a new event costs little however long the history is."""
