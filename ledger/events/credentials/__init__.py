"""Who may speak in a source's name: secrets and keys, each issued by two persons."""
