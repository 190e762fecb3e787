"""Requests of sources that were refused, and why: a short log for admins, bounded and forgotten."""
