"""When what happens: every dated moment of proposals, polls and tasks."""
