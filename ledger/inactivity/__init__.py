"""What of absent members' points decays: a look each quarter, never without a warning."""
