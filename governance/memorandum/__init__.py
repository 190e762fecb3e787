"""The memorandum: the community's founding text, its versions, who stands by it, and who speaks up.

A version never changes once it is proposed. Members sign a version exactly; what they sign and
withdraw is a register in which each entry covers those before it. Outsiders read, comment, answer
a few questions and say that they are interested, by a key of their browser.
"""
