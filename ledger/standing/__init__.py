"""Standing, levels and voice: what awards come to beside what can be spent.

Reads awards and nothing else: no lot, no spending, no debt is known here.
"""
