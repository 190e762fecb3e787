"""What members agreed to: the terms of taking part, and what needs a word of its own."""
