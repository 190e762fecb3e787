"""Who takes part: members, their identities elsewhere, their roles, and one-time links."""
