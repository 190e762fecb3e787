"""The guardian: who may stop the bridge and votes, until when, and doing so with its own key."""
