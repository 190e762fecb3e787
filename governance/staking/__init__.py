"""Points held on projects that somebody wants done first; their weight grows with time."""
