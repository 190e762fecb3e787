"""Where stored facts meet the fold."""
