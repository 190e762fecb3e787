"""The watcher: recomputes every batch from the journal and vetoes what it cannot reproduce.

A process of its own with its own key, its own node and read-only access to the database. It trusts
neither the poster's key nor the bridge's own account of what it did.
"""
