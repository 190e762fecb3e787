"""Scoring: from facts and programme versions to entitlements, purely.

``project.project`` is the whole of it; ``fold`` takes one fact at a time, ``receipts`` say how each
number came about, ``explain`` why there is none. Settling entitlements in the journal is in
``service`` and ``store``.
"""
