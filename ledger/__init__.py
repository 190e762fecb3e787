"""What the community owes its members, and why: facts, programme, scoring, journal, redemption."""
