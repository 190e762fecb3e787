"""Web pages that may show members what they have, on behalf of a source: by two persons."""
