"""Short-lived tokens with which a page of the school's shows one member what they have."""
