"""What admins see of facts and sources: lists for people, never read by scoring."""
