"""What happened: sources, and the activity events they state, stored once and never changed."""
