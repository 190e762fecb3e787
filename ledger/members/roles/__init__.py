"""The log of who was given which role by whom, and who lost it."""
