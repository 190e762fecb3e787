"""Readiness: up to when each source is known to be complete, and why it is not beyond.

Scoring looks at a source's facts up to its released watermark only, so that nothing is awarded
from partial data. A source that never declares a sync is complete as it is.
"""
