"""Counting votes again from what everybody has. Imports nothing else of ours: that is its use.

Each module is one file that anybody can take away and run with Python alone.
"""
