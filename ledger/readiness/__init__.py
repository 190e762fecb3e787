"""Readiness: up to when each source is known to be complete, and why it is not beyond.

Scoring looks at a source's facts up to its released watermark only, so that nothing is awarded
from partial data, and what is settled for good waits for the watermark of every source that may
state what it is about. A source that never declares a sync is complete as it is.
"""
