"""Facts that look wrong: their awards wait, persons decide, members may appeal."""
