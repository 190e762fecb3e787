"""The parts of one installation as child processes of one supervisor (`vklad up`).

Knows how parts are started, seen to be healthy and stopped; knows nothing of what they compute.
"""
