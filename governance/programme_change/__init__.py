"""A programme voted in: the registry's event puts the version in force, if we have its file."""
